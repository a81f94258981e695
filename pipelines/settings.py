"""What each task gets of the plan: its own section and nothing else, as canonical JSON."""

from __future__ import annotations

from sevenfold.contracts.canonical import canonical_json
from sevenfold.contracts.columns import Role
from sevenfold.contracts.scores import default_metric
from sevenfold.images import image
from sevenfold.plan import Plan, Section
from sevenfold.plan.deployment import Runtime

__all__ = ["stage_settings"]


def stage_settings(plan: Plan) -> dict[str, str]:
    """Return the settings of every component by its name.

    A change of a gate changes only what testing gets, a change of an alert limit only what monitoring gets, so a
    cached run repeats no more than it must.
    """
    metric = plan.testing.metric or default_metric(plan.data.task)
    times = [name for name, column in plan.data.columns.items() if column.role is Role.TIME]
    return {
        "explore_data": _json(data=plan.data, design=plan.design),
        "prepare_data": _json(
            data=plan.data,
            refine=plan.refine,
            preparation=plan.preparation,
            max_features=plan.monitoring.max_features,
        ),
        "tune_model": _json(tuning=plan.tuning, training=plan.training, metric=metric),
        "train_model": _json(training=plan.training, name=plan.name, metric=metric, plan_digest=plan.model_digest),
        "test_model": _json(testing=plan.testing, name=plan.name, deployment=plan.deployment),
        "deploy_model": _json(deployment=plan.deployment, name=plan.name, image=_predictor_image(plan)),
        "judge_canary": _json(deployment=plan.deployment, name=plan.name, prometheus=plan.monitoring.prometheus),
        "monitor_model": _json(
            monitoring=plan.monitoring,
            service_level=plan.deployment.service_level,
            name=plan.name,
            time_column=plan.preparation.split.column if plan.preparation.split.column in times else "".join(times[:1]),
        ),
    }


def _predictor_image(plan: Plan) -> str:
    """Return the image that the plan names for our predictor; "" leaves it to the cluster's ServingRuntime."""
    if plan.deployment.runtime is not Runtime.SEVENFOLD:
        return ""
    if plan.images.serve or not plan.images.registry:
        return plan.images.serve
    return image("serve", plan.images.registry)


def _json(**parts: Section | str | int) -> str:
    dumped = {name: part.model_dump(mode="json") if isinstance(part, Section) else part for name, part in parts.items()}
    return canonical_json(dumped)
