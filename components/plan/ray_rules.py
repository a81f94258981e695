"""Rules of the sections `ray`: what is said about Ray must be used, and fit together."""

from __future__ import annotations

from collections.abc import Iterator

from sevenfold.plan.column_rules import Breach
from sevenfold.plan.plan import Plan
from sevenfold.plan.preparation import PreparationEngine
from sevenfold.plan.ray import PreparationRaySection, RayClusterSection, RaySection
from sevenfold.plan.training import Device
from sevenfold.plan.tuning import TuningEngine

__all__ = ["ray_breaches"]


def ray_breaches(plan: Plan) -> Iterator[Breach]:
    """Yield what the sections say and their stages would pass over in silence, or could not do."""
    preparation, ray = plan.preparation, plan.tuning.ray
    if preparation.engine is not PreparationEngine.RAY and preparation.ray != PreparationRaySection():
        yield (
            ("preparation", "ray"),
            "belongs to preparation.engine: ray",
            f"engine: {preparation.engine.value}",
            "Write engine: ray, or remove it.",
        )
    if plan.tuning.engine is not TuningEngine.RAY:
        if ray != RaySection():
            yield (
                ("tuning", "ray"),
                "belongs to tuning.engine: ray",
                f"engine: {plan.tuning.engine.value}",
                "Write engine: ray, or remove it.",
            )
    elif ray.cluster.workers:
        yield from _cluster(plan, ray)
    elif ray.cluster != RayClusterSection():
        yield (
            ("tuning", "ray", "cluster", "workers"),
            "says how many pods the cluster has, where anything is said of it",
            "0",
            "Write a number of 1 or more, or remove cluster.",
        )


def _cluster(plan: Plan, ray: RaySection) -> Iterator[Breach]:
    key, cluster = ("tuning", "ray", "cluster"), ray.cluster
    if ray.address:
        yield key, "makes a cluster, and tuning.ray.address names another", repr(ray.address), "Remove one of both."
    if ray.cpu > cluster.whole_cpus:
        yield (
            (*key, "cpu"),
            f"must be enough for a trial, which reserves tuning.ray.cpu: {ray.cpu}",
            repr(cluster.cpu),
            "Raise it, or lower tuning.ray.cpu.",
        )
    if ray.memory_bytes > cluster.memory_bytes:
        yield (
            (*key, "memory"),
            f"must be enough for a trial, which reserves tuning.ray.memory: {ray.memory}",
            repr(cluster.memory),
            "Raise it, or lower tuning.ray.memory.",
        )
    if plan.training.device is Device.CUDA:
        yield key, "makes pods without GPUs", "training.device: cuda", "Write device: cpu, or remove cluster."
