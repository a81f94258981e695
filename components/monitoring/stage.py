"""The monitoring stage, for a local service or one on a cluster: folders in, folder and report out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.service import KServeService, open_service
from sevenfold.monitoring.watch import watch
from sevenfold.monitoring.watch_on_cluster import watch_on_cluster
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.report import Report
from sevenfold.report.page import write_report

__all__ = ["run_monitoring"]


def run_monitoring(
    dataset: Path, bundle: Path, service: Path, settings: str, *, out: Path, page: Path, summary: Path
) -> Report:
    """Judge the drift of the serving model, and write the rules and dashboards that watch it from now on.

    Args:
        dataset: sealed dataset folder.
        bundle: sealed bundle folder of the serving model.
        service: sealed service folder; its kind decides whether rows are replayed or Prometheus is asked.
        settings: as `monitor_model` takes them.
        out: folder for `rules.yaml`, `dashboards/` and `drift.json`, sealed.
        page: HTML report to write.
        summary: Markdown report to write.

    Raises:
        IntegrityError: for a folder that differs from what was sealed.
        MonitoringError: what `watch` and `watch_on_cluster` raise.
    """
    given = json.loads(settings)
    opened, served, target = Dataset.open(dataset), Bundle.open(bundle), open_service(service)
    section = MonitoringSection.model_validate(given["monitoring"])
    level = ServiceLevel.model_validate(given.get("service_level", {}))
    limits: dict[str, Any] = {
        "name": given["name"],
        "time_column": given.get("time_column", ""),
        "in_time_order": given.get("in_time_order", True),
        "level": level,
    }
    if isinstance(target, KServeService):
        report = watch_on_cluster(opened, served, target, section, out, **limits)
    else:
        report = watch(opened, served, target, section, out, **limits)
    write_report(report, page, summary)
    return report
