"""The PrometheusRule of one model: recording rules of its drift, and alerting rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from sevenfold.drift.concept_rules import concept_rules
from sevenfold.drift.promql import FEATURE, PREDICTIONS, recording_rules
from sevenfold.monitoring.alerts import alerting_rules
from sevenfold.monitoring.concept_alerts import concept_alerts
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection

__all__ = ["prometheus_rule", "rule_groups", "to_yaml"]

INTERVAL = "1m"


def rule_groups(name: str, section: MonitoringSection, level: ServiceLevel) -> dict[str, Any]:
    """Return the rules of the model `name` as a Prometheus rule file holds them: {"groups": […]}.

    Rules of one group are evaluated in order, so a rule may build on those above it.
    """
    selector = f'{{model="{name}"}}'
    recorded = [*recording_rules(FEATURE, selector, section), *recording_rules(PREDICTIONS, selector, section)]
    alerting = alerting_rules(selector, section, level)
    labelled = [*concept_rules(selector, section), *concept_alerts(selector, section)]
    return {
        "groups": [
            {"name": f"sevenfold-{name}-drift", "interval": INTERVAL, "rules": recorded},
            {"name": f"sevenfold-{name}-alerts", "interval": INTERVAL, "rules": alerting},
            {"name": f"sevenfold-{name}-feedback", "interval": INTERVAL, "rules": labelled},
        ]
    }


def prometheus_rule(name: str, section: MonitoringSection, level: ServiceLevel) -> dict[str, Any]:
    """Return the PrometheusRule of the model `name`, for `kubectl apply` where the Prometheus operator runs.

    Args:
        name: the served name, a DNS label.
        section: windows and limits.
        level: the promised latency and error rate.
    """
    labels = {"name": name, "component": "monitoring", "part-of": "sevenfold", "managed-by": "sevenfold"}
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {
            "name": f"sevenfold-{name}",
            "labels": {f"app.kubernetes.io/{key}": value for key, value in labels.items()},
        },
        "spec": rule_groups(name, section, level),
    }


def to_yaml(document: Mapping[str, Any]) -> str:
    """Return a document as YAML, keys in their own order."""
    text: str = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=110)
    return text
