"""Retrainings as runs on Kubeflow, started once each and followed to their decision."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.errors import PolicyError, TemporaryError
from sevenfold.pipelines.kubeflow.engine import FINAL, Engine
from sevenfold.pipelines.kubeflow.follow import follow
from sevenfold.pipelines.kubeflow.submit import Submission, Submitted, run_folder, submit
from sevenfold.pipelines.result import released
from sevenfold.pipelines.retrain import retraining_plan
from sevenfold.pipelines.stages import pipeline_name
from sevenfold.pipelines.store import Store
from sevenfold.plan.monitoring import Trigger
from sevenfold.runtime.progress import OnMessage
from sevenfold.tables.sources import sources_text

if TYPE_CHECKING:
    from sevenfold.monitoring.retrain.journal import RunEntry
    from sevenfold.plan import Plan

__all__ = ["KubeflowRunner", "require_receivable"]

CLOCKS_SECONDS: Final = 60.0  # by which the clocks of two machines may differ
ELDEST_SECONDS: Final = 7 * 86_400.0  # a run that began before does not end after a decision


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

    def overtaken(self, decided: RunEntry) -> str:
        """Return the run of the plan that ended since the decision and promoted a model; see `Runner`."""
        engine = self.connect()
        for run in self._of_plan(engine, decided.name, not_before=decided.moment - ELDEST_SECONDS):
            since = run.finished_at is not None and run.finished_at.timestamp() >= decided.moment - CLOCKS_SECONDS
            if run.state in FINAL and since:
                ending = self.ending(str(run.run_id))
                if ending is not None and ending[0] == "promoted":
                    return f"Run {run.run_id} has promoted another model meanwhile."
        return ""

    def busy(self, decided: RunEntry) -> str:
        """Return the run of the plan, or of its release, that goes on beside the one decided; see `Runner`."""
        for run in self._of_plan(self.connect(), decided.name, without=FINAL):
            return f"Run {run.run_id} ({run.display_name}) may release a model of {decided.name}: its end is awaited."
        return ""

    def _of_plan(
        self, engine: Engine, name: str, *, without: frozenset[str] = frozenset(), not_before: float = 0.0
    ) -> Iterator[Any]:
        """Yield the runs of a plan's pipelines, newest first, down to one that was created before a moment."""
        wanted, known = {pipeline_name(name, part) for part in ("whole", "release")}, dict[str, bool]()
        for run in engine.runs(without=without):
            if run.created_at.timestamp() < not_before:
                return
            pipeline = getattr(run.pipeline_version_reference, "pipeline_id", None)
            if not pipeline:  # it was started from a file, and is no plan's
                continue
            if pipeline not in known:
                known[pipeline] = str(engine.pipeline(run).display_name) in wanted
            if known[pipeline]:
                yield run

    def start(self, decided: RunEntry) -> str:
        """Submit the plan; raises what `submit` does."""
        plan = self.plans[decided.name]
        asked = replace(
            self.submissions[decided.name],
            title=_title(decided),
            data=self.table(decided.name),
            max_forgetting=plan.retrain.max_forgetting,
        )
        return submit(asked, retraining_plan(plan), self.connect(), self.store, self.on_message).run

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
        if result.state == "failed" and released(sent.folder):
            return "promoted", f"It failed after it had promoted its model: {result.sentence}"
        if result.state == "failed" and _canceled(found):
            return "canceled", f"Run {run} was terminated."
        return result.state, result.sentence

    def terminate(self, run: str) -> None:
        """Ask Kubeflow to end a run.

        Raises:
            TemporaryError: it does not answer, or says no.
        """
        try:
            self.connect().terminate(run)
        except PolicyError as error:
            raise TemporaryError(error.code, error.message, remedy=error.remedy) from error


def _run(engine: Engine, run: str) -> Any:
    """Return a run; None where the endpoint tells of others and not of it. A gateway may say the same of everything."""
    try:
        return engine.run(run)
    except PolicyError:
        if any(str(known.run_id) == run for known in engine.runs()):
            raise
        return None


def _canceled(run: Any) -> bool:
    """Whether somebody has terminated a run: Kubeflow 2.17 tells of one whose pod never started that it failed."""
    return run.state == "CANCELED" or any(one.state == "CANCELING" for one in run.state_history or ())


def _title(decided: RunEntry) -> str:
    return f"{decided.name} retrain {decided.cause}"


if TYPE_CHECKING:
    from sevenfold.monitoring.retrain.retrainer import Runner

    _conforms: type[Runner] = KubeflowRunner
