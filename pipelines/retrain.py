"""Run a plan again on newer rows of this machine, gated by the model that serves."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.contracts.earlier import Earlier
from sevenfold.contracts.errors import DataError, PolicyError
from sevenfold.contracts.registry import LocalRegistry
from sevenfold.pipelines.local.run import LocalRun, run_locally
from sevenfold.pipelines.retraining import Retraining
from sevenfold.pipelines.runs import RunFolder
from sevenfold.tables.sources import sources_text

if TYPE_CHECKING:
    from rich.console import Console

    from sevenfold.monitoring.retrain.journal import RunEntry
    from sevenfold.plan import Plan

__all__ = ["LocalRunner", "earlier_dataset", "serving_run"]


def serving_run(plan: Plan, runs: Path) -> RunFolder:
    """Return the folder of the run whose model serves.

    Raises:
        PolicyError: ``nothing_promoted``.
    """
    record = LocalRegistry(runs / plan.name / "registry").current()
    if record is None:
        raise PolicyError(
            "nothing_promoted",
            f"A model of {plan.name!r} must serve before it can be trained anew, but none was promoted.",
            remedy="Run the plan first: sevenfold run PLAN.YAML",
        )
    return RunFolder((runs / plan.name / record.run).resolve())


def earlier_dataset(plan: Plan, runs: Path) -> Earlier:
    """Return the dataset of the serving model, as the registry names it.

    Raises:
        PolicyError: ``nothing_promoted``.
        DataError: ``no_earlier_dataset`` where it is gone, or is not the one that was recorded.
    """
    folder, record = serving_run(plan, runs), LocalRegistry(runs / plan.name / "registry").current()
    kept = folder.artifact("prepare-data", "dataset")
    digest = record.digests.get("dataset", "") if record is not None else ""
    if kept is None or not digest:
        raise DataError(
            "no_earlier_dataset",
            f"A retraining is compared on the serving model's rows, but run {folder.path.name} has none any more.",
            remedy="Put the run's folder back, or run the plan by hand: sevenfold run PLAN.YAML",
        )
    return Earlier(dataset=str(kept), digest=digest, max_forgetting=plan.retrain.max_forgetting)


@dataclass(frozen=True, kw_only=True)
class LocalRunner:
    """Runs retrainings on this machine, one after the other (a `monitoring.retrain.Runner`).

    What is decided brings the files of new rows along, as `details["data"]`.
    """

    plan_path: Path
    plan: Plan
    runs: Path
    console: Console
    sources: tuple[str, ...] = field(default=())  # of the plan's own table, as paths from anywhere

    def find(self, decided: RunEntry) -> str:
        """Return the run that was made for a cause, whatever became of it."""
        for path in sorted((self.runs / self.plan.name).glob("[0-9]*/run.json")):
            if json.loads(path.read_text()).get("retraining", {}).get("cause") == decided.cause:
                return path.parent.name
        return ""

    def start(self, decided: RunEntry) -> str:
        """Run the plan to its end and return the name of its folder; raises what `run_locally` does."""
        from sevenfold.pipelines.view import RunView

        rows = [*(self.sources if self.plan.retrain.keep_rows else ()), *decided.details["data"]]
        retraining = Retraining(cause=decided.cause, earlier=earlier_dataset(self.plan, self.runs))
        wanted = LocalRun(plan_path=self.plan_path, runs=self.runs, data=sources_text(rows), retraining=retraining)
        return run_locally(wanted, self.plan, RunView(self.console)).folder.name

    def ending(self, run: str) -> tuple[str, str]:
        """Return how a run ended; one that was killed never ends otherwise."""
        values = RunFolder(self.runs / self.plan.name / run).values()
        state = str(values.get("state", ""))
        if state in ("", "running"):
            return "interrupted", "The run was killed before its end."
        return state, str(values.get("sentence", ""))


if TYPE_CHECKING:
    from sevenfold.monitoring.retrain.retrainer import Runner

    _conforms: type[Runner] = LocalRunner
