"""Sections `ray` of tuning and preparation: where Ray runs, and what a trial or a task gets there."""

from __future__ import annotations

import math
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from sevenfold.plan.cluster import QUANTITY
from sevenfold.plan.section import Section

__all__ = ["PreparationRaySection", "RayClusterSection", "RayPlace", "RaySection"]

FACTORS: Final[dict[str, float]] = {"": 1, "m": 1e-3, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12} | {
    f"{letter}i": 2 ** (10 * power) for power, letter in enumerate("KMGT", start=1)
}


def _no_client(address: object) -> object:
    """Refuse Ray Client in its own words; a pattern would only say that the text is none."""
    if isinstance(address, str) and address.startswith("ray://"):
        raise ValueError("must be a head node's own address, since through Ray Client studies would lie on the cluster")
    return address


class RayClusterSection(Section):
    """The Ray cluster that KubeRay makes for a stage on Kubeflow, and removes after it."""

    workers: Annotated[
        int,
        Field(description="Number of pods that do the work; 0 makes no cluster.", ge=0, le=1_000),
    ] = 0
    cpu: Annotated[
        str,
        Field(
            description="CPU cores of such a pod, such as 2 or 500m; Ray counts a part of a core as one.",
            pattern=QUANTITY,
        ),
    ] = "1"
    memory: Annotated[str, Field(description="Memory of such a pod, such as 4Gi.", pattern=QUANTITY)] = "4Gi"

    @property
    def whole_cpus(self) -> int:
        """The CPUs that Ray counts in a pod."""
        return max(1, math.ceil(_amount(self.cpu)))

    @property
    def memory_bytes(self) -> int:
        """The memory of a pod in bytes."""
        return int(_amount(self.memory))


class RayPlace(Section):
    """Where Ray runs, whatever it does there."""

    address: Annotated[
        str,
        BeforeValidator(_no_client),
        Field(
            description="Address of a Ray cluster that the stage joins: HOST:PORT of its head node, such as "
            "head:6379; empty starts Ray on this machine and ends it after the stage.",
            pattern=r"^(([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5})?$",
        ),
    ] = ""
    cluster: Annotated[
        RayClusterSection,
        Field(description="Cluster that KubeRay makes for the stage on Kubeflow and removes after it."),
    ] = RayClusterSection()

    @property
    def wanted_cluster(self) -> RayClusterSection | None:
        """The cluster that is to be made, None for none."""
        return self.cluster if self.cluster.workers else None

    @property
    def on_cluster(self) -> bool:
        """Whether the work is done on machines other than this one."""
        return bool(self.address or self.wanted_cluster)

    @property
    def local_cpus(self) -> int:
        """CPUs of a Ray that is started on this machine."""
        return 1


class PreparationRaySection(RayPlace):
    """Where Ray runs, and what a task that checks rows gets there; for `engine: ray`."""

    tasks: Annotated[
        int,
        Field(
            description="Most tasks at a time; each reads and checks 32 MB of a CSV, or some row groups.",
            ge=1,
            le=1_000,
        ),
    ] = 2
    cpu: Annotated[int, Field(description="CPU cores that Ray reserves for a task.", ge=1)] = 1

    @property
    def local_cpus(self) -> int:
        """CPUs of a Ray that is started on this machine."""
        return self.tasks * self.cpu


class RaySection(RayPlace):
    """Where Ray runs, and what a trial gets there; for `engine: ray`."""

    concurrent_trials: Annotated[
        int,
        Field(
            description="Most trials at a time. With 1 the search is the one of `engine: optuna`; with more it depends "
            "on which trial ends first.",
            ge=1,
            le=1_000,
        ),
    ] = 1
    cpu: Annotated[int, Field(description="CPU cores that Ray reserves for a trial.", ge=1)] = 1
    memory: Annotated[
        str,
        Field(
            description="Memory that Ray reserves for a trial, such as 2Gi; empty reserves none.",
            pattern=r"^([1-9]\d*(Ki|Mi|Gi|Ti|k|M|G|T)?)?$",
        ),
    ] = ""

    @property
    def memory_bytes(self) -> int:
        """The memory of a trial in bytes; 0 where none is reserved."""
        return int(_amount(self.memory)) if self.memory else 0

    @property
    def local_cpus(self) -> int:
        """CPUs of a Ray that is started on this machine."""
        return self.concurrent_trials * self.cpu


def _amount(quantity: str) -> float:
    """Return what a quantity of Kubernetes stands for."""
    digits = quantity.rstrip("mKMGTik")
    return float(digits) * FACTORS[quantity[len(digits) :]]
