"""The object that asks Kubeflow Trainer for the pods of a fit."""

from __future__ import annotations

from typing import Any, Final

from sevenfold.cluster.own_pod import OwnPod
from sevenfold.cluster.restricted_pod import (
    CONTAINER_CONTEXT,
    POD_CONTEXT,
    SCRATCH_MOUNT,
    SCRATCH_VOLUME,
    placed_like,
)
from sevenfold.plan.training import TrainingSection

__all__ = ["train_job"]

NODE: Final = "node"  # Trainer's name of the job that trains, and of its container
MANAGER: Final = "sevenfold.training/pods"  # who patches the runtime
LABELS: Final = {"app.kubernetes.io/part-of": "sevenfold", "app.kubernetes.io/component": "train-job"}
STORE: Final = ("AWS_", "ARROW_")
IDENTITY: Final = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI")  # what an account brings


def train_job(name: str, section: TrainingSection, pod: OwnPod, address: str) -> dict[str, Any]:
    """Return a TrainJob (trainer.kubeflow.org/v1alpha1, of Trainer 2.2 and later) whose pods fit a network.

    The pods run this task's image under the restricted standard, on nodes like its own, with its keys of the store;
    its service account they take only where the store lets that account in.

    Args:
        name: of the object; at most 40 characters, since names of pods begin with it.
        section: how many pods, processes in each, and what a pod gets.
        pod: pod that owns the object: with the pod it goes too.
        address: of the store's folder that the fit lies in.
    """
    wanted = section.trainjob
    resources = {"cpu": wanted.cpu, "memory": wanted.memory}
    return {
        "apiVersion": "trainer.kubeflow.org/v1alpha1",
        "kind": "TrainJob",
        "metadata": {"name": name, "labels": LABELS, "ownerReferences": [pod.owner]},
        "spec": {
            "runtimeRef": {"name": wanted.runtime},
            "trainer": {
                "image": pod.main["image"],
                "command": ["python", "-m", "sevenfold.training.pytorch.pod", address],
                "env": [each for each in pod.main.get("env", []) if _opens_store(each["name"])],
                "numNodes": wanted.nodes,
                "numProcPerNode": section.processes,
                "resourcesPerNode": {"requests": resources, "limits": resources},
            },
            "runtimePatches": [{"manager": MANAGER, "trainingRuntimeSpec": {"template": _patch(pod)}}],
        },
    }


def _opens_store(variable: str) -> bool:
    return variable.startswith(STORE) and variable not in IDENTITY


def _patch(pod: OwnPod) -> dict[str, Any]:
    template = {"metadata": {"labels": LABELS}, "spec": _pod_spec(pod)}
    job = {"name": NODE, "template": {"spec": {"template": template}}}
    return {"spec": {"replicatedJobs": [job]}}


def _pod_spec(pod: OwnPod) -> dict[str, Any]:
    place = placed_like(pod.spec)
    if any(each["name"] in IDENTITY for each in pod.main.get("env", [])) and pod.spec.get("serviceAccountName"):
        place["serviceAccountName"] = pod.spec["serviceAccountName"]
    return {
        **place,
        "securityContext": POD_CONTEXT,
        "volumes": [SCRATCH_VOLUME],
        "containers": [{"name": NODE, "securityContext": CONTAINER_CONTEXT, "volumeMounts": [SCRATCH_MOUNT]}],
    }
