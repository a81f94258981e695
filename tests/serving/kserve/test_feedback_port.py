"""The port for labels on KServe: there where a Secret is named, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from sevenfold.plan.deployment import DeploymentSection
from sevenfold.serving.kserve.predictor_spec import FEEDBACK_PORT, predictor_of

POLICY = Path(__file__).parents[3] / "manifests/base/predictor-networkpolicy.yaml"


def built(**keys: Any) -> dict[str, Any]:
    section = DeploymentSection(**keys)
    return dict(predictor_of("flights", "s3://bucket/bundle", "sha256:" + "a" * 64, "", section)["model"])


def test_a_secret_opens_the_port() -> None:
    model = built(feedback_secret="labels")  # noqa: S106 - the name of one
    closed = built()
    assert model["args"] == [*closed["args"], f"--feedback-port={FEEDBACK_PORT}"]
    key = {"name": "labels", "key": "credential"}
    assert model["env"] == [{"name": "SEVENFOLD_FEEDBACK_CREDENTIAL", "valueFrom": {"secretKeyRef": key}}]
    assert {name: value for name, value in model.items() if name not in ("args", "env")} == {
        name: value for name, value in closed.items() if name != "args"
    }
    assert "env" not in closed


def test_the_network_policy_lets_senders_alone_reach_it() -> None:
    policy = yaml.safe_load(POLICY.read_text())
    rules = policy["spec"]["ingress"]
    ours = [rule for rule in rules if {"protocol": "TCP", "port": FEEDBACK_PORT} in rule["ports"]]
    assert len(ours) == 1
    assert ours[0]["ports"] == [{"protocol": "TCP", "port": FEEDBACK_PORT}]
    (sender,) = ours[0]["from"]
    assert sender["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "feedback"
