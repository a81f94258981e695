"""A Ray cluster that KubeRay makes for a stage in a pod of Kubeflow, and removes after it."""

from __future__ import annotations

import importlib.metadata
import secrets
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from sevenfold.cluster.objects import Cluster, Conflict
from sevenfold.cluster.own_pod import Asking, OwnPod, faults_of, own_cluster
from sevenfold.contracts.errors import SevenfoldError
from sevenfold.plan.ray import RayClusterSection
from sevenfold.ray.cluster_object import READY_SECONDS, ray_job
from sevenfold.ray.use import RayUse
from sevenfold.runtime.progress import OnMessage
from sevenfold.runtime.waiting import wait_until

__all__ = ["Made", "asking_for", "made_cluster"]

PORT: Final = 6379
PAUSE_SECONDS: Final = 2.0
OPERATOR_SECONDS: Final = 60.0  # in which the operator acts on an object
OVER: Final = ("Complete", "Failed", "ValidationFailed")


@dataclass(frozen=True)
class Made:
    """A cluster that waits for its stage: address of its head node, HOST:PORT, and token."""

    address: str
    token: str


def asking_for(use: RayUse) -> Asking:
    """Return the setting by which a stage asks for a cluster."""
    setting = f"{use.stage}.ray.cluster"
    return Asking(setting, f"remove {setting} from the plan", use.error)


@contextmanager
def made_cluster(
    section: RayClusterSection,
    use: RayUse,
    on_message: OnMessage = lambda message: None,
    cluster: Cluster | None = None,
) -> Iterator[Made]:
    """Have KubeRay make a cluster, wait until its pods run, and have it removed after the `with` block.

    It is removed too when this process is killed: see `ray_job`.

    Args:
        section: size of the cluster.
        use: who asks for it.
        on_message: gets a sentence where something takes long.
        cluster: namespace of this pod; None takes it from the pod's account.

    Raises:
        SevenfoldError: ``no_pod``, ``no_ray_cluster``, of the kind of `use`.
        PolicyError: ``cluster_refused`` where the pod's account may not make it.
    """
    asking = asking_for(use)
    cluster, name = cluster or own_cluster(asking), f"{use.stage}-{secrets.token_hex(4)}"
    driver = OwnPod.of(cluster, asking)
    job = ray_job(name, section, driver, importlib.metadata.version("ray"))
    on_message(f"making the Ray cluster {name} of {section.workers} workers with KubeRay")
    try:
        with suppress(Conflict):  # the name is new, so only an answer that was lost can have made it
            cluster.create(job)
        yield _wait_for(name, cluster, asking)
    finally:
        cluster.delete("RayJob", name)


def _wait_for(name: str, cluster: Cluster, asking: Asking) -> Made:
    status: Mapping[str, Any] = {}

    def late() -> SevenfoldError:
        return _not_made(name, status, cluster, asking)

    def seen() -> bool:
        nonlocal status
        status = (cluster.get("RayJob", name) or {}).get("status", {})
        return bool(status.get("jobDeploymentStatus"))

    def running() -> bool:
        if seen() and status["jobDeploymentStatus"] in OVER:
            raise late()
        return status.get("jobStatus") == "RUNNING"

    wait_until(seen, pause_seconds=PAUSE_SECONDS, patience_seconds=OPERATOR_SECONDS, late=late)
    wait_until(running, pause_seconds=PAUSE_SECONDS, patience_seconds=READY_SECONDS + OPERATOR_SECONDS, late=late)
    token = (cluster.get("Secret", status["rayClusterName"]) or {})["data"]["auth_token"]
    return Made(f"{status['rayClusterStatus']['head']['podIP']}:{PORT}", b64decode(token).decode())


def _not_made(name: str, status: Mapping[str, Any], cluster: Cluster, asking: Asking) -> SevenfoldError:
    state = str(status.get("jobDeploymentStatus", ""))
    reasons = [" ".join(filter(None, [state, str(status.get("message", ""))]))] if state else []
    if made := status.get("rayClusterName"):
        reasons += faults_of(cluster.find("Pod", labels=f"ray.io/cluster={made}"))
    why = "; ".join(dict.fromkeys(reasons)) or "its operator does nothing"
    return asking.error(
        "no_ray_cluster",
        f"KubeRay must make the Ray cluster {name} in namespace {cluster.namespace!r}, but has not: {why[:600]}",
        remedy=f"Lower {asking.setting} to what the nodes have room for, or see what is missing with: sevenfold "
        "doctor with the plan.",
    )
