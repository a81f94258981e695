"""The monitoring stage, for a local service or one on a cluster: folders in, folder and report out."""

from __future__ import annotations

import json
from pathlib import Path

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.service import KServeService, open_service
from sevenfold.monitoring.watch import watch
from sevenfold.monitoring.watch_on_cluster import watch_on_cluster
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.report import Report

__all__ = ["run_monitoring"]


def run_monitoring(dataset: Path, bundle: Path, service: Path, settings: str, *, out: Path) -> Report:
    """Judge the drift of the serving model, and write the rules and dashboard that watch it from now on.

    Args:
        dataset: sealed dataset folder.
        bundle: sealed bundle folder of the serving model.
        service: sealed service folder; its kind decides whether rows are replayed or Prometheus is asked.
        settings: as `monitor_model` takes them.
        out: folder for `rules.yaml`, `dashboard.json` and `drift.json`, sealed.

    Raises:
        IntegrityError: for a folder that differs from what was sealed.
        MonitoringError: what `watch` and `watch_on_cluster` raise.
    """
    given = json.loads(settings)
    opened, served, target = Dataset.open(dataset), Bundle.open(bundle), open_service(service)
    section = MonitoringSection.model_validate(given["monitoring"])
    level = ServiceLevel.model_validate(given.get("service_level", {}))
    name, time_column = given["name"], given.get("time_column", "")
    if isinstance(target, KServeService):
        return watch_on_cluster(opened, served, target, section, out, name=name, time_column=time_column, level=level)
    return watch(opened, served, target, section, out, name=name, time_column=time_column, level=level)
