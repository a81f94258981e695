"""The components a lifecycle is made of; a team swaps one by passing another with the same interface."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["MODULES", "Part", "Stages", "pipeline_name"]

Component = Callable[..., Any]
Part = Literal["whole", "build", "release"]

MODULES = {
    "explore_data": "sevenfold.design.component",
    "prepare_data": "sevenfold.preparation.component",
    "tune_model": "sevenfold.tuning.component",
    "train_model": "sevenfold.training.component",
    "test_model": "sevenfold.testing.component",
    "hand_over": "sevenfold.pipelines.kubeflow.handover",
    "deploy_model": "sevenfold.serving.component",
    "judge_canary": "sevenfold.serving.component",
    "monitor_model": "sevenfold.monitoring.component",
}


@dataclass(frozen=True, kw_only=True)
class Stages:
    """One component per step; each left at None is the room's own.

    Example: ``Stages(train_model=our_training)`` keeps everything else. What a component must take and give stands in
    its docstring and is what `sevenfold.pipelines.lifecycle` passes.
    """

    explore_data: Component | None = None
    prepare_data: Component | None = None
    tune_model: Component | None = None
    train_model: Component | None = None
    test_model: Component | None = None
    hand_over: Component | None = None
    deploy_model: Component | None = None
    judge_canary: Component | None = None
    monitor_model: Component | None = None

    def component(self, name: str) -> Component:
        """Return the component of a step: the one given, or the room's own."""
        given: Component | None = getattr(self, name)
        if given is not None:
            return given
        own: Component = getattr(importlib.import_module(MODULES[name]), name)
        return own


def pipeline_name(plan: str, part: Part) -> str:
    """Return the name that a plan's pipeline has on Kubeflow; a release has one of its own."""
    return f"{plan}-release" if part == "release" else plan
