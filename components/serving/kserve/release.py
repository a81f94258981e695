"""A person's commands for a service on KServe: show its state, release what waits, roll back, withdraw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sevenfold.cluster.objects import Cluster
from sevenfold.cluster.records import Candidate, ClusterRegistry
from sevenfold.contracts.errors import PolicyError
from sevenfold.contracts.registry import Record, earlier_of
from sevenfold.drift.telemetry import bundle_label
from sevenfold.plan.deployment import Strategy
from sevenfold.serving.kserve.deploy import note_what_serves
from sevenfold.serving.kserve.judge import release_candidate
from sevenfold.serving.kserve.readiness import available
from sevenfold.serving.kserve.rollout import KIND, Rollout
from sevenfold.serving.kserve.strategy import NEXT, rollout_of

__all__ = ["ServiceState", "promote_waiting", "put_back", "releases_of", "state_of", "withdraw_waiting"]

DEADLINE_SECONDS = 600.0


@dataclass(frozen=True)
class ServiceState:
    """What serves, what waits beside it with which share, and the address for users."""

    serving: str  # digest; "" for nothing
    record: Record | None
    waiting: str  # digest; "" for nothing
    percent: int = 0
    url: str = ""
    replicas: dict[str, bool] = field(default_factory=dict)  # Deployment to whether all its replicas are available


def releases_of(cluster: Cluster, name: str, on_message: Callable[[str], None]) -> tuple[ClusterRegistry, Rollout]:
    """Return the registry and the rollout of a plan, of the kind that its service is in."""
    registry = ClusterRegistry(cluster, name)
    second = cluster.get(KIND, f"{name}-{NEXT}") is not None
    return registry, rollout_of(cluster, name, Strategy.REPLACE if second else Strategy.CANARY, on_message=on_message)


def state_of(cluster: Cluster, name: str) -> ServiceState:
    """Return the serving version and the waiting one.

    Raises:
        PolicyError: ``not_deployed``.
    """
    registry, rollout = releases_of(cluster, name, lambda message: None)
    release = rollout.read()
    if release is None:
        raise PolicyError(
            "not_deployed",
            f"Namespace {cluster.namespace!r} must have the InferenceService {name!r}, but does not have it.",
            remedy="Deploy it with: sevenfold submit PLAN.YAML",
        )
    labels = f"serving.kserve.io/inferenceservice={name}"
    deployments = {item["metadata"]["name"]: available(item) for item in cluster.find("Deployment", labels=labels)}
    return ServiceState(
        serving="" if release.hidden else release.stable_digest,
        record=registry.current(),
        waiting=rollout.waiting(),
        percent=release.percent,
        url=rollout.public_url(),
        replicas=deployments,
    )


def promote_waiting(cluster: Cluster, name: str, *, who: str, reason: str, on_message: Callable[[str], None]) -> Record:
    """Release the candidate that waits for a person, and return the record of it.

    Raises:
        PolicyError: ``nothing_waits``.
    """
    registry, rollout = releases_of(cluster, name, on_message)
    note_what_serves(registry, rollout)
    digest = rollout.waiting()
    if not digest:
        raise PolicyError(
            "nothing_waits",
            f"A candidate of {name!r} must wait for approval, but none does.",
            remedy=f"See the serving version with: sevenfold status {name}",
        )
    return release_candidate(registry, rollout, digest, who=who, reason=reason)


def put_back(
    cluster: Cluster, name: str, *, who: str, reason: str, on_message: Callable[[str], None], to: str = ""
) -> Record:
    """Let the previously promoted version serve again, its predictor's image as it was, and return the record.

    It starts beside the serving version and takes over without losing a request; a waiting candidate is superseded.
    A rollback that was interrupted when only its record was missing is ended by that record: another one would bring
    back what was rolled back.

    Raises:
        PolicyError: ``nothing_to_roll_back``.
        ServingError: ``revision_failed``; the serving version goes on serving.
    """
    registry, rollout = releases_of(cluster, name, on_message)
    before, noted = registry.current(), note_what_serves(registry, rollout)
    if noted is not None and noted != before and noted.action == "rollback" and to in ("", noted.bundle):
        return noted
    back = earlier_of(registry.history(), to)
    kept = registry.candidate(bundle_label(back.bundle))
    if kept is None:
        raise PolicyError("nothing_to_roll_back", f"The predictor of bundle {back.bundle[:19]} is not recorded.")
    record = back.model_copy(update={"action": "rollback", "who": who, "reason": reason})
    registry.remember(Candidate(record=record, predictor=kept.predictor))
    rollout.stage(kept.predictor, seconds=DEADLINE_SECONDS)
    rollout.promote(back.bundle)
    return registry.promote(record)


def withdraw_waiting(cluster: Cluster, name: str, on_message: Callable[[str], None]) -> str:
    """Take the candidate away and return its digest, "" where there is none; the serving version is not touched."""
    _, rollout = releases_of(cluster, name, on_message)
    release, digest = rollout.read(), rollout.waiting()
    if digest and release is not None and release.hidden:
        cluster.delete(KIND, name)
    elif digest:
        rollout.withdraw(digest)
    return digest
