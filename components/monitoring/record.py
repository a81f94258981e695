"""The watch folder that monitoring writes: rules, dashboards and the record of drift, sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sevenfold.contracts.canonical import write_json, write_whole
from sevenfold.contracts.manifest import seal
from sevenfold.drift.stability import Counts
from sevenfold.drift.verdict import WindowDrift, alarms, overall
from sevenfold.monitoring.dashboards.catalogue import DASHBOARDS, dashboards
from sevenfold.monitoring.rules import prometheus_rule, to_yaml
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection

__all__ = ["WATCH_FILES", "drift_record", "write_watch"]

WATCH_FILES = ("rules.yaml", *(f"dashboards/{name}.json" for name in DASHBOARDS), "drift.json")


def drift_record(
    windows: Sequence[WindowDrift], counts: Mapping[str, Mapping[str, Counts]], section: MonitoringSection
) -> dict[str, Any]:
    """Return verdict, alarms and windows for `drift.json`, without times or durations."""
    return {
        "verdict": overall(windows, section),
        "alarms": [asdict(alarm) for alarm in alarms(windows, section)],
        "windows": [
            {
                **asdict(window),
                "counts": {name: [round(value) for value in values] for name, values in counts[window.label].items()},
            }
            for window in windows
        ],
    }


def write_watch(
    out: Path, name: str, section: MonitoringSection, level: ServiceLevel, record: Mapping[str, Any]
) -> None:
    """Write the sealed folder `out`: `rules.yaml` (PrometheusRule), `dashboards/*.json` (Grafana), `drift.json`."""
    (out / "dashboards").mkdir(parents=True, exist_ok=True)
    write_whole(out / "rules.yaml", to_yaml(prometheus_rule(name, section, level)).encode())
    for key, dashboard in dashboards(name).items():
        write_json(out / "dashboards" / f"{key}.json", dashboard)
    write_json(out / "drift.json", dict(record))
    seal(out, expected=WATCH_FILES)
