"""Section `deployment`: where and how a bundle is served, and who approves it."""

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
    """The server that answers the requests."""

    SEVENFOLD = "sevenfold"
    TENSORFLOW_SERVING = "tensorflow-serving"


class CanarySection(Section):
    """The traffic and the time for which a candidate is watched."""

    percent: Annotated[
        int, Field(description="Share of the traffic that the candidate gets, in percent.", ge=0, le=100)
    ] = 10
    min_requests: Annotated[int, Field(description="Number of counted requests that a decision needs.", ge=1)] = 200
    max_wait_seconds: Annotated[
        int, Field(description="Longest wait for enough requests, in seconds; then the candidate is rolled back.", ge=1)
    ] = 1_800
    max_blind_seconds: Annotated[
        int, Field(description="Longest time without Prometheus, in seconds; then the candidate is rolled back.", ge=1)
    ] = 600
    max_slowdown: Annotated[
        float,
        Field(
            description="Largest allowed ratio of the candidate's 99th percentile of latency to the stable version's.",
            gt=1,
        ),
    ] = 3.0
    accept_replay: Annotated[bool, Field(description="Whether replayed test rows count as evidence.")] = False


class ServiceLevel(Section):
    """The latency and the error rate that users are promised."""

    latency_p99_ms: Annotated[
        float, Field(description="Promised 99th percentile of the time of one request, in milliseconds.", gt=0)
    ] = 250.0
    error_rate: Annotated[Fraction, Field(description="Largest share of requests that may fail.")] = 0.01


class DeploymentSection(Section):
    """Target, approval, canary, service level."""

    target: Annotated[
        Target,
        Field(description="Place of the predictor: local, kserve, or auto, which takes KServe inside a cluster."),
    ] = Target.AUTO
    approval: Annotated[
        Approval, Field(description="Who releases a candidate that passed: automatic, or manual for a person.")
    ] = Approval.AUTOMATIC
    strategy: Annotated[Strategy, Field(description="How a new version takes over: canary, or replace at once.")] = (
        Strategy.CANARY
    )
    runtime: Annotated[
        Runtime,
        Field(description="Server of the model: sevenfold, or tensorflow-serving, which needs KServe and TensorFlow."),
    ] = Runtime.SEVENFOLD
    namespace: Annotated[
        str,
        Field(
            description="Namespace of the InferenceService; empty takes the run's own.",
            pattern=r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$",
        ),
    ] = ""
    replicas: Annotated[int, Field(description="Number of predictor replicas.", ge=1, le=100)] = 1
    deadline_seconds: Annotated[
        int, Field(description="Longest wait for a new version to become ready, in seconds.", ge=10)
    ] = 600
    strict_fields: Annotated[
        bool, Field(description="Whether to refuse requests with fields that the model does not know.")
    ] = False
    max_batch: Annotated[int, Field(description="Largest number of rows in one request.", ge=1)] = 1_024
    feedback_secret: Annotated[
        str,
        Field(
            description="Name of the Secret whose key credential opens the port for labels that come back; empty "
            "opens none.",
            pattern=r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)?$",
        ),
    ] = ""
    canary: Annotated[CanarySection, Field(description="Traffic and time for which a candidate is watched.")] = (
        CanarySection()
    )
    service_level: Annotated[ServiceLevel, Field(description="Latency and error rate that users are promised.")] = (
        ServiceLevel()
    )
