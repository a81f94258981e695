"""The retrainer: takes causes, keeps its word across restarts, and starts each decided run once."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol

from sevenfold.contracts.errors import SevenfoldError
from sevenfold.monitoring.retrain.acknowledgement import acknowledge
from sevenfold.monitoring.retrain.aftermath import what_follows
from sevenfold.monitoring.retrain.cause import Cause
from sevenfold.monitoring.retrain.clock import Clock, clock_of
from sevenfold.monitoring.retrain.decide import (
    FAILED,
    NEVER_RAN,
    UNANSWERED,
    Action,
    Decision,
    History,
    Reason,
    Rules,
    decide,
)
from sevenfold.monitoring.retrain.journal import STOPPING, Journal, RunEntry
from sevenfold.monitoring.retrain.schedule import due_cause

__all__ = ["Retrainer", "Runner"]

SOONER_SECONDS: Final = 5.0  # by which Kubeflow's count of a run's time may be ahead of ours


class Runner(Protocol):
    """Where retrainings run."""

    def find(self, decided: RunEntry) -> str:
        """Return the name of the run that was started for a decision, also by a process that is gone; else ""."""

    def overtaken(self, decided: RunEntry) -> str:
        """Return why a run that was decided and not started is for nothing: another model was promoted since; else "".

        Raises:
            TemporaryError: nobody can tell now.
        """

    def busy(self, decided: RunEntry) -> str:
        """Return what releases another model of the plan at this moment, in words; "" where nothing does.

        Raises:
            TemporaryError: nobody can tell now.
        """

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

    def terminate(self, run: str) -> None:
        """Have a run ended; asked again until it is.

        Raises:
            TemporaryError: it cannot be asked now.
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
        self.clock = clock or clock_of(journal)

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

    def acknowledge(self, name: str, *, who: str, reason: str) -> Decision:
        """Record that a person has seen why one was called; raises what `acknowledge` does."""
        return acknowledge(self.journal, name, who=who, reason=reason, now=self.clock.now())

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
        state, said = FAILED, "It could not be started"
        try:
            if not run.run and run.name not in self.rules:
                return [f"a retraining of {run.name!r} is decided, whose plan is not among those that are given"]
            if not run.run:
                waits = self._begin(run)
                if waits is not None:
                    return waits
                run = next(one for one in self.journal.runs(run.name) if one.decision == run.decision)
            state, said = "unknown", "Nobody can tell how it ended"
            ending = self._runner.ending(run.run)
            if ending is None:
                return self._limit(run)
        except SevenfoldError as error:
            if error.retryable:
                return [str(error)]
            ending = state, f"{said} ({error.code}): {error}"
        self._end(run, *ending)
        return []

    def _begin(self, run: RunEntry) -> list[str] | None:
        """Start a run; return why it was not started, as `_try` does, and None where it was."""
        # a process that was killed may have started it and not lived to write so
        name = self._runner.find(run)
        if not name:
            busy = self._runner.busy(run)
            if busy:
                self.journal.waits(run, Decision(Action.SUPPRESS, Reason.RELEASING, busy), self.clock.now())
                return [busy]
            overtaken = self._runner.overtaken(run)
            if overtaken:
                self._end(run, NEVER_RAN, overtaken)
                return []
            name = self._runner.start(run)
        self.journal.started(run.decision, name, self.clock.now())
        return None

    def _limit(self, run: RunEntry) -> list[str]:
        """Have a run terminated that takes longer than its plan allows, and call a person, once."""
        hours = self.rules[run.name].hours if run.name in self.rules else math.inf
        now = self.clock.now()
        began = run.moment if run.began is None else run.began
        if run.state != STOPPING and now - began <= hours * 3_600:
            return []
        went = f"Run {run.run} has gone on for {(now - began) / 3_600:.1f} hours"
        sentence = f"{went}, and budget.hours allows {hours:g}: it is terminated."
        self.journal.stopping(run, Decision(Action.PAGE, Reason.OVERDUE, sentence), now)
        self._runner.terminate(run.run)
        return []

    def _end(self, run: RunEntry, state: str, sentence: str) -> None:
        rules, now = self.rules.get(run.name), self.clock.now()
        # Kubeflow has the same limit, and may be the first to end it
        limit = math.inf if rules is None or run.began is None else run.began + rules.hours * 3_600 - SOONER_SECONDS
        if state in UNANSWERED and (run.state == STOPPING or (state == FAILED and now >= limit)):
            state = "overdue"
        self.journal.ended(run, state, partial(what_follows, state, sentence, rules), now)


def _made(cause: Cause, history: History, *, rules: Rules, now: float, wall: float, serving: str) -> Decision:
    return decide(cause, history, rules, now=now, wall=wall, serving=serving)
