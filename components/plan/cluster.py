"""Sections `resources`, `images`, `secrets`, `budget`: what a run may use, and of whose."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sevenfold.plan.section import Section

__all__ = ["BudgetSection", "ImagesSection", "SecretsSection", "StageResources", "Toleration"]

QUANTITY = r"^\d+(\.\d+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$"


class Toleration(Section):
    """A taint that a stage's pod accepts."""

    key: str
    operator: Annotated[str, Field(pattern="^(Exists|Equal)$")] = "Exists"
    value: str = ""
    effect: Annotated[str, Field(pattern="^(NoSchedule|PreferNoSchedule|NoExecute|)$")] = ""


class StageResources(Section):
    """Resources and placement of one stage's pod."""

    cpu: Annotated[str, Field(description="CPU cores, such as 2 or 500m.", pattern=QUANTITY)] = "1"
    memory: Annotated[str, Field(description="Memory, such as 4Gi.", pattern=QUANTITY)] = "2Gi"
    gpu: Annotated[int, Field(description="Number of GPUs.", ge=0)] = 0
    gpu_type: Annotated[str, Field(description="Resource name of the GPU.")] = "nvidia.com/gpu"
    node_selector: Annotated[dict[str, str], Field(description="Labels a node must have.")] = {}
    tolerations: Annotated[tuple[Toleration, ...], Field(description="Taints that are accepted.")] = ()


class ImagesSection(Section):
    """Images of the stages; empty takes the release's own."""

    registry: Annotated[str, Field(description="Where our images are pulled from; empty takes the default.")] = ""
    prepare: str = ""
    train: str = ""
    serve: str = ""
    control: str = ""


class SecretsSection(Section):
    """Names of Kubernetes Secrets; never their values."""

    storage: Annotated[str, Field(description="Secret with S3 credentials.")] = ""
    pull: Annotated[str, Field(description="Secret for pulling images.")] = ""
    prometheus: Annotated[
        str, Field(description="Secret with PROMETHEUS_TOKEN, or _USERNAME and _PASSWORD, and maybe PROMETHEUS_CA.")
    ] = ""


class BudgetSection(Section):
    """Upper limits of one run."""

    hours: Annotated[float, Field(description="Longest run, hours.", gt=0)] = 24.0
