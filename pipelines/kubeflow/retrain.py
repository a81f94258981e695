"""Retrainings as runs on Kubeflow, started once each and followed to their decision."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.contracts.errors import PolicyError, TemporaryError
from sevenfold.pipelines.kubeflow.engine import FINAL, Engine
from sevenfold.pipelines.kubeflow.follow import follow
from sevenfold.pipelines.kubeflow.submit import Submission, Submitted, run_folder, submit
from sevenfold.pipelines.retrain import retraining_plan
from sevenfold.pipelines.store import Store
from sevenfold.plan.monitoring import Trigger
from sevenfold.runtime.progress import OnMessage
from sevenfold.tables.sources import sources_text

if TYPE_CHECKING:
    from sevenfold.monitoring.retrain.journal import RunEntry
    from sevenfold.plan import Plan

__all__ = ["KubeflowRunner", "require_receivable"]


def require_receivable(plan: Plan) -> None:
    """Refuse a plan that neither an alert nor a schedule retrains.

    Raises:
        PolicyError: ``nothing_to_receive``.
    """
    if plan.retrain.trigger is Trigger.NONE:
        raise PolicyError(
            "nothing_to_receive",
            f"A plan that is retrained must say by what, but retrain.trigger of {plan.name} is none.",
            remedy="Write retrain: {trigger: drift} or a schedule into the plan, or do not name it here.",
        )


@dataclass(frozen=True, kw_only=True)
class KubeflowRunner:
    """Starts runs on an endpoint (a `monitoring.retrain.retrainer.Runner`).

    Kubeflow knows no key under which a run is started once. So a run's title holds that of its cause, and whoever is
    not sure looks for the title first.

    Args:
        submissions: what to submit, by the plan's name.
        plans: the plans, by name.
        connect: returns the endpoint; called anew for each question, so that one that is away is asked again.
        store: where the stages keep their files.
        runs: folder of what is known of each run here.
        on_message: gets what is sent.
    """

    submissions: dict[str, Submission]
    plans: dict[str, Plan]
    connect: Callable[[], Engine]
    store: Store
    runs: Path
    on_message: OnMessage = lambda text: None

    def find(self, decided: RunEntry) -> str:
        """Return the id of the run whose title holds the cause, or ""."""
        title = _title(decided)
        return next((str(run.run_id) for run in self.connect().runs() if run.display_name == title), "")

    def start(self, decided: RunEntry) -> str:
        """Submit the plan; raises what `submit` does."""
        asked = replace(self.submissions[decided.name], title=_title(decided), data=self.table(decided.name))
        plan = retraining_plan(self.plans[decided.name])
        return submit(asked, plan, self.connect(), self.store, self.on_message).run

    def table(self, name: str) -> str:
        """Return what a retraining reads, as `Submission.data`; "" for the plan's own table, read anew."""
        plan = self.plans[name]
        if not plan.retrain.data:
            return ""
        own = plan.data.sources if plan.retrain.keep_rows else ()
        return sources_text([*own, plan.retrain.data])

    def ending(self, run: str) -> tuple[str, str] | None:
        """Return how a run ended, from what its stages left in the store; None while it goes on.

        Raises:
            TemporaryError: the endpoint does not answer, or lets nobody in: the run goes on without us.
        """
        try:
            engine = self.connect()
            found = _run(engine, run)
        except PolicyError as error:
            raise TemporaryError(error.code, error.message, remedy=error.remedy) from error
        if found is None:
            return "gone", f"Kubeflow does not know run {run} any more."
        if found.state not in FINAL:
            return None
        from rich.console import Console

        from sevenfold.pipelines.view import RunView

        name = str(engine.pipeline(found).display_name)
        sent = Submitted(run, name, run_folder(self.runs / name, run))
        sent.folder.record(run=run, endpoint=engine.endpoint, root=self.store.root, link=engine.link(run))
        result = follow(sent, engine, self.store, RunView(Console(file=io.StringIO())))
        return result.state, result.sentence


def _run(engine: Engine, run: str) -> Any:
    """Return a run; None where the endpoint tells of others and not of it. A gateway may say the same of everything."""
    try:
        return engine.run(run)
    except PolicyError:
        if any(str(known.run_id) == run for known in engine.runs()):
            raise
        return None


def _title(decided: RunEntry) -> str:
    return f"{decided.name} retrain {decided.cause}"


if TYPE_CHECKING:
    from sevenfold.monitoring.retrain.retrainer import Runner

    _conforms: type[Runner] = KubeflowRunner
