"""Section `training.trainjob`: the pods of a cluster that fit a network together."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from sevenfold.plan.cluster import QUANTITY
from sevenfold.plan.section import Section

__all__ = ["TrainJobSection"]

MOST_NODES: Final = 64


class TrainJobSection(Section):
    """The TrainJob that Kubeflow Trainer runs for the fit of a network on Kubeflow; it is removed after the fit."""

    nodes: Annotated[
        int,
        Field(
            description="Number of pods that share each batch, with training.processes processes in each; 0 fits in "
            "the task's own pod. Part of the digest.",
            ge=0,
            le=MOST_NODES,
        ),
    ] = 0
    cpu: Annotated[str, Field(description="CPU cores of such a pod, such as 2 or 500m.", pattern=QUANTITY)] = "1"
    memory: Annotated[str, Field(description="Memory of such a pod, such as 4Gi.", pattern=QUANTITY)] = "4Gi"
    runtime: Annotated[
        str,
        Field(
            description="Name of the ClusterTrainingRuntime for PyTorch; Kubeflow Trainer brings this one.",
            pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
            max_length=253,
        ),
    ] = "torch-distributed"
