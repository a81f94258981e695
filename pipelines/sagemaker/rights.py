"""The rights that a run and its endpoint need on AWS, whose they are, and the command that gives them.

IAM tells by simulation what the policies of a role or user permit. Who may not ask for that is told the command.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.errors import SevenfoldError
from sevenfold.pipelines.check import Check

if TYPE_CHECKING:
    from sevenfold.pipelines.sagemaker.service import SageMaker
    from sevenfold.plan.sagemaker import SageMakerSection

__all__ = ["right_checks"]

PASSED_TO: Final = "sagemaker.amazonaws.com"
# A session of a role, a role, or a user, as an ARN.
PRINCIPAL: Final = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?:iam|sts)::(?P<account>\d{12}):(?P<kind>assumed-role|role|user)/(?P<path>.+)"
)


@dataclass(frozen=True)
class Rights:
    """Actions that are needed together: on what, what is lost without them, and whether no run succeeds then.

    `name` becomes part of the name of the policy that gives them.
    """

    name: str
    actions: tuple[str, ...]
    resource: str
    loss: str
    blocking: bool = True


def right_checks(service: SageMaker, section: SageMakerSection, who: str) -> Iterator[Check]:
    """Yield whether the role of the jobs and whoever asks have their rights.

    Args:
        service: of the section's region.
        section: names role and bucket.
        who: ARN of whoever asks.
    """
    role = PRINCIPAL.fullmatch(section.role)
    if role is not None:
        yield from _checks("role's rights", service, section.role, role, _of_role(service, section, role))
    asks = PRINCIPAL.fullmatch(who)
    if asks is not None:
        try:
            principal = _whole(service, who, asks)
        except SevenfoldError as error:
            yield Check("your rights", None, error.message, error.remedy)
            return
        yield from _checks("your rights", service, principal, asks, _of_caller(section))


def _of_role(service: SageMaker, section: SageMakerSection, role: re.Match[str]) -> Iterator[Rights]:
    partition, account = role["partition"], role["account"]
    jobs = ("sagemaker:CreateProcessingJob", "sagemaker:DescribeProcessingJob", "sagemaker:CreateModelPackage")
    training = ("sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob") if section.training_job else ()
    yield Rights("jobs", (*jobs, *training), "*", "no job can be started")
    yield Rights("pass-role", ("iam:PassRole",), section.role, "no job can run as it")
    pull = ("ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    yield Rights("images", pull, "*", "no image can be pulled")
    bucket, _, folder = section.root.removeprefix("s3://").rstrip("/").partition("/")
    if bucket:
        everything = f"arn:{partition}:s3:::{bucket}/{folder}/*" if folder else f"arn:{partition}:s3:::{bucket}/*"
        yield Rights("bucket", ("s3:GetObject", "s3:PutObject"), everything, "no job can read or keep anything")
        yield Rights("bucket-list", ("s3:ListBucket",), f"arn:{partition}:s3:::{bucket}", "no job can find its inputs")
    groups = f"arn:{partition}:logs:{service.region}:{account}:log-group:/aws/sagemaker/*"
    metrics = " and the predictors' metrics, so that a canary is rolled back as blind" if _counts(section) else ""
    write = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
    yield Rights("logs", write, groups, f"the jobs' logs are lost{metrics}", blocking=False)


def _of_caller(section: SageMakerSection) -> Iterator[Rights]:
    run = ("sagemaker:CreatePipeline", "sagemaker:UpdatePipeline", "sagemaker:StartPipelineExecution")
    yield Rights("submit", (*run, "sagemaker:CreateModelPackageGroup"), "*", "no run can be started")
    if section.role:
        yield Rights("submit-role", ("iam:PassRole",), section.role, "no run can be started as the role")
    if section.serving:
        deploy = ("sagemaker:CreateModel", "sagemaker:CreateEndpointConfig", "sagemaker:CreateEndpoint")
        change = ("sagemaker:UpdateEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities")
        yield Rights("release", (*deploy, *change, "sagemaker:InvokeEndpoint"), "*", "nothing can be released")
        yield Rights("counts", ("cloudwatch:GetMetricData",), "*", "no canary can be judged")
        yield Rights("drift", ("logs:FilterLogEvents",), "*", "status cannot tell of drift", blocking=False)


def _counts(section: SageMakerSection) -> bool:
    return section.serving is not None and section.serving.metrics


def _checks(
    name: str, service: SageMaker, principal: str, about: re.Match[str], wanted: Iterator[Rights]
) -> Iterator[Check]:
    fine: list[str] = []
    for rights in wanted:
        remedy = _command(about, rights)
        try:
            missing = _missing(service, principal, rights)
        except SevenfoldError as error:
            finding = f"whether {principal} has its rights is not known: {error.message}"
            ask = "Have iam:SimulatePrincipalPolicy given to whoever runs sevenfold doctor."
            yield Check(name, None, finding, ask if error.code == "aws_permission" else error.remedy)
            return
        if missing:
            finding = f"{', '.join(missing)} on {rights.resource}: not permitted, so {rights.loss}"
            yield Check(name, False, finding, remedy, blocking=rights.blocking)
        else:
            fine += rights.actions
    if fine:
        yield Check(name, True, f"{principal} may {', '.join(fine)}")


def _missing(service: SageMaker, principal: str, rights: Rights) -> list[str]:
    context = {"ContextKeyName": "iam:PassedToService", "ContextKeyValues": [PASSED_TO], "ContextKeyType": "string"}
    answer = service.asked(
        "iam",
        "simulate_principal_policy",
        PolicySourceArn=principal,
        ActionNames=list(rights.actions),
        ResourceArns=[rights.resource],
        ContextEntries=[context],
    )
    results: list[Mapping[str, Any]] = answer.get("EvaluationResults", [])
    return [str(one["EvalActionName"]) for one in results if one["EvalDecision"] != "allowed"]


def _whole(service: SageMaker, who: str, asks: re.Match[str]) -> str:
    """Return the ARN whose policies are simulated: for a session, its role's, with the path that a session's lacks."""
    if asks["kind"] != "assumed-role":
        return f"arn:{asks['partition']}:iam::{asks['account']}:{asks['kind']}/{asks['path']}"
    answer = service.asked("iam", "get_role", RoleName=asks["path"].partition("/")[0])
    return str(answer["Role"]["Arn"])


def _command(about: re.Match[str], rights: Rights) -> str:
    kind, path = about["kind"], about["path"]
    name = path.partition("/")[0] if kind == "assumed-role" else path.rpartition("/")[2]
    kind = "user" if kind == "user" else "role"
    statement = {"Effect": "Allow", "Action": list(rights.actions), "Resource": rights.resource}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
    called = f"--{kind}-name {name} --policy-name sevenfold-{rights.name}"
    return f"aws iam put-{kind}-policy {called} --policy-document '{policy}'"
