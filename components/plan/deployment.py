"""Section `deployment`: how a bundle comes to serve, and who decides."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from sevenfold.contracts.service import Strategy
from sevenfold.plan.section import Fraction, Section

__all__ = ["Approval", "CanarySection", "DeploymentSection", "Runtime", "ServiceLevel", "Strategy", "Target"]


class Target(StrEnum):
    """Where the predictor runs."""

    AUTO = "auto"  # KServe inside a cluster, a process elsewhere
    LOCAL = "local"
    KSERVE = "kserve"


class Approval(StrEnum):
    """Who releases a candidate that passed."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class Runtime(StrEnum):
    """What answers the requests."""

    SEVENFOLD = "sevenfold"
    TENSORFLOW_SERVING = "tensorflow-serving"


class CanarySection(Section):
    """How long and on how much traffic a candidate is watched."""

    percent: Annotated[int, Field(description="Share of the traffic, percent.", ge=0, le=100)] = 10
    min_requests: Annotated[int, Field(description="Counted requests before a decision.", ge=1)] = 200
    max_wait_seconds: Annotated[int, Field(description="Longest hold; then roll back for want of evidence.", ge=1)] = (
        1_800
    )
    max_blind_seconds: Annotated[int, Field(description="Longest time without Prometheus; then roll back.", ge=1)] = 600
    max_slowdown: Annotated[
        float, Field(description="Its 99th percentile may be this many times the stable version's.", gt=1)
    ] = 3.0
    accept_replay: Annotated[bool, Field(description="Let replayed test rows count as evidence.")] = False


class ServiceLevel(Section):
    """What users of the predictions are promised."""

    latency_p99_ms: Annotated[float, Field(description="99th percentile of one request, milliseconds.", gt=0)] = 250.0
    error_rate: Annotated[Fraction, Field(description="Largest share of failed requests.")] = 0.01


class DeploymentSection(Section):
    """Target, approval, canary, service level."""

    target: Annotated[Target, Field(description="auto, local or kserve.")] = Target.AUTO
    approval: Annotated[Approval, Field(description="automatic or manual.")] = Approval.AUTOMATIC
    strategy: Annotated[Strategy, Field(description="canary or replace.")] = Strategy.CANARY
    runtime: Annotated[
        Runtime, Field(description="sevenfold, or tensorflow-serving (KServe, framework: tensorflow).")
    ] = Runtime.SEVENFOLD
    namespace: Annotated[
        str,
        Field(
            description="Namespace of the InferenceService; empty takes the run's own.",
            pattern=r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$",
        ),
    ] = ""
    replicas: Annotated[int, Field(description="Predictor replicas.", ge=1, le=100)] = 1
    deadline_seconds: Annotated[int, Field(description="Longest wait for a new version to come up.", ge=10)] = 600
    strict_fields: Annotated[bool, Field(description="Refuse requests with fields the model does not know.")] = False
    max_batch: Annotated[int, Field(description="Most rows of one request.", ge=1)] = 1_024
    canary: Annotated[CanarySection, Field(description="The canary's share and patience.")] = CanarySection()
    service_level: Annotated[ServiceLevel, Field(description="What users are promised.")] = ServiceLevel()
