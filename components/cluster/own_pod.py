"""The pod of Kubeflow that this process runs in, and why pods that it asked for do not run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sevenfold.cluster.objects import Cluster
from sevenfold.contracts.errors import SevenfoldError, TrainingError
from sevenfold.runtime.environment import own_namespace

__all__ = ["Asking", "OwnPod", "faults_of", "own_cluster", "require_pod"]

MAIN: Final = "main"  # Kubeflow's name of the container that a task runs in


@dataclass(frozen=True)
class Asking:
    """A setting of the plan for which a task asks for pods.

    Args:
        setting: its key, such as ``tuning.ray.cluster``.
        instead: what to do in the plan where there is no Kubeflow, as the end of a sentence.
        error: what is raised where the pods are not to be had.
    """

    setting: str
    instead: str
    error: type[SevenfoldError] = TrainingError

    def no_pod(self) -> SevenfoldError:
        """Return the refusal of a process that runs in no pod of Kubeflow."""
        return self.error(
            "no_pod",
            f"{self.setting} is made from within a pod of Kubeflow, and this process runs in none.",
            remedy=f"Start it with sevenfold submit, or {self.instead}.",
        )


@dataclass(frozen=True)
class OwnPod:
    """The pod of this task.

    Args:
        name: of the pod.
        uid: of the pod.
        spec: of the pod, as the API server gives it.
    """

    name: str
    uid: str
    spec: Mapping[str, Any]

    @classmethod
    def of(cls, cluster: Cluster, asking: Asking) -> OwnPod:
        """Return the pod that Kubeflow names in the environment.

        Raises:
            SevenfoldError: ``no_pod``, of the kind of `asking`.
        """
        name, uid = _pod_names()
        pod = cluster.get("Pod", name) if name and uid else None
        if pod is None:
            raise asking.no_pod()
        return cls(name, uid, pod["spec"])

    @property
    def main(self) -> Mapping[str, Any]:
        """The container of the task."""
        container: Mapping[str, Any] = next(each for each in self.spec["containers"] if each["name"] == MAIN)
        return container

    @property
    def owner(self) -> dict[str, str]:
        """What an object of this pod says, so that it goes with the pod."""
        return {"apiVersion": "v1", "kind": "Pod", "name": self.name, "uid": self.uid}


def require_pod(asking: Asking) -> None:
    """Raise where this process runs in no pod of Kubeflow, so that it cannot ask for others.

    Raises:
        SevenfoldError: ``no_pod``, of the kind of `asking`.
    """
    if not own_namespace() or not all(_pod_names()):
        raise asking.no_pod()


def own_cluster(asking: Asking) -> Cluster:
    """Return the namespace of this process's pod.

    Raises:
        SevenfoldError: ``no_pod``, of the kind of `asking`.
    """
    require_pod(asking)
    return Cluster(own_namespace())


def _pod_names() -> tuple[str, str]:
    """Return name and UID of this task's pod, "" where Kubeflow gives none."""
    return os.environ.get("KFP_POD_NAME", ""), os.environ.get("KFP_POD_UID", "")


def faults_of(pods: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield why pods do not run or have ended: no room, no image, killed for memory."""
    for pod in pods:
        status = pod.get("status", {})
        for condition in status.get("conditions", []):
            if condition["type"] == "PodScheduled" and condition["status"] == "False":
                yield str(condition.get("message", condition.get("reason", "")))
        for container in status.get("containerStatuses", []):
            waiting = container.get("state", {}).get("waiting", {})
            if waiting.get("message"):
                yield f"{waiting.get('reason', '')}: {waiting['message']}"
            ended = container.get("state", {}).get("terminated", {})
            if ended.get("exitCode"):
                yield f"{pod['metadata']['name']} ended: {ended.get('reason', 'Error')}, status {ended['exitCode']}"
