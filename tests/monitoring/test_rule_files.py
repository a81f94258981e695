"""The files of rules: accepted by Prometheus, of known metrics, of one model alone."""

import re
import shutil
import subprocess

import pytest
import yaml

from sevenfold.drift.telemetry import METRICS
from sevenfold.monitoring.rules import prometheus_rule, rule_groups, to_yaml
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection

NAME = "flights"
SECTION = MonitoringSection(window_minutes=10)
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")


@needs_promtool
def test_prometheus_accepts_the_file(tmp_path):
    for section in (MonitoringSection(), MonitoringSection(significance=0.05, windows=1, windows_drifted=1)):
        (tmp_path / "rules.yaml").write_text(to_yaml(rule_groups("a-b", section, ServiceLevel())))
        done = subprocess.run([PROMTOOL, "check", "rules", "rules.yaml"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_metric_the_rules_read_is_one_the_predictor_writes():
    known = {metric.name for metric in METRICS} | {"sevenfold_request_seconds_bucket"}
    groups = rule_groups(NAME, SECTION, ServiceLevel())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    made = {rule["record"] for rule in rules if "record" in rule}
    for rule in rules:
        names = set(re.findall(r"\bsevenfold[:_][a-z_:]+", rule["expr"]))
        assert names <= known | made, names - known - made


def test_every_alert_says_what_it_means():
    groups = rule_groups(NAME, SECTION, ServiceLevel())["groups"]
    for rule in groups[1]["rules"]:
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["labels"]["severity"] in ("none", "warning", "critical")


def test_the_object_is_a_prometheus_rule_of_this_model_alone():
    text = to_yaml(prometheus_rule(NAME, SECTION, ServiceLevel()))
    document = yaml.safe_load(text)
    assert document["apiVersion"] == "monitoring.coreos.com/v1"
    assert document["metadata"]["name"] == "sevenfold-flights"
    for group in document["spec"]["groups"]:
        for rule in group["rules"]:
            reads = re.findall(r"sevenfold[a-z_:]+(\{[^}]*\})?", rule["expr"])
            assert all(f'model="{NAME}"' in selector for selector in reads)
