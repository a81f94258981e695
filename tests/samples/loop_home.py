"""A folder with a plan whose model serves, whose loop is looked at as new processes would."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from pathlib import Path

from loop_tables import write_project
from rich.console import Console

from sevenfold.monitoring.retrain.clock import Clock
from sevenfold.monitoring.retrain.decide import Action, Reason
from sevenfold.monitoring.retrain.journal import Entry
from sevenfold.pipelines.local.loop import LocalLoop
from sevenfold.pipelines.local.run import LocalRun, run_locally
from sevenfold.pipelines.local.runner import LocalRunner
from sevenfold.pipelines.view import RunView
from sevenfold.plan import load_plan

HOUR = 3_600.0


@dataclass
class Home:
    """A folder with a plan whose model serves, and a clock that is moved by hand."""

    path: Path
    hours: float = 0.0
    decided: list[Entry] = field(default_factory=list)

    @property
    def plan_path(self) -> Path:
        return self.path / "plan.yaml"

    @property
    def runs(self) -> Path:
        return self.path / "runs"

    def loop(self) -> LocalLoop:
        """A loop as a new process would have it."""
        start = os.path.getmtime(self.plan_path) + HOUR  # after every file was written
        clock = Clock(wall=lambda: start + self.hours * HOUR, monotonic=lambda: self.hours * HOUR)
        console = Console(file=io.StringIO())
        return LocalLoop(self.plan_path, load_plan(self.plan_path), self.runs, console, clock=clock)

    def runner(self) -> LocalRunner:
        plan = load_plan(self.plan_path)
        console = Console(file=io.StringIO())
        return LocalRunner(plan_path=self.plan_path, plan=plan, runs=self.runs, console=console, sources=())

    def run_count(self) -> int:
        return len([entry for entry in (self.runs / "demo").iterdir() if entry.name.isdigit()])


def served_project(path: Path) -> Home:
    home = Home(path)
    plan_path = write_project(home.path)
    wanted = LocalRun(plan_path=plan_path, runs=home.runs)
    result = run_locally(wanted, load_plan(plan_path), RunView(Console(file=io.StringIO())))
    assert result.state == "promoted", result.sentence
    return home


def kinds(entries: list[Entry]) -> list[tuple[Action, Reason]]:
    return [(entry.action, entry.reason) for entry in entries if entry.reason is not Reason.WINDOW]
