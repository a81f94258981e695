"""Write the rules and the dashboards that the manifests carry: they speak of whatever model serves.

    python manifests/write_rules.py

They come from the same functions as a run's own rules, with the plan's default limits. What is written is kept in
version control, so that nothing has to be generated before `kubectl apply`; a test compares it with this.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from sevenfold.drift.concept_rules import concept_rules
from sevenfold.drift.promql import FEATURE, PREDICTIONS, recording_rules
from sevenfold.monitoring.alerts import alerting_rules
from sevenfold.monitoring.concept_alerts import concept_alerts
from sevenfold.monitoring.dashboards.catalogue import dashboards
from sevenfold.monitoring.retrain.alerts import retrain_alerting_rules
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection

COMPONENTS = Path(__file__).resolve().parent / "components"
SELECTOR = '{model=~".+"}'
HEAD = "# Written by manifests/write_rules.py; change the rules there, in components/monitoring.\n"


def groups() -> list[dict[str, Any]]:
    """Return the rule groups for every model, at the limits a plan has by default."""
    section, level = MonitoringSection(), ServiceLevel()
    recorded = [*recording_rules(FEATURE, SELECTOR, section), *recording_rules(PREDICTIONS, SELECTOR, section)]
    labelled = [*concept_rules(SELECTOR, section), *concept_alerts(SELECTOR, section)]
    return [
        {"name": "sevenfold-drift", "interval": "1m", "rules": recorded},
        {"name": "sevenfold-alerts", "interval": "1m", "rules": alerting_rules(SELECTOR, section, level)},
        {"name": "sevenfold-feedback", "interval": "1m", "rules": labelled},
    ]


def files() -> dict[Path, str]:
    """Return the text of every file that is generated."""
    retrain = [{"name": "sevenfold-retrain", "interval": "1m", "rules": retrain_alerting_rules()}]
    boards = {
        COMPONENTS / folder / f"{name}.json": json.dumps(board, indent=1, ensure_ascii=False) + "\n"
        for name, board in dashboards().items()
        for folder in ("monitoring/files/dashboards", "prometheus-operator/dashboards")
    }
    return {
        COMPONENTS / "monitoring/files/rules.yml": HEAD + _yaml({"groups": groups()}),
        COMPONENTS / "retrain-monitoring/files/rules.yml": HEAD + _yaml({"groups": retrain}),
        COMPONENTS / "prometheus-operator/predictor-prometheusrule.yaml": HEAD + _yaml(_rule("sevenfold", groups())),
        COMPONENTS / "retrain-prometheus-operator/retrain-prometheusrule.yaml": HEAD
        + _yaml(_rule("sevenfold-retrain", retrain)),
        **boards,
    }


def _rule(name: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {
            "name": name,
            "namespace": "sevenfold",
            "labels": {"app.kubernetes.io/part-of": "sevenfold"},
        },
        "spec": {"groups": rules},
    }


def _yaml(document: dict[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False, width=118, allow_unicode=True)


def main() -> int:
    """Write the files."""
    for path, text in files().items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
