"""Sections `resources`, `images`, `secrets` and `budget`: what a run on a cluster may use."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sevenfold.plan.section import Section

__all__ = ["QUANTITY", "BudgetSection", "ImagesSection", "SecretsSection", "StageResources", "Toleration"]

QUANTITY = r"^\d+(\.\d+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$"


class Toleration(Section):
    """A taint that a stage's pod accepts."""

    key: Annotated[str, Field(description="Key of the taint.")]
    operator: Annotated[
        str,
        Field(description="Exists accepts any value of the key, Equal only the given one.", pattern="^(Exists|Equal)$"),
    ] = "Exists"
    value: Annotated[str, Field(description="Value of the taint, for operator Equal.")] = ""
    effect: Annotated[
        str,
        Field(
            description="Effect of the taint; empty accepts every effect.",
            pattern="^(NoSchedule|PreferNoSchedule|NoExecute|)$",
        ),
    ] = ""


class StageResources(Section):
    """Resources and node of one stage's pod."""

    cpu: Annotated[str, Field(description="CPU cores of the pod, such as 2 or 500m.", pattern=QUANTITY)] = "1"
    memory: Annotated[str, Field(description="Memory of the pod, such as 4Gi.", pattern=QUANTITY)] = "2Gi"
    gpu: Annotated[int, Field(description="Number of GPUs of the pod.", ge=0)] = 0
    gpu_type: Annotated[str, Field(description="Name of the Kubernetes resource that counts the GPUs.")] = (
        "nvidia.com/gpu"
    )
    node_selector: Annotated[dict[str, str], Field(description="Labels that the pod's node must have.")] = {}
    tolerations: Annotated[tuple[Toleration, ...], Field(description="Taints of nodes that the pod accepts.")] = ()


class ImagesSection(Section):
    """Images of the stages; empty takes the release's own."""

    registry: Annotated[
        str, Field(description="Registry that the images of Sevenfold are pulled from; empty takes the default.")
    ] = ""
    prepare: Annotated[str, Field(description="Image of design and preparation; empty takes the release's own.")] = ""
    train: Annotated[
        str, Field(description="Image of tuning, training and testing; empty takes the release's own.")
    ] = ""
    tensorflow: Annotated[
        str,
        Field(
            description="Image of tuning, training and testing where training.framework is tensorflow; empty takes "
            "the release's own."
        ),
    ] = ""
    ray: Annotated[
        str,
        Field(description="Image of preparation and tuning where their engine is ray; empty takes the release's own."),
    ] = ""
    serve: Annotated[str, Field(description="Image of the predictor; empty takes the release's own.")] = ""
    control: Annotated[str, Field(description="Image of deployment and monitoring; empty takes the release's own.")] = (
        ""
    )


class SecretsSection(Section):
    """Names of Kubernetes Secrets; never their values."""

    storage: Annotated[str, Field(description="Name of the Secret with S3 credentials.")] = ""
    pull: Annotated[str, Field(description="Name of the Secret for pulling images.")] = ""
    prometheus: Annotated[
        str,
        Field(
            description="Name of the Secret with PROMETHEUS_TOKEN, or with PROMETHEUS_USERNAME and "
            "PROMETHEUS_PASSWORD, and optionally PROMETHEUS_CA."
        ),
    ] = ""


class BudgetSection(Section):
    """Upper limits of one run."""

    hours: Annotated[float, Field(description="Longest time of a run, in hours.", gt=0)] = 24.0
