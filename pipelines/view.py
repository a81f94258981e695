"""What a person sees of a local run: a line per stage, the current step, the verdict."""

from __future__ import annotations

import contextlib
import math
import textwrap
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from rich.progress import TaskID

    from sevenfold.report import Report
    from sevenfold.runtime.progress import Progress as Step

__all__ = ["STAGE_LINES", "RunView"]

STAGE_LINES = {
    "explore-data": "1 design",
    "prepare-data": "2 preparation",
    "tune-model": "3 tuning",
    "train-model": "4 training",
    "test-model": "5 testing",
    "deploy-model": "6 inference",
    "judge-canary": "6 inference",
    "monitor-model": "7 monitoring",
}
COLUMNS = 99
INDENT = 17  # of what follows the mark and the stage
MARKS = {"good": "[green]✓[/]", "info": "[green]✓[/]", "warning": "[yellow]![/]", "bad": "[red]✗[/]"}


class RunView:
    """Draws a run on a console; on one that is no terminal only the finished lines are printed.

    Use it as a context manager around the run.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[stage]:<14}"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._running: dict[str, tuple[TaskID, float]] = {}
        self._begun: set[str] = set()

    def __enter__(self) -> RunView:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # the terminal may have gone away
            self._progress.stop()

    def start(self, task: str) -> None:
        """Show that a task began."""
        if task in STAGE_LINES:
            self._begun.add(task)
            bar = self._progress.add_task("starting", total=None, stage=STAGE_LINES[task])
            self._running[task] = (bar, time.monotonic())

    def step(self, step: Step) -> None:
        """Show how far the running task is."""
        for bar, _ in self._running.values():
            self._progress.update(bar, description=step.message, completed=step.done, total=step.total or None)

    def finish(self, task: str, succeeded: bool, report: Report | None, seconds: float | None = None) -> None:
        """Replace a task's bar by its line: mark, stage, headline, seconds.

        Args:
            task: name of the task, which was started.
            succeeded: whether it did.
            report: the one it left; None where it left nothing.
            seconds: how long it took; None takes the time since `start`, NaN says nothing of it.
        """
        if task not in self._running:
            return
        bar, started = self._running.pop(task)
        self._progress.remove_task(bar)
        seconds = time.monotonic() - started if seconds is None else seconds
        mark = MARKS[report.level] if report and succeeded else MARKS["good" if succeeded else "bad"]
        headline = report.headline if report else ("done" if succeeded else "failed")
        took = "" if math.isnan(seconds) else f"{seconds:.0f} s"
        for line in stage_lines(mark, STAGE_LINES[task], headline, took):
            self.console.print(line, highlight=False, soft_wrap=True)

    def skip(self, reason: str) -> None:
        """Print a line for each stage after the last one that began: it does not run, and why."""
        begun = [number for number, task in enumerate(STAGE_LINES) if task in self._begun]
        rest = list(STAGE_LINES.values())[max(begun, default=-1) + 1 :]
        for stage in dict.fromkeys(rest):
            for line in stage_lines("[dim]–[/]", stage, f"Did not run: {reason}.", ""):
                self.console.print(line, highlight=False, soft_wrap=True)


def stage_lines(mark: str, stage: str, headline: str, took: str) -> list[str]:
    """Return a finished stage as rich markup, in lines of less than 100 columns that keep clear of its name."""
    from rich.markup import escape

    lines = textwrap.wrap(headline, COLUMNS - INDENT, break_long_words=False, break_on_hyphens=False) or [""]
    marked = [escape(line) for line in lines]
    if took and len(lines[-1]) + 1 + len(took) <= COLUMNS - INDENT:
        marked[-1] = f"{marked[-1]} [dim]{took}[/]"
    elif took:
        marked.append(f"[dim]{took}[/]")
    first, *more = marked
    return [f"{mark} {stage:<{INDENT - 2}}{first}", *(" " * INDENT + line for line in more)]
