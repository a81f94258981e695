"""Retrainings as runs of this machine, one after the other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.contracts.registry import LocalRegistry
from sevenfold.contracts.schema import Task
from sevenfold.drift.telemetry import bundle_label
from sevenfold.monitoring.retrain.decide import UNANSWERED
from sevenfold.pipelines.local.processes import end_processes, processes_of
from sevenfold.pipelines.local.run import LocalRun, run_locally
from sevenfold.pipelines.retrain import Retraining, earlier_dataset, require_promoted
from sevenfold.pipelines.runs import RunFolder
from sevenfold.tables.sources import sources_text

if TYPE_CHECKING:
    from rich.console import Console

    from sevenfold.monitoring.retrain.journal import RunEntry
    from sevenfold.plan import Plan

__all__ = ["LocalRunner"]


@dataclass(frozen=True, kw_only=True)
class LocalRunner:
    """Runs retrainings on this machine (a `monitoring.retrain.retrainer.Runner`).

    What is decided brings the files of new rows along, as `details["data"]`: paths from the plan's folder, or absolute
    ones. `sources` are the plan's own, as paths from anywhere or addresses.
    """

    plan_path: Path
    plan: Plan
    runs: Path
    console: Console
    sources: tuple[str, ...]

    def find(self, decided: RunEntry) -> str:
        """Return the run that was made for a cause, whatever became of it."""
        for path in sorted((self.runs / self.plan.name).glob("[0-9]*/run.json")):
            if json.loads(path.read_text()).get("retraining", {}).get("cause") == decided.cause:
                return path.parent.name
        return ""

    def overtaken(self, decided: RunEntry) -> str:
        """Return which model was promoted since the decision; "" where the one that it is about still serves."""
        about, serving = decided.details.get("bundle", ""), bundle_label(require_promoted(self.plan, self.runs).bundle)
        return f"It is about bundle {about}, and {serving} serves." if about and about != serving else ""

    def busy(self, decided: RunEntry) -> str:
        """Return the run of the plan that a person has started and that goes on; "" where there is none."""
        for path in sorted((self.runs / self.plan.name).glob("[0-9]*/run.json")):
            running = json.loads(path.read_text()).get("state") == "running"
            if running and processes_of(path.parent.resolve()):
                return f"Run {path.parent.name} of {decided.name} goes on: its end is awaited."
        return ""

    def start(self, decided: RunEntry) -> str:
        """Run the plan to its end and return the name of its folder; raises what `run_locally` does.

        A run that takes longer than `budget.hours` is ended.
        """
        from sevenfold.pipelines.view import RunView

        own = self.sources if self.plan.retrain.keep_rows else ()
        new = [str(self.plan_path.resolve().parent / path) for path in decided.details["data"]]
        rows = list(dict.fromkeys([*own, *new]))
        earlier = earlier_dataset(self.plan, self.runs)
        retraining = Retraining(cause=decided.cause, earlier=earlier, positive=self._positive())
        wanted = LocalRun(
            plan_path=self.plan_path,
            runs=self.runs,
            data=sources_text(rows),
            retraining=retraining,
            most_seconds=self.plan.budget.hours * 3_600,
        )
        return run_locally(wanted, self.plan, RunView(self.console)).folder.name

    def _positive(self) -> str:
        serving = require_promoted(self.plan, self.runs).bundle
        signature = LocalRegistry(self.runs / self.plan.name / "registry").bundle(serving).signature
        return signature.classes[-1] if signature.task is Task.BINARY else ""

    def ending(self, run: str) -> tuple[str, str]:
        """Return how a run ended; one that was killed never ends otherwise."""
        folder = RunFolder((self.runs / self.plan.name / run).resolve())
        values = folder.values()
        state = str(values.get("state", ""))
        if state in ("", "running"):
            return self._killed(folder)
        sentence = str(values.get("sentence", ""))
        if state in UNANSWERED and self._serves(folder):
            return "promoted", f"It did not finish after it had promoted its model: {sentence}"
        return state, sentence

    def terminate(self, run: str) -> None:
        """End what is left of a run."""
        end_processes((self.runs / self.plan.name / run).resolve())

    def _serves(self, folder: RunFolder) -> bool:
        record = LocalRegistry(self.runs / self.plan.name / "registry").current()
        return record is not None and record.run == folder.path.name

    def _killed(self, folder: RunFolder) -> tuple[str, str]:
        """End what a killed run left behind, and record how far it came."""
        end_processes(folder.path)
        if self._serves(folder):
            state, sentence = "promoted", "The run was killed after it had promoted its model."
        else:
            state, sentence = "interrupted", "The run was killed before its end."
        folder.record(state=state, sentence=sentence)
        return state, sentence


if TYPE_CHECKING:
    from sevenfold.monitoring.retrain.retrainer import Runner

    _conforms: type[Runner] = LocalRunner
