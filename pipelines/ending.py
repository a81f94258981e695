"""The last lines of a run: what the score is worth, the verdict, and what to do next."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import typer

from sevenfold.pipelines.next_steps import COLUMNS, near
from sevenfold.pipelines.result import Result
from sevenfold.report.model import Step

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["left_running", "show_ending"]

COLOURS: Final = {"promoted": "green", "waiting": "yellow", "refused": "red", "rolled back": "red", "failed": "red"}
INDENT: Final = 11  # of what follows a label


@contextlib.contextmanager
def left_running(run: Callable[[], str]) -> Iterator[None]:
    """Let a run that is followed go on after Ctrl-C, and say how to come back to it.

    Args:
        run: gives the name by which `sevenfold follow` finds it.

    Raises:
        typer.Exit: with status 1, after Ctrl-C.
    """
    try:
        yield
    except KeyboardInterrupt:
        message = f"no longer followed; the run goes on. Come back with: sevenfold follow {run()}"
        typer.secho(message, fg="yellow", err=True)
        raise typer.Exit(1) from None


def show_ending(console: Console, result: Result) -> None:
    """Print the score beside those of plain models, the verdict, the report and the next steps.

    Lines have less than 100 columns but for what is copied.
    """
    from rich.text import Text

    colour = COLOURS.get(result.state, "yellow")
    sentence = result.sentence
    if sentence.lower().startswith(repeated := f"{result.state}: "):  # a verdict's own sentence begins with it
        sentence = sentence[len(repeated) :]
    first, *more = _wrapped(sentence, COLUMNS - len(result.state) - 2, COLUMNS - INDENT)
    console.print()
    for number, line in enumerate(result.score):
        _print(console, Text(line, style="bold" if number == 1 else ""))
    for warning in result.warnings:
        for number, line in enumerate(_wrapped(warning, COLUMNS - 2, COLUMNS - 2)):
            _print(console, Text.assemble(("  " if number else "! ", "yellow"), line))
    _print(console, Text.assemble((result.state, f"bold {colour}"), f"  {first}"))
    for line in more:
        _print(console, Text(" " * INDENT + line))
    report = [Step("report", near(result.report), verbatim=True)] if result.report else []
    last = len(result.steps) if result.state in ("refused", "rolled back", "failed") else 0
    width, before = COLUMNS - INDENT, ""
    for step in (*result.steps[:last], *report, *result.steps[last:]):
        lines = step.text.splitlines() if step.verbatim else _wrapped(step.text, width, width)
        for line in lines:
            label = "" if step.label == before else step.label
            _print(console, Text.assemble("  ", (f"{label:<{INDENT - 2}}", "dim"), line))
            before = step.label


def _wrapped(text: str, first: int, others: int) -> list[str]:
    """Break a text into lines, the first of them of its own width; a word that is too long stays whole."""
    options = {"break_long_words": False, "break_on_hyphens": False}
    lead = " " * max(others - first, 0)
    lines = textwrap.wrap(text, others, initial_indent=lead, **options) or [lead]  # type: ignore[arg-type]
    return [lines[0][len(lead) :], *lines[1:]]


def _print(console: Console, text: object) -> None:
    console.print(text, highlight=False, soft_wrap=True)
