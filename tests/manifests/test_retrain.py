"""The receiver's manifests: whom Alertmanager sends what, and whom the network lets through."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sevenfold.monitoring.alerts import WATCHDOG, alerts
from sevenfold.monitoring.retrain.alertmanager import DRIFT_ALERTS
from sevenfold.monitoring.retrain.alerts import retrain_alerts
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection

Objects = list[dict[str, Any]]


def one(objects: Objects, kind: str, name: str) -> dict[str, Any]:
    """Return the object of a name, or the ConfigMap that holds a file of that name."""
    named = [each for each in objects if each["kind"] == kind]
    [found] = [each for each in named if each["metadata"]["name"] == name or name in each.get("data", ())]
    return found


@pytest.fixture
def receiving(overlays: dict[str, Objects]) -> Objects:
    return overlays["retrain"]


NAMES = sorted({alert.name for alert in alerts('{model="m"}', MonitoringSection(), ServiceLevel())} | DRIFT_ALERTS)


@pytest.mark.parametrize("name", [*NAMES, *(f"{name}Unknown" for name in NAMES), WATCHDOG])
def test_drift_and_its_silence_go_to_the_receiver_and_nothing_else_does(
    receiving: Objects, name: str, tmp_path: Path
) -> None:
    if not shutil.which("amtool"):
        pytest.skip("needs amtool, which comes with Alertmanager")
    config = tmp_path / "alertmanager.yml"
    config.write_text(one(receiving, "ConfigMap", "alertmanager.yml")["data"]["alertmanager.yml"])
    command = ["amtool", "config", "routes", "test", f"--config.file={config}", f"alertname={name}", "model=m"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ours = name.removesuffix("Unknown") in DRIFT_ALERTS or name == WATCHDOG
    assert done.stdout.strip() == ("retrain,none" if ours else "none")


def test_every_address_is_a_service_and_every_edge_is_open_at_both_ends(receiving: Objects) -> None:
    service = one(receiving, "Service", "retrain")
    [port] = service["spec"]["ports"]
    labels = one(receiving, "Deployment", "retrain")["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    where = f"retrain.{service['metadata']['namespace']}.svc:{port['port']}"
    route = yaml.safe_load(one(receiving, "ConfigMap", "alertmanager.yml")["data"]["alertmanager.yml"])
    [webhook] = [each["webhook_configs"] for each in route["receivers"] if each["name"] == "retrain"]
    assert webhook[0]["url"] == f"http://{where}/alerts"
    scrape = yaml.safe_load(one(receiving, "ConfigMap", "scrape-retrain.yml")["data"]["scrape-retrain.yml"])
    assert scrape["scrape_configs"][0]["static_configs"][0]["targets"] == [where]
    [inward] = one(receiving, "NetworkPolicy", "retrain")["spec"]["ingress"]
    assert [each["port"] for each in inward["ports"]] == [port["port"]]
    for name in ("alertmanager", "prometheus"):
        assert name in inward["from"][0]["podSelector"]["matchExpressions"][0]["values"]
        [outward] = one(receiving, "NetworkPolicy", f"{name}-retrain")["spec"]["egress"]
        assert outward["ports"] == inward["ports"]
        assert outward["to"][0]["podSelector"]["matchLabels"].items() <= labels.items()


def test_prometheus_reads_what_other_components_bring(receiving: Objects) -> None:
    files = one(receiving, "ConfigMap", "prometheus.yml")["data"]
    config = yaml.safe_load(files["prometheus.yml"])
    for pattern in (*config["rule_files"], *config["scrape_config_files"]):
        assert any(Path(f"/etc/prometheus/{name}").match(pattern) for name in files), pattern
    read = {
        name
        for name in files
        for pattern in (*config["rule_files"], *config["scrape_config_files"])
        if Path(f"/etc/prometheus/{name}").match(pattern)
    }
    assert read == set(files) - {"prometheus.yml"}


def test_an_operator_of_prometheus_finds_the_receiver_and_its_alerts(render_copy: Callable[..., Objects]) -> None:
    beside = "".join(f"  - ../../components/{name}\n" for name in ("retrain", "retrain-prometheus-operator"))
    settings = "  - ../../components/settings"
    objects = render_copy("cluster", **{settings: f"{beside}{settings}", "namespace: sevenfold": "namespace: blue"})
    monitor = one(objects, "PodMonitor", "retrain")
    pods = one(objects, "Deployment", "retrain")["spec"]["template"]
    assert monitor["metadata"]["namespace"] == one(objects, "Deployment", "retrain")["metadata"]["namespace"] == "blue"
    assert monitor["spec"]["selector"]["matchLabels"].items() <= pods["metadata"]["labels"].items()
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] in [port["name"] for port in pods["spec"]["containers"][0]["ports"]]
    rule = one(objects, "PrometheusRule", "sevenfold-retrain")
    named = {each["alert"] for group in rule["spec"]["groups"] for each in group["rules"]}
    assert {alert.name for alert in retrain_alerts()} <= named


def test_what_is_secret_is_a_file_that_only_its_group_reads(receiving: Objects) -> None:
    for name, mounted in (("retrain", "/etc/retrain-credential"), ("alertmanager", "/etc/alertmanager-retrain")):
        pod = one(receiving, "Deployment", name)["spec"]["template"]["spec"]
        [volume] = [each for each in pod["volumes"] if "secret" in each]
        assert volume["secret"] == {"secretName": "retrain-credential", "defaultMode": 0o440}
        assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsGroup"]
        [mount] = [each for each in pod["containers"][0]["volumeMounts"] if each["name"] == volume["name"]]
        assert (mount["mountPath"], mount["readOnly"]) == (mounted, True)
    command = one(receiving, "Deployment", "retrain")["spec"]["template"]["spec"]["containers"][0]["args"]
    assert "--credential=/etc/retrain-credential/credential" in command
