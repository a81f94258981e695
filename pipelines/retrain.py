"""Retrain: run a plan again on newer rows, compared with the model that serves; what starts it is not decided here."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from sevenfold.contracts.earlier import Earlier
from sevenfold.contracts.errors import DataError, PolicyError
from sevenfold.contracts.registry import LocalRegistry, Record
from sevenfold.pipelines.runs import RunFolder
from sevenfold.plan import Plan
from sevenfold.plan.monitoring import Replay, Trigger

__all__ = ["Retraining", "earlier_dataset", "require_promoted", "require_watchable", "retraining_plan"]


class Retraining(BaseModel):
    """The cause of a run, by its key, the serving model's dataset, and its positive class, "" where it has none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cause: str
    earlier: Earlier
    positive: str = ""


def retraining_plan(plan: Plan, positive: str = "") -> Plan:
    """Return the plan for newer rows.

    The rarer class of newer rows may be the other one. A model that took it as positive could not be compared with the
    one that serves, and its clients would read it the wrong way round: so that one's positive class is kept.

    The dates of a split by time belong to the first table: with them every new row would lie after the test period. So
    a retraining splits by the shares, which puts the newest rows into the test, and has no later rows to replay.

    Args:
        plan: as a person wrote it.
        positive: of the serving model; "" leaves it to the plan, and to the rows.
    """
    split, watched = plan.preparation.split, plan.monitoring
    undated = split.model_copy(update={"validation_from": "", "test_from": "", "test_until": ""})
    replay = Replay.TEST if watched.replay is Replay.LATER else watched.replay
    return plan.model_copy(
        update={
            "preparation": plan.preparation.model_copy(update={"split": undated}),
            "monitoring": watched.model_copy(update={"replay": replay}),
            "data": plan.data.model_copy(update={"positive": plan.data.positive or positive}),
        }
    )


def require_promoted(plan: Plan, runs: Path) -> Record:
    """Return the record of the model that serves.

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
    return record


def require_watchable(plan: Plan) -> None:
    """Refuse a plan that no loop on one machine can watch.

    Raises:
        PolicyError: ``nothing_to_watch``.
    """
    if plan.retrain.trigger is Trigger.NONE or not plan.retrain.data:
        raise PolicyError(
            "nothing_to_watch",
            "A plan that is watched must say which rows are new, but retrain.trigger is "
            f"{plan.retrain.trigger.value} and retrain.data is {plan.retrain.data!r}.",
            remedy="Write retrain: {trigger: drift, data: 'new/*.csv'} into the plan.",
        )


def earlier_dataset(plan: Plan, runs: Path) -> Earlier:
    """Return the dataset of the serving model, as the registry names it.

    Raises:
        PolicyError: ``nothing_promoted``.
        DataError: ``no_earlier_dataset`` where it is gone, or is not the one that was recorded.
    """
    record = require_promoted(plan, runs)
    folder = RunFolder((runs / plan.name / record.run).resolve())
    kept = folder.artifact("prepare-data", "dataset")
    digest = record.digests.get("dataset", "")
    if kept is None or not digest:
        raise DataError(
            "no_earlier_dataset",
            f"A retraining is compared on the serving model's rows, but run {folder.path.name} has none any more.",
            remedy="Put the run's folder back, or run the plan by hand: sevenfold run PLAN.YAML",
        )
    return Earlier(dataset=str(kept), digest=digest, max_forgetting=plan.retrain.max_forgetting)
