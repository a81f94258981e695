"""The release of a run's bundle on the plan's endpoint of SageMaker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sevenfold.images import image
from sevenfold.pipelines.endpoint.run import release_run, waits_for_a_person
from sevenfold.pipelines.result import ENDPOINT
from sevenfold.pipelines.sagemaker.endpoint import SageMakerEndpoint, Version
from sevenfold.pipelines.sagemaker.follow import address_of
from sevenfold.plan import load_plan
from sevenfold.runtime.environment import METRICS
from sevenfold.serving.cloud_metrics.settings import settings_of

if TYPE_CHECKING:
    from sevenfold.pipelines.endpoint.rollout import Candidate
    from sevenfold.pipelines.result import Result
    from sevenfold.pipelines.sagemaker.service import SageMaker
    from sevenfold.pipelines.sagemaker.submit import Submitted
    from sevenfold.pipelines.store import Store
    from sevenfold.plan import Plan
    from sevenfold.runtime.progress import OnMessage

__all__ = ["released"]

APPROVAL: Final = {"promoted": "Approved", "rolled back": "Rejected"}
MOST_LETTERS: Final = 1_000


def released(sent: Submitted, service: SageMaker, store: Store, result: Result, on_message: OnMessage) -> Result:
    """Release a run's bundle where its plan has `sagemaker.serving`, and return how the run ended by that.

    The job that replayed the test rows left it waiting. The package in the model registry gets the verdict too. A
    bundle that waits for a person, and a run that was submitted elsewhere, stay as they are.

    Raises:
        IntegrityError, PolicyError, ServingError, TemporaryError: as `release_run`; what served goes on serving.
    """
    file = sent.folder.path / "plan.yaml"
    open_or_judged = result.state == "waiting" or sent.folder.artifact(*ENDPOINT) is not None
    plan = load_plan(file) if open_or_judged and file.is_file() else None
    section = plan.sagemaker if plan else None
    if plan is None or section is None or section.serving is None:
        return result
    name = section.serving.endpoint or sent.name
    if waits_for_a_person(sent.folder, plan):
        on_message(f"The bundle waits for a person: deploy its package on {name} in the console")
        return result
    bundle = address_of(sent, service.steps(sent.arn), "train-model", "bundle")
    version = Version(
        plan.images.serve or image("serve", plan.images.registry), f"{store.root}/{bundle}", _variables(plan, name)
    )
    service.role = section.role

    def connect(candidate: Candidate) -> SageMakerEndpoint:
        return SageMakerEndpoint(
            service,
            section,
            name=name,
            version=version,
            replicas=plan.deployment.replicas,
            ready_seconds=plan.deployment.deadline_seconds,
        )

    ended = release_run(sent.folder, sent.run, plan, store, connect, on_message)
    package = service.package(sent.arn)
    if package:
        status, why = APPROVAL[ended.state], ended.sentence[:MOST_LETTERS]
        service.call(
            "update_model_package", ModelPackageArn=package, ModelApprovalStatus=status, ApprovalDescription=why
        )
    return ended


def _variables(plan: Plan, endpoint: str) -> dict[str, str]:
    """Return the variable by which the predictor prints its figures for CloudWatch; none where they are not wanted."""
    serving = plan.sagemaker.serving
    if serving is None or not serving.metrics:
        return {}
    return {METRICS: settings_of(plan, "cloudwatch", endpoint).to_variable()}
