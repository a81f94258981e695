"""``python -m sevenfold``: the command line."""

from sevenfold.cli import main

main()
