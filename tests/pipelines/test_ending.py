"""The last lines of a run."""

import io
from pathlib import Path

from rich.console import Console

from sevenfold.pipelines.ending import show_ending
from sevenfold.pipelines.result import Result


def test_the_query_can_be_copied_from_the_console(tmp_path: Path) -> None:
    folder = tmp_path / "flights" / "1"
    (folder / "bundle").mkdir(parents=True)
    console = Console(file=io.StringIO(), width=300)
    show_ending(console, Result(folder=folder, state="promoted", sentence="It holds.", exit_status=0))
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue()
    query = printed[printed.index("curl") :].splitlines()
    assert query[0].endswith("content-type:application/json \\")
    assert query[1].strip() == f"-d @{folder}/bundle/example_request.json"
