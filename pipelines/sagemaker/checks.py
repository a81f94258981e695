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
from sevenfold.pipelines.sagemaker.service import SageMaker
from sevenfold.plan import Plan

__all__ = ["sagemaker_checks"]

PRINCIPAL: Final = "sagemaker.amazonaws.com"


def sagemaker_checks(plan: Plan | None) -> Iterator[Check]:
    """Yield what the plan's section lacks, then who asks, whether SageMaker answers, the role and the bucket."""
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
        yield _bucket(root_of(plan))


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


def _bucket(root: str) -> Check:
    from sevenfold.pipelines.store import Store

    try:
        Store(root)
    except SevenfoldError as error:
        return _failed("root", error)
    return Check("root", True, f"{root} may be read")


def _failed(name: str, error: SevenfoldError) -> Check:
    return Check(name, False, error.message, error.remedy, blocking=True)
