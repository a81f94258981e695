"""Section `sagemaker`: where a run on Amazon SageMaker takes place, as whom, and on which machines."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from sevenfold.plan.endpoint import SageMakerServing
from sevenfold.plan.section import Section

__all__ = ["SageMakerSection"]

Machine = Annotated[str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")]
Identifier = Annotated[str, Field(pattern=r"^[-0-9a-zA-Z]{1,32}$")]
StageOnMachine = Literal["design", "preparation", "tuning", "training", "testing", "deployment"]


class SageMakerSection(Section):
    """Region, role and root, machines, network, encryption and tags of a run on SageMaker."""

    region: Annotated[
        str,
        Field(
            description="AWS region, such as eu-central-1; empty takes that of the environment or the profile.",
            pattern=r"^([a-z]{2,}(-[a-z0-9]+)+-\d+)?$",
        ),
    ] = ""
    role: Annotated[
        str,
        Field(
            description="ARN of the IAM role that pipeline and jobs run as.",
            pattern=r"^(arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+)?$",
        ),
    ] = ""
    root: Annotated[
        str,
        Field(
            description="Address below which inputs, artifacts and promotions lie, as s3://BUCKET/FOLDER.",
            pattern=r"^(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)*/?)?$",
        ),
    ] = ""
    registry: Annotated[
        str,
        Field(
            description="Registry in Amazon ECR that SageMaker pulls our images from, such as "
            "ACCOUNT.dkr.ecr.REGION.amazonaws.com; empty takes images.registry.",
            pattern=r"^([a-z0-9][a-z0-9.-]*(/[A-Za-z0-9._-]+)*)?$",
        ),
    ] = ""
    machine: Annotated[Machine, Field(description="Instance type of every job, such as ml.m5.xlarge.")] = "ml.m5.xlarge"
    machines: Annotated[
        dict[StageOnMachine, Machine],
        Field(
            description="Instance types of single stages; monitoring runs in the job of deployment.",
        ),
    ] = {}
    volume_gb: Annotated[int, Field(description="Disk of every job, in GB.", ge=1, le=16_384)] = 30
    training_job: Annotated[
        bool,
        Field(description="Whether training runs as a training job, which keeps checkpoints, not as a processing job."),
    ] = False
    subnets: Annotated[
        tuple[Identifier, ...], Field(description="Subnets of the jobs' network interfaces.", max_length=16)
    ] = ()
    security_groups: Annotated[
        tuple[Identifier, ...],
        Field(description="Security groups of these interfaces; needed with subnets.", max_length=5),
    ] = ()
    network_isolation: Annotated[
        bool, Field(description="Whether the jobs may open no connection: SageMaker mounts all that they read.")
    ] = False
    kms_key: Annotated[
        str,
        Field(
            description="KMS key, by id or ARN, that encrypts disks and outputs.", pattern=r"^[a-zA-Z0-9:/_-]{0,2048}$"
        ),
    ] = ""
    serving: Annotated[
        SageMakerServing | None,
        Field(description="Endpoint that a promoted bundle is released on; without it, the bundle is only registered."),
    ] = None
    tags: Annotated[dict[str, str], Field(description="Tags of the pipeline and its jobs.", max_length=50)] = {}

    def machine_of(self, stage: str) -> str:
        """Return the instance type of a stage's job."""
        own: dict[Any, str] = dict(self.machines)
        return own.get(stage, self.machine)
