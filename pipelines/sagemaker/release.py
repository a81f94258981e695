"""The release of a run's bundle on the plan's endpoint of SageMaker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sevenfold.images import image
from sevenfold.pipelines.endpoint.by_hand import EndpointReleases
from sevenfold.pipelines.endpoint.faults import no_endpoint
from sevenfold.pipelines.endpoint.promotions import kept_at
from sevenfold.pipelines.endpoint.run import release_run
from sevenfold.pipelines.result import ENDPOINT
from sevenfold.pipelines.sagemaker.endpoint import SageMakerEndpoint
from sevenfold.pipelines.sagemaker.follow import address_of
from sevenfold.pipelines.sagemaker.requirements import placed_plan
from sevenfold.pipelines.sagemaker.service import SageMaker
from sevenfold.pipelines.sagemaker.version import Version
from sevenfold.pipelines.store import Store
from sevenfold.plan import load_plan
from sevenfold.runtime.environment import METRICS
from sevenfold.serving.cloud_metrics.settings import settings_of

if TYPE_CHECKING:
    from sevenfold.pipelines.result import Result
    from sevenfold.pipelines.runs import RunFolder
    from sevenfold.pipelines.sagemaker.submit import Submitted
    from sevenfold.plan import Plan
    from sevenfold.runtime.progress import OnMessage
    from sevenfold.serving.judge import Verdict

__all__ = ["released", "releases_of"]

APPROVAL: Final = {"promoted": "Approved", "rolled back": "Rejected"}
MOST_LETTERS: Final = 1_000


def released(sent: Submitted, service: SageMaker, store: Store, result: Result, on_message: OnMessage) -> Result:
    """Release a run's bundle where its plan has `sagemaker.serving`, and return how the run ended by that.

    The job that replayed the test rows left it waiting. The package in the model registry gets the verdict too. A
    bundle that waits for a person is deployed without requests; a run that was submitted elsewhere stays as it is.

    Raises:
        IntegrityError, PolicyError, ServingError, TemporaryError: as `release_run`; what served goes on serving.
    """
    file = sent.folder.path / "plan.yaml"
    open_or_judged = result.state == "waiting" or sent.folder.artifact(*ENDPOINT) is not None
    plan = load_plan(file) if open_or_judged and file.is_file() else None
    section = plan.sagemaker if plan else None
    if plan is None or section is None or section.serving is None:
        return result
    bundle = address_of(sent, service.steps(sent.arn), "train-model", "bundle")
    service.role = section.role
    address = f"{store.root}/{bundle}"
    ended = release_run(
        sent.folder, sent.run, plan, store, lambda candidate: endpoint_of(service, plan, address), on_message
    )
    if ended.state in APPROVAL:
        _approve(service, sent.arn, APPROVAL[ended.state], ended.sentence)
    return ended


def endpoint_of(service: SageMaker, plan: Plan, address: str) -> SageMakerEndpoint:
    """Return a plan's endpoint, for the deployment of the bundle at an address."""
    section, serving = plan.sagemaker, plan.sagemaker.serving
    name = (serving.endpoint if serving else "") or plan.name
    images = placed_plan(plan).images
    version = Version(images.serve or image("serve", images.registry), address, _variables(plan, name))
    return SageMakerEndpoint(
        service,
        section,
        name=name,
        version=version,
        replicas=plan.deployment.replicas,
        ready_seconds=plan.deployment.deadline_seconds,
    )


def releases_of(folder: RunFolder) -> EndpointReleases:
    """Return what a person does about the versions of a plan, by the folder of its last run.

    Raises:
        PolicyError: ``no_endpoint``, and what AWS refuses.
    """
    values, plan = folder.values(), load_plan(folder.path / "plan.yaml")
    if plan.sagemaker is None or plan.sagemaker.serving is None:
        raise no_endpoint("sagemaker")
    service, store = SageMaker(values["arn"].split(":")[3], plan.sagemaker.role), Store(values["root"])

    def connect(digest: str) -> SageMakerEndpoint:
        return endpoint_of(service, plan, f"{store.root}/{kept_at(plan.name, digest)}")

    def decided(run: str, verdict: Verdict) -> None:
        status = "Approved" if verdict.decision == "promote" else "Rejected"
        _approve(service, f"{values['arn'].rpartition('/')[0]}/{run}", status, verdict.sentence)

    return EndpointReleases(plan, store, connect, decided)


def _approve(service: SageMaker, arn: str, status: str, why: str) -> None:
    """Give the package of a run its verdict."""
    package = service.package(arn)
    if package:
        service.call(
            "update_model_package",
            ModelPackageArn=package,
            ModelApprovalStatus=status,
            ApprovalDescription=why[:MOST_LETTERS],
        )


def _variables(plan: Plan, endpoint: str) -> dict[str, str]:
    """Return the variable by which the predictor prints its figures for CloudWatch; none where they are not wanted."""
    serving = plan.sagemaker.serving
    if serving is None or not serving.metrics:
        return {}
    return {METRICS: settings_of(plan, "cloudwatch", endpoint).to_variable()}
