"""Wait until one revision serves, or until it is clear that it never will.

An InferenceService's `Ready` is about what served before, and its observed generation does not change in Standard mode
(KServe 0.21), so a revision's own Deployment is read: its observed generation, its updated and available replicas.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sevenfold.cluster.objects import Cluster
from sevenfold.contracts.errors import ServingError, SevenfoldError, TemporaryError
from sevenfold.runtime.waiting import wait_until

__all__ = ["available", "container_of", "wait_for_revision"]

CONTAINER: Final = "kserve-container"
POLL_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 45.0  # with a fault that a retry of the kubelet may mend, such as a registry's hiccup
RESTARTS: Final = 3
HOPELESS: Final = ("InvalidImageName", "CreateContainerConfigError", "CreateContainerError", "RunContainerError")
STUCK: Final = ("ErrImagePull", "ImagePullBackOff", "CrashLoopBackOff")
LOG_CHARACTERS: Final = 1_200


def wait_for_revision(
    cluster: Cluster,
    workload: str,
    predictor: Mapping[str, Any],
    *,
    seconds: float,
    on_message: Callable[[str], None] = lambda message: None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Return once every replica of a revision's Deployment is of its newest template and available.

    Args:
        cluster: with the namespace.
        workload: name of the Deployment.
        predictor: KServe's spec of the revision; a Deployment that KServe has not changed yet is not it.
        seconds: longest wait.
        on_message: called with what is waited for, when it changes.
        sleep: waits so many seconds.
        clock: seconds that never go back.

    Raises:
        ServingError: ``revision_failed`` with events and logs of its pods, as soon as it cannot come up any more or
            the time is over.
        TemporaryError: the API server does not answer when the time is over.
    """
    revision = _Revision(cluster, workload, predictor, on_message, clock)
    wait_until(
        revision.check,
        pause_seconds=POLL_SECONDS,
        patience_seconds=seconds,
        late=lambda: revision.failure(f"within {seconds:g} seconds"),
        sleep=sleep,
        clock=clock,
    )


@dataclass
class _Revision:
    """A revision that comes up, as last read; `stuck_since` is when it began to have a fault, None without one."""

    cluster: Cluster
    workload: str
    predictor: Mapping[str, Any]
    on_message: Callable[[str], None]
    clock: Callable[[], float]
    pods: list[dict[str, Any]] = field(default_factory=list)
    unreachable: TemporaryError | None = None
    stuck_since: float | None = None
    state: str = ""

    def check(self) -> bool:
        """Whether it serves.

        Raises:
            ServingError: ``revision_failed`` once no waiting can help.
        """
        deployment = self._read()
        if deployment and _carries(deployment, self.predictor) and available(deployment):
            return True
        fault, hopeless = _fault(deployment, self.pods)
        now = self.clock()
        self.stuck_since = (now if self.stuck_since is None else self.stuck_since) if fault else None
        state = fault or _state(deployment)
        if state != self.state:
            self.on_message(state)
            self.state = state
        if hopeless or (self.stuck_since is not None and now - self.stuck_since > PATIENCE_SECONDS):
            raise self.failure(f"({fault})")
        return False

    def failure(self, waited: str) -> SevenfoldError:
        """Return the error for a revision that did not come up."""
        if self.unreachable:
            return self.unreachable
        why = _why(self.cluster, self.workload, self.pods)
        return ServingError(
            "revision_failed",
            f"The new revision must serve, but did not {waited}. {why}".strip(),
            remedy="What served before goes on serving.",
        )

    def _read(self) -> dict[str, Any] | None:
        """Read its Deployment and its pods; an API server that restarts is waited for."""
        try:
            deployment = self.cluster.get("Deployment", self.workload)
            self.pods, self.unreachable = _pods(self.cluster, self.workload), None
        except TemporaryError as error:
            deployment, self.pods, self.unreachable = None, [], error
        return deployment


