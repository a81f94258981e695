"""The monitoring stage: rows replayed, drift judged, rules and dashboard written, all of it reported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.counted import bin_counts
from sevenfold.contracts.dataset import LATER, Dataset
from sevenfold.contracts.errors import IntegrityError, MonitoringError
from sevenfold.contracts.inference import InferenceClient
from sevenfold.contracts.manifest import verify
from sevenfold.contracts.progress import report_progress
from sevenfold.contracts.report import Report
from sevenfold.contracts.telemetry import bundle_label
from sevenfold.monitoring.drift import WindowDrift, alarms, overall, window_drift
from sevenfold.monitoring.record import drift_record, write_watched
from sevenfold.monitoring.replay import Replayed, replay, scrape
from sevenfold.monitoring.report import replay_report
from sevenfold.monitoring.traffic import traffic_of
from sevenfold.monitoring.windows import Window, equal_windows, windows_of
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection, Replay

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ServiceAddress", "read_service", "require_same_bundle", "watch", "windows_of_dataset"]

STAGE = "monitoring"


@dataclass(frozen=True)
class ServiceAddress:
    """Where a predictor answers, under which name, and the digest of the bundle it should serve.

    `kind` is local, a process of this machine, or kserve, an InferenceService in `namespace`.
    """

    url: str
    name: str
    digest: str
    kind: str = "local"
    namespace: str = ""


def read_service(folder: Path) -> ServiceAddress:
    """Verify a service folder and read its `service.json`.

    Raises:
        IntegrityError: whatever `verify` raises; ``unknown_format``.
    """
    verify(folder)
    try:
        told = orjson.loads((folder / "service.json").read_bytes())
        place = {key: str(told[key]) for key in ("kind", "namespace") if key in told}
        return ServiceAddress(url=str(told["url"]), name=str(told["name"]), digest=str(told["digest"]), **place)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            "unknown_format",
            f"{folder.name} must hold a service.json with url, name and digest.",
            remedy="Deploy the bundle again.",
        ) from error


def watch(
    dataset: Dataset,
    bundle: Bundle,
    service: ServiceAddress,
    section: MonitoringSection,
    out: Path,
    *,
    name: str,
    time_column: str = "",
    level: ServiceLevel | None = None,
) -> Report:
    """Replay rows through the predictor as traffic, judge drift from its counters, write what watches it from now on.

    Args:
        dataset: `later` or `test` rows are sent, as `section.replay` says; with ``none`` what was counted so far is
            judged as one window.
        bundle: what serves; its reference is compared with.
        service: the predictor.
        section: windows and limits.
        out: folder for `rules.yaml` (PrometheusRule), `dashboard.json` (Grafana) and `drift.json`, sealed.
        name: the plan's name.
        time_column: column that windows are cut by.
        level: what users are promised, for the alerts; None takes the defaults.

    Returns:
        The report; drift is a finding, not a failure.

    Raises:
        MonitoringError: ``another_bundle`` if something else serves, ``bad_metrics``, ``no_series``.
        ServingError, TemporaryError: if the predictor does not answer as it should.
    """
    require_same_bundle(service, bundle)
    replayed, what = _traffic(dataset, bundle, service, section, time_column)
    reference = bundle.reference()
    counts = {part.label: bin_counts(part.counted, reference) for part in replayed}
    windows = [window_drift(part.label, counts[part.label], reference, section) for part in replayed]
    report_progress(STAGE, _told(windows, section), done=1, total=1)
    record = {"version": 1, "bundle": bundle.digest, **drift_record(windows, counts, section)}
    write_watched(out, name, section, level or ServiceLevel(), record)
    return replay_report(windows, replayed, counts, reference, section, what=what)


def require_same_bundle(service: ServiceAddress, bundle: Bundle) -> None:
    """Refuse a bundle that is not the one deployed.

    Raises:
        MonitoringError: ``another_bundle``.
    """
    if service.digest != bundle.digest:
        raise MonitoringError(
            "another_bundle",
            f"The service must serve bundle {bundle.digest[:19]}…, but serves {service.digest[:19]}….",
            remedy="Watch a service together with the bundle that was deployed to it.",
        )


def windows_of_dataset(
    dataset: Dataset, section: MonitoringSection, time_column: str
) -> tuple[pa.Table, list[Window], str]:
    """Return the rows that `section.replay` names, later or test, their windows, and what they are in words."""
    later = section.replay is Replay.LATER and dataset.has_later and dataset.rows(LATER) > 0
    table = dataset.table(LATER if later else "test")
    if later:
        return (
            table,
            windows_of(table, time_column, section.window, parts=section.windows),
            "rows after the test period",
        )
    parts = min(section.windows, max(1, table.num_rows // section.min_rows))
    return table, equal_windows(table.num_rows, parts), "test rows"


def _traffic(
    dataset: Dataset, bundle: Bundle, service: ServiceAddress, section: MonitoringSection, time_column: str
) -> tuple[list[Replayed], str]:
    label = bundle_label(bundle.digest)
    with InferenceClient(service.url, service.name, timeout_seconds=60.0) as client:
        if section.replay is Replay.NONE:
            return [traffic_of(scrape(client, label), "since it started")], "rows served so far"
        table, windows, what = windows_of_dataset(dataset, section, time_column)
        report_progress(STAGE, f"replaying {table.num_rows:,} rows in {len(windows)} windows", total=len(windows))
        found = replay(client, table, bundle.signature.inputs, windows, label, on_progress=_progress)
    return found, what


def _progress(message: str, done: int, total: int) -> None:
    report_progress(STAGE, message, done=done, total=total)


def _told(windows: list[WindowDrift], section: MonitoringSection) -> str:
    verdict = overall(windows, section)
    if verdict == "drifted":
        names = [alarm.feature for alarm in alarms(windows, section)]
        return f"drift in {', '.join(names[:3])}{' …' if len(names) > 3 else ''}"
    return "no drift" if verdict == "stable" else "too few rows to tell drift"
