from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

Objects = list[dict[str, Any]]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def taken(manifests: Path) -> list[str]:
    """Every address and image that is taken from elsewhere."""
    sources = [line.partition("=")[2] for line in (manifests / "sources.env").read_text().splitlines() if "=" in line]
    for path in manifests.glob("platform/*/kustomization.yaml"):
        sources += [item for item in yaml.safe_load(path.read_text())["resources"] if "://" in item]
    return sources


def test_all_that_is_taken_from_elsewhere_has_one_version(taken: list[str]) -> None:
    assert len(taken) >= 7
    for source in taken:
        version = re.search(r"/v?\d+\.\d+\.\d+/|ref=v?\d+\.\d+\.\d+$|:v?\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?$", source)
        assert version, source


def test_the_ports_of_the_machine_lead_to_services(overlays: dict[str, Objects], manifests: Path) -> None:
    config = yaml.safe_load((manifests.parent / "kind-config.yaml").read_text())
    mapped = {port["containerPort"] for port in config["nodes"][0]["extraPortMappings"]}
    proxy = yaml.safe_load((manifests / "platform/gateway/kserve-ingress-envoyproxy.yaml").read_text())
    pages = yaml.safe_load((manifests / "platform/pipelines/kubeflow-ports-service.yaml").read_text())
    ports = list(proxy["spec"]["provider"]["kubernetes"]["envoyService"]["patch"]["value"]["spec"]["ports"])
    ports += pages["spec"]["ports"]
    for item in overlays["kind"]:
        ports += item["spec"]["ports"] if item["kind"] == "Service" else []
    assert mapped == {port["nodePort"] for port in ports if "nodePort" in port}
    assert all(port["listenAddress"] == "127.0.0.1" for port in config["nodes"][0]["extraPortMappings"])


def test_kserve_is_told_where_the_gateway_is(manifests: Path) -> None:
    import json

    data = yaml.safe_load((manifests / "platform/kserve/inferenceservice-config-configmap.yaml").read_text())["data"]
    gateway = yaml.safe_load((manifests / "platform/gateway/kserve-ingress-gateway.yaml").read_text())["metadata"]
    ingress = json.loads(data["ingress"])
    assert ingress["enableGatewayApi"] is True
    assert ingress["kserveIngressGateway"] == f"{gateway['namespace']}/{gateway['name']}"
    assert json.loads(data["deploy"]) == {"defaultDeploymentMode": "Standard"}


@pytest.fixture
def programs(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """docker, kind and kubectl that only write down how they are called."""
    folder, log = tmp_path / "programs", tmp_path / "calls"
    folder.mkdir()
    for name in ("docker", "kind", "kubectl"):
        reads = 'case "$*" in *"-i "*) cat >/dev/null ;; esac'
        (folder / name).write_text(f'#!/bin/sh\necho "{name} $*" >>"{log}"\n{reads}\n')
        (folder / name).chmod(0o755)
    keep = {key: value for key, value in os.environ.items() if key not in ("MIRROR", "REGISTRY", "ENGINE", "CLUSTER")}
    return log, {**keep, "PATH": f"{folder}:{os.environ['PATH']}"}


def run(environment: dict[str, str], *steps: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(ROOT / "manifests/kind.sh"), *steps]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_cluster_is_made_from_the_pinned_image(programs: tuple[Path, dict[str, str]]) -> None:
    log, environment = programs
    done = run(environment, "cluster", "registry", "certificates")
    assert done.returncode == 0, done.stderr
    calls = log.read_text()
    assert "kind create cluster --name sevenfold --config kind-config.yaml --image docker.io/kindest/node:v1" in calls
    assert "docker run -d --restart=always -p 127.0.0.1:5001:5000" in calls
    assert "-f https://github.com/cert-manager/" in calls


def test_one_variable_takes_everything_from_a_mirror(programs: tuple[Path, dict[str, str]]) -> None:
    log, environment = programs
    steps = ("cluster", "registry", "certificates", "gateway")
    assert run({**environment, "MIRROR": "mirror.example"}, *steps).returncode == 0
    calls = log.read_text()
    assert "--image mirror.example/docker.io/kindest/node:" in calls
    assert "-f https://mirror.example/files/github.com/cert-manager/" in calls
    assert "-f https://mirror.example/files/github.com/envoyproxy/" in calls
    for source in ("docker.io", "ghcr.io", "quay.io", "registry.k8s.io"):
        assert f"mkdir -p /etc/containerd/certs.d/{source}" in calls
    assert "https://github.com" not in calls


def test_an_unknown_step_is_refused(programs: tuple[Path, dict[str, str]]) -> None:
    done = run(programs[1], "everything")
    assert done.returncode == 2
    assert "everything" in done.stderr
