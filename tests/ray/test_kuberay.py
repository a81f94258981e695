"""What KubeRay is asked for, against its real schema, and a search beside an operator that is played."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from closed_schema import closed

from sevenfold.cluster.objects import Cluster, Conflict
from sevenfold.cluster.own_pod import OwnPod
from sevenfold.contracts.errors import SevenfoldError, TrainingError
from sevenfold.plan.ray import RayClusterSection, RaySection
from sevenfold.ray import kuberay
from sevenfold.ray.cluster_object import ray_job
from sevenfold.ray.kuberay import Made, made_cluster
from sevenfold.ray.lifetime import RETURN_SECONDS, last_as_long_as_driver
from sevenfold.ray.node import DRIVER, JOIN_SECONDS
from sevenfold.ray.use import PREPARATION, TUNING, RayUse
from sevenfold.runtime.waiting import wait_until

SCHEMAS = Path(__file__).parents[3] / "shared" / "crds" / "kuberay.yaml"
SECTION = RayClusterSection(workers=2, cpu="1500m", memory="3Gi")
POD: dict[str, Any] = {
    "containers": [{"name": "wait", "image": "argo"}, {"name": "main", "image": "registry.example.org/ray@sha256:1"}],
    "imagePullSecrets": [{"name": "pull"}],
    "nodeSelector": {"pool": "big"},
}
JOB = ray_job("tuning-1", SECTION, OwnPod("pod", "uid-1", POD), "2.60.0")
RUNNING = {
    "jobDeploymentStatus": "Running",
    "jobStatus": "RUNNING",
    "rayClusterName": "tuning-1-x",
    "rayClusterStatus": {"head": {"podIP": "10.0.0.9"}},
}


def test_the_object_keeps_to_kuberays_own_schema() -> None:
    if not SCHEMAS.is_file():
        pytest.skip("KubeRay's schemas do not lie beside the checkout")
    validator = pytest.importorskip("jsonschema").Draft202012Validator
    [kind] = [each for each in yaml.safe_load_all(SCHEMAS.read_text()) if each["metadata"]["name"] == "rayjobs.ray.io"]
    [schema] = [each["schema"]["openAPIV3Schema"] for each in kind["spec"]["versions"] if each["name"] == "v1"]
    spec = closed(schema["properties"]["spec"])
    assert [error.message for error in validator(spec).iter_errors(JOB["spec"])] == []
    wrong = {**JOB["spec"], "ttlSeconds": 0}
    assert [error.message for error in validator(spec).iter_errors(wrong)], "an unknown key is seen"


def test_the_clusters_pods_are_like_the_drivers_and_restricted() -> None:
    cluster = JOB["spec"]["rayClusterSpec"]
    [workers] = cluster["workerGroupSpecs"]
    assert workers["replicas"] == workers["minReplicas"] == workers["maxReplicas"] == 2
    assert (workers["rayStartParams"]["num-cpus"], cluster["headGroupSpec"]["rayStartParams"]["num-cpus"]) == ("2", "0")
    resources = workers["template"]["spec"]["containers"][0]["resources"]
    assert resources == {key: {"cpu": "1500m", "memory": "3Gi"} for key in ("requests", "limits")}
    for group in (workers, cluster["headGroupSpec"]):
        spec = group["template"]["spec"]
        [container] = spec["containers"]
        assert container["image"] == "registry.example.org/ray@sha256:1"
        assert (spec["imagePullSecrets"], spec["nodeSelector"]) == ([{"name": "pull"}], {"pool": "big"})
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_the_object_goes_with_the_pod_that_asked_for_it() -> None:
    [owner] = JOB["metadata"]["ownerReferences"]
    assert owner == {"apiVersion": "v1", "kind": "Pod", "name": "pod", "uid": "uid-1"}


class Operator(Cluster):
    """A namespace with a KubeRay that goes through the states given to it, one per look."""

    def __init__(self, *states: dict[str, Any], pods: list[dict[str, Any]] | None = None) -> None:
        self.namespace, self.states, self.pods = "team", list(states), pods or []
        self.jobs: dict[str, dict[str, Any]] = {}
        self.answer_is_lost = False

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        if kind == "Pod":
            return {"spec": POD} if name == "pod" else None
        if kind == "Secret":
            assert name == RUNNING["rayClusterName"]
            return {"data": {"auth_token": b64encode(b"token of it").decode()}}
        assert name in self.jobs
        return {"status": self.states.pop(0) if len(self.states) > 1 else self.states[0]}

    def create(self, manifest: Any) -> dict[str, Any]:
        self.jobs[manifest["metadata"]["name"]] = manifest
        if self.answer_is_lost:
            raise Conflict("changed_meanwhile", "there is one")
        return dict(manifest)

    def delete(self, kind: str, name: str) -> None:
        assert kind == "RayJob"
        self.jobs.pop(name, None)

    def find(self, kind: str, *, labels: str = "", fields: str = "") -> list[dict[str, Any]]:
        assert (kind, labels) == ("Pod", "ray.io/cluster=tuning-1-x")
        return self.pods


@pytest.fixture(autouse=True)
def in_a_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KFP_POD_NAME", "pod")
    monkeypatch.setenv("KFP_POD_UID", "uid-1")
    for name, seconds in (("PAUSE_SECONDS", 0.001), ("OPERATOR_SECONDS", 0.05), ("READY_SECONDS", 0.05)):
        monkeypatch.setattr(kuberay, name, seconds)
    monkeypatch.setattr("importlib.metadata.version", lambda name: "2.60.0")


@pytest.mark.parametrize("use", [TUNING, PREPARATION])
@pytest.mark.parametrize("lost", [False, True])
def test_a_cluster_is_there_for_the_block_and_no_longer(use: RayUse, lost: bool) -> None:
    operator = Operator({}, {"jobDeploymentStatus": "Initializing"}, RUNNING)
    operator.answer_is_lost = lost
    with made_cluster(SECTION, use, cluster=operator) as made:
        assert made == Made("10.0.0.9:6379", "token of it")
        [job] = operator.jobs.values()
        assert job["metadata"]["name"].startswith(f"{use.stage}-")
        assert len(job["metadata"]["name"]) <= 47
        assert job == {**JOB, "metadata": {**JOB["metadata"], "name": job["metadata"]["name"]}}
    assert operator.jobs == {}


def test_a_search_that_fails_leaves_no_cluster() -> None:
    operator = Operator(RUNNING)
    with pytest.raises(ZeroDivisionError), made_cluster(SECTION, TUNING, cluster=operator):
        raise ZeroDivisionError
    assert operator.jobs == {}


def pod(condition: dict[str, Any] | None = None, waiting: dict[str, Any] | None = None) -> dict[str, Any]:
    containers = [{"state": {"waiting": waiting}}] if waiting else []
    return {"status": {"conditions": [condition] if condition else [], "containerStatuses": containers}}


UNPLACED = pod({"type": "PodScheduled", "status": "False", "message": "0/1 nodes: Insufficient cpu."})
UNPULLED = pod(waiting={"reason": "ImagePullBackOff", "message": "Back-off pulling image"})
STARTING = {"jobDeploymentStatus": "Initializing", "rayClusterName": "tuning-1-x"}


@pytest.mark.parametrize(
    ("status", "pods", "reason"),
    [
        ({}, [], "its operator does nothing"),
        (STARTING, [UNPLACED, UNPLACED], "Initializing; 0/1 nodes: Insufficient cpu."),
        (STARTING, [UNPULLED], "ImagePullBackOff: Back-off pulling image"),
        ({"jobDeploymentStatus": "ValidationFailed", "message": "no"}, [], "ValidationFailed no"),
        ({**RUNNING, "jobDeploymentStatus": "Failed", "jobStatus": "FAILED", "message": "gone"}, [], "Failed gone"),
    ],
)
def test_a_cluster_that_is_not_made_says_why_and_is_removed(
    status: dict[str, Any], pods: list[dict[str, Any]], reason: str
) -> None:
    operator = Operator(status, pods=pods)
    with pytest.raises(TrainingError) as caught, made_cluster(SECTION, TUNING, cluster=operator):
        pass
    assert caught.value.code == "no_ray_cluster"
    assert caught.value.message.endswith(reason)
    assert caught.value.remedy.startswith("Lower tuning.ray.cluster to")
    assert operator.jobs == {}


def test_preparation_is_told_of_its_own_setting() -> None:
    with pytest.raises(SevenfoldError) as caught, made_cluster(SECTION, PREPARATION, cluster=Operator({})):
        pass
    assert (type(caught.value), caught.value.code) == (SevenfoldError, "no_ray_cluster")
    assert caught.value.remedy.startswith("Lower preparation.ray.cluster to")


@pytest.mark.parametrize("use", [TUNING, PREPARATION])
@pytest.mark.parametrize("variable", ["KFP_POD_NAME", "KFP_POD_UID"])
def test_a_process_outside_kubeflow_is_refused(use: RayUse, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(variable)
    operator = Operator(RUNNING)
    with pytest.raises(SevenfoldError) as caught, made_cluster(SECTION, use, cluster=operator):
        pass
    assert (type(caught.value), caught.value.code, operator.jobs) == (use.error, "no_pod", {})
    assert f"remove {use.stage}.ray.cluster from the plan" in caught.value.remedy
    monkeypatch.setattr("sevenfold.runtime.environment.NAMESPACE_FILE", Path("/nowhere/namespace"))
    with pytest.raises(SevenfoldError) as caught, made_cluster(SECTION, use):
        pass
    assert (type(caught.value), caught.value.code) == (use.error, "no_pod")


def lasts(*driver_is_there: bool) -> float:
    """Return how many seconds a cluster lasts whose looks at the driver's node give these answers, then the last."""
    answers, now = list(driver_is_there), 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    def nodes() -> list[dict[str, Any]]:
        there = answers.pop(0) if len(answers) > 1 else answers[0]
        left = {"Alive": False, "Resources": {}}  # a node that has left is still listed
        return [{"Alive": True, "Resources": {"CPU": 2.0}}, {"Alive": there, "Resources": {DRIVER: 1.0}}, left]

    last_as_long_as_driver(nodes, partial(wait_until, sleep=sleep, clock=lambda: 0.0))
    return now


