"""The rights that a run and its endpoint need on Google Cloud, whose they are, and the command that gives them.

Who asks is told by ``testIamPermissions``; of the account of the tasks, Policy Troubleshooter knows, wherever a role
was given. Both APIs may be switched off, or not be ours to ask: then a right stays unknown, with its command.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from sevenfold.contracts.errors import SevenfoldError
from sevenfold.pipelines.check import Check

if TYPE_CHECKING:
    from sevenfold.pipelines.vertex.service import Service
    from sevenfold.plan.vertex import VertexSection

__all__ = ["right_checks"]

GOOGLE: Final = "https://{api}.googleapis.com"
PROJECT: Final = "//cloudresourcemanager.googleapis.com/projects"
BUCKET: Final = "//storage.googleapis.com/projects/_/buckets"
MANY_REGIONS: Final = ("EU", "US", "ASIA")


@dataclass(frozen=True)
class Right:
    """A permission, the role that holds it, what is lost without it, and whether no run succeeds then."""

    permission: str
    role: str
    loss: str
    blocking: bool = True


START: Final = Right("aiplatform.pipelineJobs.create", "roles/aiplatform.user", "no run can be started")
READ_LOGS: Final = Right("logging.logEntries.list", "roles/logging.viewer", "nobody learns why a task failed", False)
DEPLOY: Final = Right("aiplatform.endpoints.deploy", "roles/aiplatform.user", "nothing can be deployed")
READ_COUNTS: Final = Right("monitoring.timeSeries.list", "roles/monitoring.viewer", "no canary can be judged")
ACT_AS: Final = Right("iam.serviceAccounts.actAs", "roles/iam.serviceAccountUser", "no task can run as it")
RUN_TASKS: Final = Right("aiplatform.customJobs.create", "roles/aiplatform.user", "no task can start")
KEEP: Final = Right("storage.objects.create", "roles/storage.objectAdmin", "no task can keep what it makes")
WRITE: Final = Right(
    "monitoring.timeSeries.create",
    "roles/monitoring.metricWriter",
    "the predictors' metrics are lost, and a canary is rolled back as blind",
    False,
)


def right_checks(service: Service) -> Iterator[Check]:
    """Yield whether who asks and the account of the tasks have their rights, and whether the bucket is in the region.

    Args:
        service: of the project and region.
    """
    section = service.section
    serving = section.serving
    wanted = (START, READ_LOGS, *((DEPLOY, READ_COUNTS) if serving else ()))
    project = f"{_api('cloudresourcemanager')}/v3/projects/{section.project}"
    yield from _own(service, project, wanted, f"gcloud projects add-iam-policy-binding {section.project}")
    account = section.service_account
    if account:
        address = f"{_api('iam')}/v1/projects/-/serviceAccounts/{quote(account)}"
        yield from _own(service, address, (ACT_AS,), f"gcloud iam service-accounts add-iam-policy-binding {account}")
        yield from _of_account(service, account)
    elif serving and serving.metrics:
        finding = "vertex.service_account names nobody who may write the predictors' metrics: they are lost"
        yield Check("metrics", False, finding, f"Name an account there, and give it {WRITE.role}.")
    yield _location(service, section)


def _own(service: Service, address: str, wanted: tuple[Right, ...], command: str) -> Iterator[Check]:
    asked = {"permissions": [right.permission for right in wanted]}
    try:
        answer = service.fetched("look at your rights", "POST", f"{address}:testIamPermissions", json=asked)
    except SevenfoldError as error:
        if error.code == "vertex_not_found" and ACT_AS in wanted:
            remedy = "Correct vertex.service_account: gcloud iam service-accounts list shows those that are there."
            yield Check("account", False, error.message, remedy, blocking=True)
        else:
            yield Check("your rights", None, error.message, error.remedy)
        return
    given = set(answer.get("permissions", []))
    missing = [right for right in wanted if right.permission not in given]
    for right in missing:
        yield _missing("your rights", right, f"{command} --member=user:YOU --role={right.role}")
    if not missing:
        yield Check("your rights", True, ", ".join(right.permission for right in wanted))


def _of_account(service: Service, account: str) -> Iterator[Check]:
    section = service.section
    project, bucket = section.project, section.root.removeprefix("gs://").partition("/")[0]
    grants = [
        (RUN_TASKS, f"{PROJECT}/{project}", f"gcloud projects add-iam-policy-binding {project}"),
        (KEEP, f"{BUCKET}/{bucket}", f"gcloud storage buckets add-iam-policy-binding gs://{bucket}"),
    ]
    if section.serving and section.serving.metrics:
        grants.append((WRITE, f"{PROJECT}/{project}", f"gcloud projects add-iam-policy-binding {project}"))
    for right, resource, command in grants:
        yield _account_check(service, account, right, resource, command)


def _account_check(service: Service, account: str, right: Right, resource: str, command: str) -> Check:
    name, remedy = "account", f"{command} --member=serviceAccount:{account} --role={right.role}"
    about = {"principal": account, "fullResourceName": resource, "permission": right.permission}
    address = f"{_api('policytroubleshooter')}/v1/iam:troubleshoot"
    try:
        answer = service.fetched("look at the account's rights", "POST", address, json={"accessTuple": about})
    except SevenfoldError as error:
        return Check(name, None, f"whether it has {right.permission} is not known: {error.message}", remedy)
    access = answer.get("access", "")
    if access == "GRANTED":
        return Check(name, True, f"{account} has {right.permission}")
    if access == "NOT_GRANTED":
        return _missing(name, right, remedy)
    return Check(
        name, None, f"whether it has {right.permission} is not for you to know ({access or 'no word'})", remedy
    )


def _missing(name: str, right: Right, remedy: str) -> Check:
    return Check(name, False, f"{right.permission} is missing: {right.loss}", remedy, blocking=right.blocking)


def _location(service: Service, section: VertexSection) -> Check:
    bucket = section.root.removeprefix("gs://").partition("/")[0]
    address = f"{_api('storage')}/storage/v1/b/{bucket}"
    try:
        answer = service.fetched("look at the bucket", "GET", address, params={"fields": "location"})
    except SevenfoldError as error:
        return Check("bucket", None, f"where {bucket} lies is not known: {error.message}", error.remedy)
    location = str(answer.get("location", ""))
    if location.lower() == section.region or location in MANY_REGIONS:
        return Check("bucket", True, f"{bucket} lies in {location}")
    remedy = f"gcloud storage buckets create gs://NEW --location={section.region}, and name that in vertex.root."
    return Check("bucket", False, f"{bucket} lies in {location}, but runs in {section.region}", remedy, blocking=True)


def _api(name: str) -> str:
    return GOOGLE.format(api=name)
