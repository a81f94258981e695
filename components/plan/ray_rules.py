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
    preparation, tuning = plan.preparation, plan.tuning
    yield from _place("preparation", preparation.engine, preparation.ray, "task")
    yield from _place("tuning", tuning.engine, tuning.ray, "trial")
    if tuning.engine is TuningEngine.RAY and tuning.ray.cluster.workers:
        yield from _trials(plan, tuning.ray)


def _place(
    stage: str,
    engine: PreparationEngine | TuningEngine,
    ray: PreparationRaySection | RaySection,
    work: str,
) -> Iterator[Breach]:
    """Yield what is wrong with where a stage's Ray runs, whatever the stage is."""
    if engine.value != "ray":
        if ray != type(ray)():
            yield (
                (stage, "ray"),
                f"belongs to {stage}.engine: ray",
                f"engine: {engine.value}",
                "Write engine: ray, or remove it.",
            )
        return
    key, cluster = (stage, "ray", "cluster"), ray.cluster
    if not cluster.workers:
        if cluster != RayClusterSection():
            yield (
                (*key, "workers"),
                "says how many pods the cluster has, where anything is said of it",
                "0",
                "Write a number of 1 or more, or remove cluster.",
            )
        return
    if ray.address:
        yield key, f"makes a cluster, and {stage}.ray.address names another", repr(ray.address), "Remove one of both."
    if ray.cpu > cluster.whole_cpus:
        yield (
            (*key, "cpu"),
            f"must be enough for a {work}, which reserves {stage}.ray.cpu: {ray.cpu}",
            repr(cluster.cpu),
            f"Raise it, or lower {stage}.ray.cpu.",
        )


def _trials(plan: Plan, ray: RaySection) -> Iterator[Breach]:
    """Yield what a cluster that is made for trials cannot give them."""
    key, cluster = ("tuning", "ray", "cluster"), ray.cluster
    if ray.memory_bytes > cluster.memory_bytes:
        yield (
            (*key, "memory"),
            f"must be enough for a trial, which reserves tuning.ray.memory: {ray.memory}",
            repr(cluster.memory),
            "Raise it, or lower tuning.ray.memory.",
        )
    if plan.training.device is Device.CUDA:
        yield key, "makes pods without GPUs", "training.device: cuda", "Write device: cpu, or remove cluster."
