"""The last lines of a run: the verdict, the report, and how to serve and query the model again."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.pipelines.result import Result
from sevenfold.pipelines.runs import RunFolder

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["show_ending"]

COLOURS = {"promoted": "green", "waiting": "yellow", "refused": "red", "rolled back": "red", "failed": "red"}


def show_ending(console: Console, result: Result) -> None:
    """Print verdict, report and the next commands; paths are relative to the working folder where they can be."""
    from rich.markup import escape
    from rich.text import Text

    def line(label: str, text: str) -> None:
        console.print(Text.assemble("  ", (f"{label:<9}", "dim"), text), highlight=False, soft_wrap=True)

    colour = COLOURS.get(result.state, "yellow")
    console.print(f"\n[bold {colour}]{result.state}[/]  {escape(result.sentence)}", highlight=False, soft_wrap=True)
    folder = _near(result.folder)
    if result.report:
        line("report", _near(result.report))
    if (result.folder / "bundle").exists():
        bundle = f"{folder}/bundle"
        line("serve", f"{_command()} serve {bundle}")
        url = f"localhost:8080/v1/models/{result.folder.parent.name}:predict"
        line("query", f"curl -s {url} -H content-type:application/json \\")
        line("", f"  -d @{bundle}/example_request.json")
    if result.state in ("failed", "interrupted"):
        error = RunFolder(result.folder).error() or {}
        if error.get("task"):
            line("task", str(error["task"]))
        if error.get("pod"):
            line("pod", str(error["pod"]))
        if error.get("link"):
            line("run", str(error["link"]))
        line("log", f"{folder}/log.txt")


def _command() -> str:
    """Return what starts this command line from here: its name where the shell finds it, else its path."""
    return "sevenfold" if shutil.which("sevenfold") else _near(Path(sys.argv[0]).absolute())


def _near(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
