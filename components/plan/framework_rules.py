"""Rules of `training.framework`: what each framework can fit, and where."""

from __future__ import annotations

from collections.abc import Iterator

from sevenfold.plan.column_rules import Breach
from sevenfold.plan.plan import Plan
from sevenfold.plan.training import Device, Framework, ModelChoice

__all__ = ["framework_breaches"]


def framework_breaches(plan: Plan) -> Iterator[Breach]:
    """Yield what the plan's framework cannot do: TensorFlow fits networks, on the CPU."""
    training = plan.training
    if training.framework is not Framework.TENSORFLOW:
        return
    if training.model in (ModelChoice.TREES, ModelChoice.LINEAR):
        yield (
            ("training", "model"),
            "training.framework: tensorflow makes a network and nothing else",
            repr(training.model.value),
            "Write model: network, or framework: pytorch, which has every kind of model.",
        )
    if training.device is Device.CUDA:
        yield (
            ("training", "device"),
            "training.framework: tensorflow fits on the CPU",
            repr(training.device.value),
            "Write device: cpu, or framework: pytorch.",
        )
