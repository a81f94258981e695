"""What each job of the pipeline runs, reads and leaves: the same stages as on Kubeflow, folders for artifacts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sevenfold.contracts.canonical import canonical_json
from sevenfold.pipelines.settings import stage_settings
from sevenfold.pipelines.store import INPUTS
from sevenfold.plan import Plan, StageName
from sevenfold.plan.deployment import Approval

__all__ = ["BUILD", "RELEASE", "SETTINGS", "JobSpec", "settings_address", "settings_files"]

SETTINGS: Final = "settings.json"


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """One job.

    `mounted` are inputs that the plan names (`tables` stands for all files of the table), `taken` artifacts by the job
    that leaves them, `left` its own artifacts, `arguments` the parameters of a run that it is given.
    """

    name: str
    title: str
    room: StageName
    stages: tuple[str, ...]
    mounted: tuple[str, ...] = ()
    taken: tuple[tuple[str, str], ...] = ()
    left: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


DATASET: Final = ("prepare-data", "dataset")
BUNDLE: Final = ("train-model", "bundle")

BUILD: Final = (
    JobSpec(
        name="explore-data",
        title="1 Design",
        room="design",
        stages=("explore-data",),
        mounted=("tables", "notebook", "recipe"),
    ),
    JobSpec(
        name="prepare-data",
        title="2 Preparation",
        room="preparation",
        stages=("prepare-data",),
        mounted=("tables", "recipe"),
        left=("dataset",),
        arguments=("data_digest",),
    ),
    JobSpec(
        name="tune-model",
        title="3 Tuning",
        room="tuning",
        stages=("tune-model",),
        mounted=("source",),
        taken=(DATASET,),
        left=("study",),
        arguments=("trials", "seed"),
    ),
    JobSpec(
        name="train-model",
        title="4 Training",
        room="training",
        stages=("train-model",),
        mounted=("source",),
        taken=(DATASET, ("tune-model", "study")),
        left=("bundle",),
        arguments=("data_digest", "max_epochs", "seed"),
    ),
    JobSpec(
        name="test-model",
        title="5 Testing",
        room="testing",
        stages=("test-model",),
        mounted=("registry",),
        taken=(DATASET, BUNDLE),
        left=("evaluation", "decision"),
    ),
)
# One job: the predictor that is deployed lives in it, and is judged and watched there.
RELEASE: Final = JobSpec(
    name="release-model",
    title="6 Inference, 7 Monitoring",
    room="deployment",
    stages=("deploy-model", "judge-canary", "monitor-model"),
    mounted=("registry",),
    taken=(DATASET, BUNDLE, ("test-model", "evaluation")),
    left=("service", "verdict", "watch", "registry", "registration"),
)


def settings_files(plan: Plan) -> Iterator[tuple[JobSpec, bytes]]:
    """Yield each job with its input ``settings``: JSON of its stages' settings, each by the name of the stage.

    Where an endpoint is wanted, the job that replays the test rows promotes nothing: users decide, on the endpoint.
    """
    if plan.sagemaker.serving is not None:
        held = plan.deployment.model_copy(update={"approval": Approval.MANUAL})
        plan = plan.model_copy(update={"deployment": held})
    settings = stage_settings(plan)
    for job in (*BUILD, RELEASE):
        given = {stage: json.loads(settings[stage.replace("-", "_")]) for stage in job.stages}
        yield job, canonical_json(given).encode()


def settings_address(root: str, content: bytes) -> str:
    """Return where a job's settings lie: below the root, under their digest."""
    return f"{root}/{INPUTS}/{hashlib.sha256(content).hexdigest()}/{SETTINGS}"
