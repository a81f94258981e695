"""What moto 5.2 lacks of IAM: SimulatePrincipalPolicy, by the policies that a role or user has there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto.core.exceptions import AccessDeniedError
from moto.core.responses import ActionResult
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.iam.responses import IamResponse

__all__ = ["forbid_simulation", "simulate_policies"]


def simulate_policies(patch: pytest.MonkeyPatch) -> None:
    """Add it to the server of this process."""
    patch.setattr(IamResponse, "simulate_principal_policy", _simulate, raising=False)


def forbid_simulation(patch: pytest.MonkeyPatch) -> None:
    """Let nobody ask for it."""

    def refuse(response: Any) -> None:
        raise AccessDeniedError(user_arn="arn:aws:iam::123456789012:user/ada", action="iam:SimulatePrincipalPolicy")

    patch.setattr(IamResponse, "simulate_principal_policy", refuse, raising=False)


def _simulate(response: Any) -> ActionResult:
    context = {
        one["ContextKeyName"]: one["ContextKeyValues"][0] for one in response._get_param("ContextEntries", []) or []
    }
    policies = list(_policies(response.backend, response._get_param("PolicySourceArn")))
    results = [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": _decision(policies, action, resource, context),
        }
        for resource in response._get_param("ResourceArns")
        for action in response._get_param("ActionNames")
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def _policies(backend: Any, arn: str) -> Iterator[IAMPolicy]:
    kind, name = arn.rpartition(":")[2].partition("/")[0], arn.rpartition("/")[2]
    holder = backend.get_role(name) if kind == "role" else backend.get_user(name)
    documents = holder.policies
    yield from map(IAMPolicy, documents.values() if isinstance(documents, dict) else documents)
    yield from map(IAMPolicy, holder.managed_policies.values())


def _decision(policies: list[IAMPolicy], action: str, resource: str, context: dict[str, str]) -> str:
    said = [policy.is_action_permitted(action, resource, None, context) for policy in policies]
    if PermissionResult.DENIED in said:
        return "explicitDeny"
    return "allowed" if PermissionResult.PERMITTED in said else "implicitDeny"
