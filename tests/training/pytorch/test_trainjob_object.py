"""What Kubeflow Trainer is asked for, against its real schema, cut down to what an object of ours can hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from closed_schema import closed

from sevenfold.cluster.own_pod import OwnPod, faults_of
from sevenfold.plan.training import TrainingSection
from sevenfold.training.pytorch.trainjob_object import train_job

# `spec` of trainjobs.trainer.kubeflow.org, v1alpha1, of Kubeflow Trainer 2.3.0, without descriptions, without what the
# object never has (initializers, affinity) and with one of the kinds of volumes.
SCHEMA = Path(__file__).parents[2] / "samples" / "trainjob_schema.json"
SECTION = TrainingSection.model_validate(
    {"model": "network", "processes": 2, "trainjob": {"nodes": 3, "cpu": "1500m", "memory": "3Gi", "runtime": "torch"}}
)
KEY = {"name": "AWS_ACCESS_KEY_ID", "valueFrom": {"secretKeyRef": {"name": "store", "key": "AWS_ACCESS_KEY_ID"}}}
SPEC: dict[str, Any] = {
    "serviceAccountName": "runner",
    "containers": [
        {"name": "wait", "image": "argo"},
        {"name": "main", "image": "registry.example.org/train@sha256:1", "env": [{"name": "KFP_POD_NAME"}, KEY]},
    ],
    "imagePullSecrets": [{"name": "pull"}],
    "nodeSelector": {"pool": "big"},
    "tolerations": [{"key": "train", "operator": "Exists"}],
}


def made(**spec: Any) -> dict[str, Any]:
    return train_job("training-1", SECTION, OwnPod("pod", "uid-1", {**SPEC, **spec}), "s3://bucket/fits/training-1")


def patched(job: dict[str, Any]) -> dict[str, Any]:
    """Return the pod's part of the only patch of the runtime."""
    [patch] = job["spec"]["runtimePatches"]
    [replicated] = patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]
    assert replicated["name"] == "node"
    template: dict[str, Any] = replicated["template"]["spec"]["template"]
    return template


def test_the_object_keeps_to_trainers_own_schema() -> None:
    validator = pytest.importorskip("jsonschema").Draft202012Validator(closed(json.loads(SCHEMA.read_text())))
    job = made()
    assert [error.message for error in validator.iter_errors(job["spec"])] == []
    for wrong in ({"numProcPerNode": "auto"}, {"nodes": 2}):
        trainer = {**job["spec"]["trainer"], **wrong}
        assert [error.message for error in validator.iter_errors({**job["spec"], "trainer": trainer})]


def test_it_asks_for_what_the_plan_says() -> None:
    job = made()
    assert job["spec"]["runtimeRef"] == {"name": "torch"}
    trainer = job["spec"]["trainer"]
    assert (trainer["numNodes"], trainer["numProcPerNode"]) == (3, 2)
    assert trainer["resourcesPerNode"] == {key: {"cpu": "1500m", "memory": "3Gi"} for key in ("requests", "limits")}
    assert trainer["command"] == ["python", "-m", "sevenfold.training.pytorch.pod", "s3://bucket/fits/training-1"]


def test_its_pods_are_like_the_tasks_and_restricted() -> None:
    job = made()
    spec = patched(job)["spec"]
    [container] = spec["containers"]
    assert job["spec"]["trainer"]["image"] == "registry.example.org/train@sha256:1"
    assert {key: spec[key] for key in ("imagePullSecrets", "nodeSelector", "tolerations")} == {
        key: SPEC[key] for key in ("imagePullSecrets", "nodeSelector", "tolerations")
    }
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_its_pods_get_the_keys_of_the_store_by_reference_and_the_account_only_where_that_opens_it() -> None:
    job = made()
    assert job["spec"]["trainer"]["env"] == [KEY]
    assert "serviceAccountName" not in patched(job)["spec"]
    token = {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": "/var/run/token"}
    by_account = made(containers=[{**SPEC["containers"][1], "env": [token]}])
    assert patched(by_account)["spec"]["serviceAccountName"] == "runner"
    assert by_account["spec"]["trainer"]["env"] == [], "the account's own webhook gives it to each pod"


def test_it_goes_with_the_pod_that_asked_for_it() -> None:
    [owner] = made()["metadata"]["ownerReferences"]
    assert owner == {"apiVersion": "v1", "kind": "Pod", "name": "pod", "uid": "uid-1"}


def test_why_pods_do_not_run_or_have_ended() -> None:
    ended = {"exitCode": 137, "reason": "OOMKilled"}
    pods = [
        {"status": {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}},
        {"status": {"containerStatuses": [{"state": {"waiting": {"reason": "ErrImagePull", "message": "no such"}}}]}},
        {"metadata": {"name": "p-0"}, "status": {"containerStatuses": [{"state": {"terminated": ended}}]}},
        {"metadata": {"name": "p-1"}, "status": {"containerStatuses": [{"state": {"terminated": {"exitCode": 0}}}]}},
    ]
    assert list(faults_of(pods)) == ["Unschedulable", "ErrImagePull: no such", "p-0 ended: OOMKilled, status 137"]
