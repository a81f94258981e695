"""``python -m sevenfold``: the command line."""

from sevenfold.cli.main import main

main()
