"""What of a plan an endpoint of a cloud cannot do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.contracts.errors import PolicyError
from sevenfold.plan.deployment import Runtime

if TYPE_CHECKING:
    from sevenfold.plan import Plan

__all__ = ["endpoint_faults", "no_endpoint"]


def endpoint_faults(plan: Plan, section: str) -> list[PolicyError]:
    """Return what of a plan an endpoint of a cloud cannot do, each with its remedy.

    Args:
        plan: with a section `serving` of that cloud.
        section: name of the cloud's section.
    """
    wanted, faults = plan.deployment, list[tuple[str, str, str]]()
    if wanted.canary.accept_replay:
        remedy = "Remove it, or write deployment.strategy: replace."
        faults.append(("canary.accept_replay", "judges a canary on its users' requests", remedy))
    if wanted.runtime is not Runtime.SEVENFOLD:
        faults.append(("runtime", "runs our predictor", "Write deployment.runtime: sevenfold."))
    if wanted.strict_fields:
        faults.append(("strict_fields", "starts the predictor without settings of its own", "Remove it."))
    if wanted.max_batch != type(wanted)().max_batch:
        faults.append(("max_batch", "starts the predictor without settings of its own", "Remove it."))
    return [
        PolicyError(
            "endpoint_setting",
            f"The endpoint of {section}.serving {rule}, but deployment.{key} is set.",
            remedy=remedy,
        )
        for key, rule, remedy in faults
    ]


def no_endpoint(section: str) -> PolicyError:
    """Return the error of a plan that has no endpoint on that cloud."""
    return PolicyError(
        "no_endpoint",
        f"Its plan must have {section}.serving, so that there is an endpoint, but has not.",
        remedy="Write it into the plan, and submit that.",
    )
