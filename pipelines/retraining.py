"""A retraining: what started it, what it is compared with, and the plan that it runs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from sevenfold.contracts.earlier import Earlier
from sevenfold.plan import Plan
from sevenfold.plan.monitoring import Replay

__all__ = ["Retraining", "retraining_plan"]


class Retraining(BaseModel):
    """The cause of a run, by its key, and the serving model's dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cause: str
    earlier: Earlier


def retraining_plan(plan: Plan) -> Plan:
    """Return the plan for newer rows.

    The dates of a split by time belong to the first table: with them every new row would lie after the test period. So
    a retraining splits by the shares, which puts the newest rows into the test, and has no later rows to replay.
    """
    split, watched = plan.preparation.split, plan.monitoring
    undated = split.model_copy(update={"validation_from": "", "test_from": "", "test_until": ""})
    replay = Replay.TEST if watched.replay is Replay.LATER else watched.replay
    return plan.model_copy(
        update={
            "preparation": plan.preparation.model_copy(update={"split": undated}),
            "monitoring": watched.model_copy(update={"replay": replay}),
        }
    )