def test_a_cluster_lasts_until_its_driver_has_left() -> None:
    assert lasts(*[False] * 3, *[True] * 50, False) == 2.0 * (3 + 49) + RETURN_SECONDS


def test_a_cluster_waits_for_its_driver_and_for_its_second_start() -> None:
    assert lasts(False) == JOIN_SECONDS
    assert lasts(True, False, False, *[True] * 10, False) == 2.0 * (1 + 9) + RETURN_SECONDS


@pytest.mark.extended
def test_the_program_ends_when_the_node_of_a_search_is_killed(
    head: str, start_node: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", head)
    node = start_node(f"--address={head}", f"--resources={json.dumps({DRIVER: 1})}", cpus=0)
    program = subprocess.Popen([sys.executable, "-m", "sevenfold.ray.lifetime"])
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            program.wait(30)
        import psutil

        for process in [*psutil.Process(node.pid).children(recursive=True), psutil.Process(node.pid)]:
            process.kill()
        node.wait(60)
        assert program.wait(90) == 0
    finally:
        program.kill()
        program.wait()


@pytest.mark.extended
def test_a_search_uses_the_cluster_that_was_made_for_it(head: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    from sevenfold.ray import session

    @contextmanager
    def made(section: RayClusterSection, use: RayUse, on_message: Any) -> Iterator[Made]:
        yield Made(head, "0" * 64)

    monkeypatch.setattr(session, "made_cluster", made)
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    environment = dict(os.environ)
    with session.ray_session(RaySection(cluster=RayClusterSection(workers=1)), TUNING):
        import ray

        assert ray.cluster_resources()["CPU"] == 2
    assert dict(os.environ) == environment
