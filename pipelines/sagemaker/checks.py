"""What a run on SageMaker needs of plan and account, checked from here; nothing is changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

from sevenfold.contracts.errors import SevenfoldError
from sevenfold.pipelines.check import Check
from sevenfold.pipelines.sagemaker.definition import root_of
from sevenfold.pipelines.sagemaker.requirements import missing_settings
from sevenfold.pipelines.sagemaker.rights import right_checks
from sevenfold.pipelines.sagemaker.service import SageMaker
from sevenfold.plan import Plan

__all__ = ["sagemaker_checks"]

PRINCIPAL: Final = "sagemaker.amazonaws.com"
FIRST_REGION: Final = "us-east-1"  # a bucket there has no location
ALIASES: Final = {"EU": "eu-west-1"}  # of buckets from before there were more regions


def sagemaker_checks(plan: Plan | None) -> Iterator[Check]:
    """Yield what the plan's section lacks, then who asks, whether SageMaker answers, role, bucket and rights."""
    faults = list(missing_settings(plan)) if plan else []
    for fault in faults:
        yield Check("plan", False, fault.message, fault.remedy, blocking=True)
    section = plan.sagemaker if plan else None
    try:
        service = SageMaker(section.region if section else "", section.role if section else "")
        who = service.asked("sts", "get_caller_identity")
    except SevenfoldError as error:
        yield _failed("AWS", error)
        return
    yield Check("AWS", True, f"{who.get('Arn', '')} in {service.region}")
    yield _answers(service)
    if section and section.role:
        yield _role(service, section.role)
    if plan and root_of(plan):
        yield _bucket(service, root_of(plan))
    if section:
        yield from right_checks(service, section, str(who.get("Arn", "")))


def _answers(service: SageMaker) -> Check:
    try:
        service.call("list_pipelines", MaxResults=1)
    except SevenfoldError as error:
        return _failed("SageMaker", error)
    return Check("SageMaker", True, "lets you list its pipelines")


def _role(service: SageMaker, role: str) -> Check:
    try:
        answer = service.asked("iam", "get_role", RoleName=role.rpartition("/")[2])
    except SevenfoldError as error:
        # who may submit need not be allowed to look at roles
        unknown = error.code == "aws_permission"
        return Check("role", None if unknown else False, error.message, error.remedy, blocking=not unknown)
    if PRINCIPAL not in _trusted(answer["Role"].get("AssumeRolePolicyDocument", {})):
        remedy = f"Add {PRINCIPAL} to the Principal of its trust policy."
        return Check("role", False, f"{role} may not be taken on by SageMaker", remedy, blocking=True)
    return Check("role", True, f"{role} trusts SageMaker")


def _trusted(policy: Any) -> str:
    """Return a trust policy as text, however the client gives it."""
    return unquote(policy) if isinstance(policy, str) else json.dumps(policy)


def _bucket(service: SageMaker, root: str) -> Check:
    from sevenfold.pipelines.store import Store

    bucket = root.removeprefix("s3://").partition("/")[0]
    try:
        Store(root)
        located = service.asked("s3", "get_bucket_location", Bucket=bucket).get("LocationConstraint") or FIRST_REGION
    except SevenfoldError as error:
        if error.code == "aws_permission":
            return Check("root", True, f"{root} may be read; its region is not for you to know")
        return _failed("root", error)
    if ALIASES.get(located, located) != service.region:
        remedy = f"aws s3 mb s3://NEW --region {service.region}, and name that in sagemaker.root."
        return Check(
            "root", False, f"{bucket} lies in {located}, but jobs run in {service.region}", remedy, blocking=True
        )
    return Check("root", True, f"{root} may be read, in {service.region}")


def _failed(name: str, error: SevenfoldError) -> Check:
    return Check(name, False, error.message, error.remedy, blocking=True)
