"""Whether a plan that fits on a GPU reserves one for its pods; a machine's own run reserves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sevenfold.pipelines.kubeflow.check import Check
from sevenfold.plan import Plan, StageName
from sevenfold.plan.training import Device

__all__ = ["gpu_checks"]

FITTING: Final[tuple[StageName, ...]] = ("tuning", "training")


def gpu_checks(plan: Plan | None) -> Iterator[Check]:
    """Yield a check for each stage that fits on a GPU; none for a plan whose fits run on the CPU."""
    if plan is None or plan.training.device is not Device.CUDA:
        return
    for stage in FITTING:
        if stage == "tuning" and plan.tuning.trials == 0:
            continue
        wanted = plan.resources.get(stage)
        count = wanted.gpu if wanted is not None else 0
        name, key = f"GPU of {stage}", f"resources.{stage}.gpu"
        if count:
            yield Check(name, True, f"{key} is {count}")
        else:
            found = f"training.device is cuda, but {key} is 0, so its pod would get none"
            yield Check(name, False, found, f"Set {key}: 1, or training.device: cpu", blocking=True)
