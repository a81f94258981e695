"""The retrainer: takes causes, keeps its word across restarts, and starts each decided run once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from sevenfold.contracts.errors import SevenfoldError
from sevenfold.monitoring.retrain.cause import Cause
from sevenfold.monitoring.retrain.clock import Clock
from sevenfold.monitoring.retrain.decide import Action, Decision, History, Reason, Rules, decide
from sevenfold.monitoring.retrain.journal import Journal, RunEntry
from sevenfold.monitoring.retrain.schedule import due_cause

__all__ = ["Retrainer", "Runner"]


class Runner(Protocol):
    """Where retrainings run."""

    def find(self, decided: RunEntry) -> str:
        """Return the name of the run that was started for a decision, also by a process that is gone; else ""."""

    def start(self, decided: RunEntry) -> str:
        """Start a run and return its name; whoever looks for it by its cause finds it from now on.

        Raises:
            TemporaryError: it cannot be started now; it is tried again.
            SevenfoldError: it never can.
        """

    def ending(self, run: str) -> tuple[str, str] | None:
        """Return how a run ended (promoted, waiting, refused …) and a sentence; None while it goes on.

        Raises:
            TemporaryError: nobody can tell now; the run is taken to go on.
            SevenfoldError: nobody ever can.
        """


class Retrainer:
    """Decides about causes and starts what was decided.

    `take` returns once the decision is on disk, and starts nothing. `work` starts what is decided and looks at what
    runs; it may be killed at any point and called again by another process.

    Args:
        journal: where decisions are kept.
        rules: by the plan's name.
        runner: where retrainings run.
        clock: time; None continues from the last moment of the journal.
        serving: returns the label of the bundle that a plan's service serves; "" where it is not known.
    """

    def __init__(
        self,
        journal: Journal,
        rules: dict[str, Rules],
        runner: Runner,
        *,
        clock: Clock | None = None,
        serving: Callable[[str], str] = lambda name: "",
    ) -> None:
        self.journal, self.rules, self._runner, self._serving = journal, rules, runner, serving
        self.clock = clock or Clock(journal.latest())

    def take(self, cause: Cause, details: dict[str, Any] | None = None) -> Decision | None:
        """Decide about a cause; the decision is on disk when this returns. None where the plan is not ours.

        Raises:
            TemporaryError: ``journal_busy``; nothing was decided.
        """
        rules = self.rules.get(cause.name)
        if rules is None:
            return None
        serving, now = self._serving(cause.name), self.clock.now()
        make = partial(_made, cause, rules=rules, now=now, wall=self.clock.wall(), serving=serving)
        return self.journal.decide(cause, make, now, details)

    def tick(self) -> None:
        """Decide about every schedule's last tick, once; raises what `take` does."""
        for rules in self.rules.values():
            cause = self.due(rules.name)
            if cause is not None:
                self.take(cause)

    def due(self, name: str) -> Cause | None:
        """Return the cause of a plan's last tick where it is not decided yet; see `due_cause`."""
        return due_cause(self.journal, self.rules[name], self.clock)

    def resolve(self, cause: Cause) -> Decision | None:
        """Note that a cause is over; a run that was decided for it goes on."""
        return self.note(cause, Decision(Action.NOTE, Reason.RESOLVED, f"It is over: {cause.evidence}."))

    def note(self, cause: Cause, noted: Decision) -> Decision | None:
        """Put on record what was seen and asks for nothing."""
        if cause.name not in self.rules:
            return None
        return self.journal.decide(cause, lambda _: noted, self.clock.now())

    def work(self) -> list[str]:
        """Start what is decided, record what has ended; return what could not be done now, in words.

        What is wrong with one run keeps no other from its turn.
        """
        faults, unexpected = list[str](), list[Exception]()
        with self.journal.sole_worker():
            for run in self.journal.unfinished():
                try:
                    faults += self._try(run)
                except Exception as error:  # raised below
                    unexpected.append(error)
        if unexpected:
            raise unexpected[0]
        return faults

    def _try(self, run: RunEntry) -> list[str]:
        """Work on a run; return why it must be tried again, nothing where it need not."""
        said = "It could not be started"
        try:
            if not run.run and run.name not in self.rules:
                return [f"a retraining of {run.name!r} is decided, whose plan is not among those that are given"]
            name = run.run or self._started(run)
            said = "Nobody can tell how it ended"
            ending = self._runner.ending(name)
        except SevenfoldError as error:
            if error.retryable:
                return [str(error)]
            ending = "failed", f"{said} ({error.code}): {error}"
        if ending is not None:
            self._end(run, *ending)
        return []

    def _started(self, run: RunEntry) -> str:
        # a process that was killed may have started it and not lived to write so
        name = self._runner.find(run) or self._runner.start(run)
        self.journal.started(run.decision, name)
        return name

    def _end(self, run: RunEntry, state: str, sentence: str) -> None:
        self.journal.ended(run, state, _after(state, sentence), self.clock.now())


def _made(cause: Cause, history: History, *, rules: Rules, now: float, wall: float, serving: str) -> Decision:
    return decide(cause, history, rules, now=now, wall=wall, serving=serving)


def _after(state: str, sentence: str) -> Decision:
    """Return what follows from a run's end: where no better model came of it the cause stays, and a person looks."""
    if state == "promoted":
        return Decision(Action.NOTE, Reason.PROMOTED, f"A better model serves. {sentence}")
    if state == "waiting":
        return Decision(Action.PAGE, Reason.WAITING, f"A candidate waits for approval. {sentence}")
    if state in ("refused", "rolled back"):
        return Decision(Action.PAGE, Reason.NOT_PROMOTED, f"The old model stays. {sentence}")
    return Decision(Action.PAGE, Reason.NOT_FINISHED, f"The old model stays. {sentence}")