def container_of(deployment: Mapping[str, Any]) -> dict[str, Any]:
    """Return the container of a Deployment that answers requests."""
    containers: list[dict[str, Any]] = deployment["spec"]["template"]["spec"]["containers"]
    return next(container for container in containers if container["name"] == CONTAINER)


def available(deployment: dict[str, Any]) -> bool:
    """Whether all replicas are of the newest template, seen by the controller, and available."""
    status, wanted = deployment.get("status", {}), int(deployment["spec"].get("replicas", 1))
    counts = [int(status.get(key, 0)) for key in ("replicas", "updatedReplicas", "availableReplicas")]
    seen = int(status.get("observedGeneration", 0)) >= int(deployment["metadata"]["generation"])
    return seen and wanted > 0 and all(count == wanted for count in counts)


def _carries(deployment: Mapping[str, Any], predictor: Mapping[str, Any]) -> bool:
    """Whether the Deployment's template runs this predictor: its image, with its arguments and annotations."""
    model, template = predictor["model"], deployment["spec"]["template"]
    own = container_of(deployment)
    wanted, given = list(model["args"]), list(own.get("args", ()))
    noted = predictor.get("annotations", {}).items() <= template.get("metadata", {}).get("annotations", {}).items()
    return noted and given[len(given) - len(wanted) :] == wanted and model.get("image") in (None, own["image"])


def _pods(cluster: Cluster, workload: str) -> list[dict[str, Any]]:
    pods = cluster.find("Pod", labels=f"app=isvc.{workload}")
    return [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]


def _state(deployment: dict[str, Any] | None) -> str:
    if deployment is None:
        return "waiting for KServe"
    status = deployment.get("status", {})
    return f"{status.get('availableReplicas', 0)} of {deployment['spec'].get('replicas', 1)} replicas serve"


def _fault(deployment: dict[str, Any] | None, pods: list[dict[str, Any]]) -> tuple[str, bool]:
    """Return what is wrong with a revision, "" for nothing, and whether no waiting can help."""
    for condition in (deployment or {}).get("status", {}).get("conditions", ()):
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            return str(condition.get("message", "no pod may be created")), False
    for pod in pods:
        for container in _containers(pod):
            waiting = container.get("state", {}).get("waiting", {})
            reason = waiting.get("reason", "")
            if reason in HOPELESS or container.get("restartCount", 0) >= RESTARTS:
                return f"{container['name']}: {reason or 'it keeps ending'}", True
            if reason in STUCK:
                return f"{container['name']}: {reason}", False
    return "", False


def _why(cluster: Cluster, workload: str, pods: list[dict[str, Any]]) -> str:
    """Return the last warnings about a revision and the end of its containers' logs."""
    try:
        warnings = [line for line in cluster.events(workload) if line.startswith("Warning")]
        logs = [text for pod in pods[:1] for text in _logs(cluster, pod)]
    except TemporaryError:
        return ""
    events = f"Events: {' | '.join(dict.fromkeys(warnings[-4:]))}." if warnings else ""
    return " ".join([events, *logs]).strip()


def _containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    status = pod.get("status", {})
    return [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]


def _logs(cluster: Cluster, pod: dict[str, Any]) -> list[str]:
    tails = []
    for container in _containers(pod):
        if container.get("ready") or container.get("state", {}).get("terminated", {}).get("exitCode") == 0:
            continue
        name, last = container["name"], container.get("lastState", {})
        # Our runtime keeps its last lines here; the log of a container that ended may be gone already.
        ended = last.get("terminated") or container.get("state", {}).get("terminated") or {}
        text = ended.get("message", "")
        text = text or cluster.log(pod["metadata"]["name"], name, previous=container.get("restartCount", 0) > 0)
        text = text or cluster.log(pod["metadata"]["name"], name)
        if text.strip():
            tails.append(f"The end of {name}'s log: {text.strip()[-LOG_CHARACTERS:]}")
    return tails
