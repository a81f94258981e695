"""What a real API server, and KServe behind it, make of a service of TensorFlow Serving; its image is not run.

Skipped where KUBECONFIG names no cluster that answers.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sevenfold.plan.deployment import DeploymentSection, Runtime, Strategy
from sevenfold.serving.kserve.inference_service import BUNDLE, Release, workload
from sevenfold.serving.kserve.predictor_spec import TENSORFLOW_RUNTIME, predictor_of
from sevenfold.serving.kserve.readiness import container_of

pytestmark = pytest.mark.cluster
SECTION = DeploymentSection(runtime=Runtime.TENSORFLOW_SERVING, strategy=Strategy.REPLACE)
OLD, NEW = (f"sha256:{digit * 64}" for digit in "ab")
# What KServe's own ClusterServingRuntime of this name says, but without its security context.
RUNTIME: dict[str, Any] = {
    "apiVersion": "serving.kserve.io/v1alpha1",
    "kind": "ServingRuntime",
    "metadata": {"name": TENSORFLOW_RUNTIME},
    "spec": {
        "supportedModelFormats": [{"name": "tensorflow", "version": "2", "autoSelect": True}],
        "protocolVersions": ["v1", "grpc-v1"],
        "containers": [
            {
                "name": "kserve-container",
                "image": "registry.invalid/tensorflow/serving:2",
                "command": ["/usr/bin/tensorflow_model_server"],
                "args": ["--model_name={{.Name}}", "--model_base_path=/mnt/models"],
            }
        ],
    },
}
# No pod starts here, and what the restricted standard would refuse is reported.
NAMESPACE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"labels": {"pod-security.kubernetes.io/warn": "restricted"}},
}
NO_PODS = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "no-pods"},
    "spec": {"hard": {"pods": "0"}},
}
WAIT_SECONDS = 60


def kubectl(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(["kubectl", *arguments], input=given, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    """A namespace of this test's own, with the runtime."""
    if not os.environ.get("KUBECONFIG") or not shutil.which("kubectl"):
        pytest.skip("needs KUBECONFIG and kubectl")
    if kubectl("version", "--request-timeout=5s").returncode:
        pytest.skip("needs a cluster that answers")
    webhook = ("get", "endpoints", "-n", "kserve", "kserve-webhook-server-service", "-o", "jsonpath={.subsets}")
    if not kubectl(*webhook).stdout:
        pytest.skip("needs KServe, whose webhook does not answer")
    name = f"test-{secrets.token_hex(3)}"
    try:
        for item in (NAMESPACE | {"metadata": NAMESPACE["metadata"] | {"name": name}}, NO_PODS, RUNTIME):
            scope = () if item["kind"] == "Namespace" else ("-n", name)
            made = kubectl(*scope, "apply", "--server-side", "--validate=strict", "-f", "-", given=json.dumps(item))
            assert made.returncode == 0, made.stderr
        yield name
    finally:
        kubectl("delete", "namespace", "--wait=false", "--ignore-not-found", name)


@pytest.fixture
def service(namespace: str) -> Release:
    return Release("trains", namespace, predictor_of("trains", "minio://bucket/trains/bundle", OLD, "", SECTION))


def tried(manifest: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    command = ("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", "-ojson")
    return kubectl(*command, given=json.dumps(manifest))


def test_the_server_takes_it_whole(service: Release) -> None:
    done = tried(service.manifest())
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    predictor = json.loads(done.stdout)["spec"]["predictor"]
    model = predictor["model"]
    assert model["storageUri"] == "s3://bucket/trains/bundle/saved_model"
    assert (model["runtime"], model["protocolVersion"], model["args"]) == (
        TENSORFLOW_RUNTIME,
        "v1",
        ["--model_name=trains"],
    )
    assert model["lifecycle"]["preStop"] == {"sleep": {"seconds": 20}}
    assert predictor["annotations"] == {BUNDLE: OLD}
    assert predictor["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


def test_the_server_takes_one_that_waits_for_a_person_beside_it(service: Release) -> None:
    candidate = predictor_of("trains", "minio://bucket/trains/newer", NEW, "", SECTION)
    done = tried(replace(service, candidate=candidate).manifest())
    assert done.returncode == 0, done.stderr
    [canary] = json.loads(done.stdout)["spec"]["canary"]
    assert (canary["trafficPercent"], canary["predictor"]["annotations"]) == (0, {BUNDLE: NEW})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"storagePath": ["not", "a", "text"]}, "storagePath"),
        ({"lifecycle": {"preStop": {"sleep": {"minutes": 1}}}}, "minutes"),
    ],
)
def test_the_server_does_look(service: Release, change: dict[str, Any], message: str) -> None:
    """Else its consent would say nothing."""
    predictor = service.stable | {"model": service.stable["model"] | change}
    done = tried(replace(service, stable=predictor).manifest())
    assert done.returncode
    assert message in done.stderr


def test_kserve_does_look(service: Release) -> None:
    two = {"containers": [{"name": "kserve-container", "image": "registry.invalid/other:1"}], "sklearn": {}}
    done = tried(replace(service, stable=service.stable | two).manifest())
    assert done.returncode
    assert "admission webhook" in done.stderr


def deployment_of(service: Release) -> dict[str, Any]:
    deployment = workload(service.name, service.stable)
    for _ in range(WAIT_SECONDS):
        answer = kubectl("-n", service.namespace, "get", "deployment", deployment, "-ojson", "--ignore-not-found")
        if answer.stdout:
            return dict(json.loads(answer.stdout))
        time.sleep(1)
    status = kubectl("-n", service.namespace, "get", "inferenceservice", service.name, "-ojsonpath={.status}").stdout
    raise AssertionError(f"KServe made no Deployment in {WAIT_SECONDS} seconds: {status}")


def test_kserve_makes_a_deployment_that_is_known_by_its_bundle(service: Release) -> None:
    given = json.dumps(replace(service, hidden=True).manifest())
    applied = kubectl("apply", "--server-side", "--validate=strict", "-f", "-", given=given)
    assert applied.returncode == 0, applied.stderr
    made = deployment_of(service)
    template = made["spec"]["template"]
    container = container_of(made)
    assert template["metadata"]["annotations"][BUNDLE] == OLD
    assert template["metadata"]["labels"]["app.kubernetes.io/component"] == "predictor"
    assert "s3://bucket/trains/bundle/saved_model" in template["metadata"]["annotations"].values()
    assert container["image"] == "registry.invalid/tensorflow/serving:2"
    assert (container["args"][0], container["args"][-1]) == ("--model_name=trains", "--model_name=trains")
    assert container["lifecycle"]["preStop"]["sleep"]["seconds"] == 20

    bare = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "again"}}
    spec = {"selector": made["spec"]["selector"], "template": template}
    command = ("-n", service.namespace, "create", "--dry-run=server", "-f", "-")
    as_made = kubectl(*command, given=json.dumps(bare | {"spec": spec}))
    container.pop("securityContext")
    without = kubectl(*command, given=json.dumps(bare | {"spec": spec}))
    assert (as_made.returncode, without.returncode) == (0, 0), as_made.stderr
    assert ("PodSecurity" in as_made.stderr, "PodSecurity" in without.stderr) == (False, True)
