"""The object that asks KubeRay for a Ray cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sevenfold.cluster.own_pod import OwnPod
from sevenfold.cluster.restricted_pod import (
    CONTAINER_CONTEXT,
    POD_CONTEXT,
    SCRATCH_MOUNT,
    SCRATCH_VOLUME,
    placed_like,
)
from sevenfold.plan.ray import RayClusterSection
from sevenfold.ray.node import OBJECT_STORE_BYTES

__all__ = ["READY_SECONDS", "ray_job"]

READY_SECONDS: Final = 900  # until all pods run; pulling the image is most of it
HEAD: Final = {"requests": {"cpu": "200m", "memory": "2Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}}


def ray_job(name: str, section: RayClusterSection, driver: OwnPod, version: str) -> dict[str, Any]:
    """Return a RayJob whose cluster lasts as long as the driver is a node of it.

    A RayCluster alone would outlive a driver that is killed: nobody is left to delete it, and the driver's pod, which
    could own it, stays when its process has ended. So KubeRay runs `lifetime` on the cluster, and removes the cluster
    when it ends, or when the pods do not run in time.

    Args:
        name: of the object; at most 47 characters.
        section: size of the cluster.
        driver: pod that owns the object: with the pod it goes too.
        version: of Ray.
    """
    worker = {"cpu": section.cpu, "memory": section.memory}
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayJob",
        "metadata": {
            "name": name,
            "labels": {"app.kubernetes.io/part-of": "sevenfold", "app.kubernetes.io/component": "ray"},
            "ownerReferences": [driver.owner],
        },
        "spec": {
            "submissionMode": "HTTPMode",  # the operator itself starts the program, without a pod for it
            "entrypoint": "python -m sevenfold.ray.lifetime",
            "shutdownAfterJobFinishes": True,
            "ttlSecondsAfterFinished": 0,
            "preRunningDeadlineSeconds": READY_SECONDS,
            "rayClusterSpec": {
                "rayVersion": version,
                "authOptions": {"mode": "token"},
                "headGroupSpec": {"rayStartParams": _start(cpus=0), "template": _template(HEAD, driver)},
                "workerGroupSpecs": [
                    {
                        "groupName": "workers",
                        "replicas": section.workers,
                        "minReplicas": section.workers,
                        "maxReplicas": section.workers,
                        "rayStartParams": _start(cpus=section.whole_cpus),
                        "template": _template({"requests": worker, "limits": worker}, driver),
                    }
                ],
            },
        },
    }


def _start(cpus: int) -> dict[str, str]:
    return {"num-cpus": str(cpus), "num-gpus": "0", "object-store-memory": str(OBJECT_STORE_BYTES)}


def _template(resources: Mapping[str, Any], driver: OwnPod) -> dict[str, Any]:
    """Return a pod under the restricted standard, on nodes like those of the driver, without rights in the cluster."""
    return {
        "metadata": {"labels": {"app.kubernetes.io/part-of": "sevenfold", "app.kubernetes.io/component": "ray"}},
        "spec": {
            **placed_like(driver.spec),
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": POD_CONTEXT,
            "volumes": [SCRATCH_VOLUME],
            "containers": [
                {
                    "name": "ray",
                    "image": driver.main["image"],  # every node of Ray needs the same versions
                    "env": [{"name": "RAY_USAGE_STATS_ENABLED", "value": "0"}],
                    "resources": dict(resources),
                    "securityContext": CONTAINER_CONTEXT,
                    "volumeMounts": [SCRATCH_MOUNT],
                }
            ],
        },
    }
