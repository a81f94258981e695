"""What a plan must say before SageMaker can run it; each thing that is missing is one line with its remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sevenfold.contracts.errors import PolicyError
from sevenfold.images import image
from sevenfold.pipelines.endpoint.faults import endpoint_faults
from sevenfold.pipelines.placement import stage_image
from sevenfold.pipelines.ray_stages import made_cluster_faults
from sevenfold.pipelines.sagemaker.jobs import BUILD, RELEASE
from sevenfold.plan import Plan
from sevenfold.plan.deployment import Target
from sevenfold.plan.training import Device

__all__ = ["IMAGE", "missing_inputs", "missing_settings", "placed_plan", "require_runnable", "too_many_tables"]

# SageMaker pulls from Amazon's own registries alone.
IMAGE: Final = re.compile(r"^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/")
# The families of machines with NVIDIA GPUs: ml.p3, ml.g4dn, ml.gr6, ...
WITH_GPU: Final = re.compile(r"^ml\.(p|g|gr)\d")
MOST_TABLES: Final = 7  # ten inputs, of which settings, notebook and recipe take three


def require_runnable(plan: Plan) -> None:
    """Refuse a plan that SageMaker cannot run.

    Raises:
        PolicyError: the first thing that is missing; its code names it.
    """
    for fault in (*missing_settings(plan), *missing_inputs(plan)):
        raise fault


def placed_plan(plan: Plan) -> Plan:
    """Return a plan whose images are those of the registry that its section `sagemaker` names."""
    return plan.model_copy(update={"images": plan.images.replaced(registry=plan.sagemaker.registry)})


def missing_settings(plan: Plan) -> Iterator[PolicyError]:
    """Yield what keeps SageMaker from running a plan, whatever it reads."""
    plan = placed_plan(plan)
    section = plan.sagemaker
    if not section.role:
        yield _fault("role", "must name the role that the jobs run as", "Write sagemaker.role: arn:aws:iam::…:role/….")
    if not section.root:
        yield _fault("root", "must name a bucket for inputs and artifacts", "Write sagemaker.root: s3://BUCKET/FOLDER.")
    if bool(section.subnets) != bool(section.security_groups):
        remedy = "Write both sagemaker.subnets and sagemaker.security_groups, or neither."
        yield _fault("network", "must name subnets and security groups together", remedy)
    yield from too_many_tables(len(plan.data.sources))
    if section.serving is not None:
        yield from endpoint_faults(plan, "sagemaker")
    yield from _missing_gpus(plan)
    yield from made_cluster_faults(plan, "sagemaker_ray", "the job's own machine")
    if plan.training.trainjob.nodes:
        yield PolicyError(
            "sagemaker_trainjob",
            "Kubeflow Trainer runs on Kubernetes alone, but training.trainjob.nodes is set.",
            remedy="Remove training.trainjob: the fit then runs on the job's own machine.",
        )
    images = {stage_image(job.room, plan) for job in (*BUILD, RELEASE)}
    images.add(plan.images.serve or image("serve", plan.images.registry))
    for named in sorted(named for named in images if not IMAGE.match(named)):
        yield PolicyError(
            "sagemaker_image",
            f"SageMaker runs images of Amazon ECR alone, but {named!r} is not there.",
            remedy="Push them there (make images PUSH=1), and write sagemaker.registry: "
            "ACCOUNT.dkr.ecr.REGION.amazonaws.com/….",
        )
    if plan.deployment.target is Target.KSERVE:
        yield PolicyError(
            "sagemaker_deployment",
            "SageMaker reaches no KServe, but deployment.target is kserve.",
            remedy="Write deployment.target: auto.",
        )


def missing_inputs(plan: Plan) -> Iterator[PolicyError]:
    """Yield what of the files that a plan names SageMaker cannot mount."""
    sources = plan.data.sources
    if plan.data.volume or any("://" in source and not source.startswith("s3://") for source in sources):
        yield PolicyError(
            "sagemaker_table",
            f"SageMaker mounts a table that lies in S3, but data.source is {sources[0][:200]!r}.",
            remedy="Copy it there with aws s3 cp, or name a file of this machine, which submit sends there.",
        )
    local = [source for source in sources if "://" not in source]
    named = [("data.source", local[0])] if local and len(sources) > 1 else []
    for key, value in (
        *named,
        ("design.notebook", plan.design.notebook),
        ("refine.recipe", plan.refine.recipe),
        ("training.source", plan.training.source),
    ):
        if value and not value.startswith("s3://"):
            yield PolicyError(
                "sagemaker_input",
                f"SageMaker mounts what lies in S3, but {key} is {value[:200]!r}.",
                remedy="Name an s3:// address, or let submit send the file there.",
            )


def too_many_tables(count: int) -> Iterator[PolicyError]:
    """Yield that a table has more files than a job can be given."""
    if count > MOST_TABLES:
        yield PolicyError(
            "sagemaker_table",
            f"A job has at most ten inputs, so a table at most {MOST_TABLES} files, but this one has {count}.",
            remedy="Put them together into fewer.",
        )


def _missing_gpus(plan: Plan) -> Iterator[PolicyError]:
    """Yield the stages that would fit on a GPU which their machine does not have."""
    stages = ("tuning", "training") if plan.training.device is Device.CUDA else ()
    for stage in stages:
        machine = plan.sagemaker.machine_of(stage)
        if not WITH_GPU.match(machine):
            yield PolicyError(
                "sagemaker_gpu",
                f"With training.device: cuda the machine of {stage} must have an NVIDIA GPU, but {machine} has none.",
                remedy=f"Write sagemaker.machines.{stage}: ml.g5.xlarge, or training.device: cpu.",
            )


def _fault(key: str, rule: str, remedy: str) -> PolicyError:
    return PolicyError(f"sagemaker_{key}", f"A plan for SageMaker {rule}, but this one does not.", remedy=remedy)
