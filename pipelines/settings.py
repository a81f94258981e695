"""What each task gets of the plan: its own section and nothing else, as canonical JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from sevenfold.contracts.canonical import canonical_json
from sevenfold.contracts.earlier import Earlier
from sevenfold.contracts.errors import PolicyError
from sevenfold.contracts.schema import Role
from sevenfold.images import image
from sevenfold.pipelines.warm_start import with_warm_start
from sevenfold.plan import DataSection, Plan
from sevenfold.plan.deployment import Runtime
from sevenfold.plan.metrics import default_metric
from sevenfold.plan.preparation import SplitBy
from sevenfold.plan.threshold import scoring_rule, threshold_rule

__all__ = ["stage_settings"]

# A task's inputs come to it as one argument, of which Linux takes 131,072 bytes; the rest is for its artifacts.
MOST_BYTES: Final = 110_000


def stage_settings(plan: Plan, earlier: Earlier | None = None, max_forgetting: float | None = None) -> dict[str, str]:
    """Return the settings of every component by its name.

    A change of a gate changes only what testing gets, or what chooses the threshold too; a change of an alert limit
    only what monitoring gets. So a cached run repeats no more than it must. Of columns only what is not a default is
    passed: the engine keeps a dozen copies of every task's settings, and no more than a megabyte of a run that it can
    report. Everything else is passed in full, so that an image of another version does what the plan's version says.

    Args:
        plan: the plan.
        earlier: the serving model's dataset, for a retraining; preparation and testing get it.
        max_forgetting: of a retraining on a cluster, where testing itself asks which model serves by then.

    Raises:
        PolicyError: ``settings_too_large``.
        DataError, IntegrityError: as `with_warm_start`.
    """
    plan = with_warm_start(plan, Path())
    before = {} if earlier is None else {"earlier": earlier}
    asked = {} if max_forgetting is None else {"max_forgetting": max_forgetting}
    metric = plan.testing.metric or default_metric(plan.data.task)
    rule = threshold_rule(plan.testing, plan.data.task)
    scored_by = scoring_rule(rule, metric)
    times = [name for name, column in plan.data.columns.items() if column.role is Role.TIME]
    settings = {
        "explore_data": _json(data=plan.data, refine=plan.refine, design=plan.design, split=plan.preparation.split),
        "prepare_data": _json(
            data=plan.data,
            refine=plan.refine,
            preparation=plan.preparation,
            max_features=plan.monitoring.max_features,
            **before,
        ),
        "tune_model": _json(
            tuning=plan.tuning,
            training=plan.training,
            metric=metric,
            **({} if scored_by is None else {"threshold": scored_by}),
        ),
        "train_model": _json(
            training=plan.training,
            name=plan.name,
            metric=metric,
            plan_digest=plan.model_digest,
            **({} if rule is None else {"threshold": rule}),
        ),
        "test_model": _json(
            testing=plan.testing,
            name=plan.name,
            deployment=plan.deployment,
            allow_leakage=list(plan.data.allow_leakage),
            **before,
            **asked,
        ),
        "deploy_model": _json(deployment=plan.deployment, name=plan.name, image=_predictor_image(plan)),
        "judge_canary": _json(deployment=plan.deployment, name=plan.name, prometheus=plan.monitoring.prometheus),
        "monitor_model": _json(
            monitoring=plan.monitoring,
            service_level=plan.deployment.service_level,
            name=plan.name,
            time_column=plan.preparation.split.column if plan.preparation.split.column in times else "".join(times[:1]),
            in_time_order=plan.preparation.split.by is SplitBy.TIME,
        ),
    }
    for task, text in settings.items():
        _require_size(task, len(json.dumps(text).encode()))
    return settings


def _require_size(task: str, size: int) -> None:
    if size > MOST_BYTES:
        raise PolicyError(
            "settings_too_large",
            f"What {task} gets of the plan must have at most {MOST_BYTES:,} bytes, but has {size:,}: "
            "it is passed as one argument.",
            remedy="Shorten what data.columns says: notes, categories and ranges that the stages need not know.",
        )


def _predictor_image(plan: Plan) -> str:
    """Return the image that the plan names for our predictor; "" leaves it to the cluster's ServingRuntime."""
    if plan.deployment.runtime is not Runtime.SEVENFOLD:
        return ""
    if plan.images.serve or not plan.images.registry:
        return plan.images.serve
    return image("serve", plan.images.registry)


def _json(**parts: BaseModel | str | float | list[str]) -> str:
    return canonical_json({name: _dumped(part) for name, part in parts.items()})


def _dumped(part: BaseModel | str | float | list[str]) -> object:
    if not isinstance(part, BaseModel):
        return part
    values = part.model_dump(mode="json")
    if isinstance(part, DataSection):
        values["columns"] = {
            name: column.model_dump(mode="json", exclude_defaults=True) for name, column in part.columns.items()
        }
    return values
