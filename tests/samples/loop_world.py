"""A loop whose Kubeflow and clock are a test's to move: real decisions and a real journal, and no network."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sevenfold.contracts.errors import SevenfoldError, TemporaryError
from sevenfold.monitoring.retrain.cause import Cause
from sevenfold.monitoring.retrain.clock import Clock
from sevenfold.monitoring.retrain.decide import Action, Reason, Rules
from sevenfold.monitoring.retrain.journal import Entry, Journal, RunEntry
from sevenfold.monitoring.retrain.retrainer import Retrainer
from sevenfold.plan.monitoring import RetrainSection, Trigger

HOUR = 3_600.0
NAME = "flights"
SECTION = RetrainSection(trigger=Trigger.DRIFT, cooldown_hours=24, max_runs_per_day=9)


@dataclass
class LoopWorld:
    """What is outside of the process: time, and a Kubeflow that does as it is told."""

    path: Path
    section: RetrainSection = SECTION
    hours: float = 24.0
    true: float = 1_800_000_000.0
    clock_error: float = 0.0
    away: bool = False
    refuses: SevenfoldError | None = None
    releasing: str = ""
    promoted: str = ""
    started: list[str] = field(default_factory=list)
    endings: dict[str, tuple[str, str]] = field(default_factory=dict)
    terminated: list[str] = field(default_factory=list)
    ends_when_told: bool = True

    def process(self) -> Retrainer:
        """The loop as a new process has it."""
        journal = Journal(self.path)
        clock = Clock(
            journal.latest(), wall=lambda: self.true + self.clock_error, monotonic=lambda: self.true - 1_700_000_000.0
        )
        return Retrainer(journal, {NAME: Rules(name=NAME, section=self.section, hours=self.hours)}, self, clock=clock)

    def drift(self, *keys: str, bundle: str = "b1") -> tuple[Action, Reason]:
        """Hear of drift, in a process of its own, which then works; return what was decided."""
        process = self.process()
        evidence = f"{' and '.join(keys)} drifted"
        decided = process.take(Cause(name=NAME, keys=keys, since=self.true - 60, evidence=evidence, bundle=bundle))
        assert decided is not None
        process.work()
        return decided.action, decided.reason

    def entries(self) -> list[Entry]:
        return Journal(self.path).entries(NAME)

    def kinds(self) -> list[tuple[Action, Reason]]:
        return [(entry.action, entry.reason) for entry in self.entries()]

    # a Runner
    def find(self, decided: RunEntry) -> str:
        self._ask()
        return decided.cause if decided.cause in self.started else ""

    def busy(self, decided: RunEntry) -> str:
        self._ask()
        return self.releasing

    def overtaken(self, decided: RunEntry) -> str:
        return self.promoted

    def start(self, decided: RunEntry) -> str:
        if self.refuses is not None:
            raise self.refuses
        self.started.append(decided.cause)
        return decided.cause

    def ending(self, run: str) -> tuple[str, str] | None:
        self._ask()
        return self.endings.get(run)

    def terminate(self, run: str) -> None:
        self._ask()
        self.terminated.append(run)
        if self.ends_when_told:
            self.endings[run] = ("canceled", "It was terminated.")

    def _ask(self) -> None:
        if self.away:
            raise TemporaryError("away", "Kubeflow does not answer.")
