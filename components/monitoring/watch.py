"""The monitoring stage: rows replayed, drift judged, rules and dashboard written, all of it reported."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.canonical import write_json, write_whole
from sevenfold.contracts.counted import bin_counts
from sevenfold.contracts.dataset import LATER, Dataset
from sevenfold.contracts.errors import IntegrityError, MonitoringError
from sevenfold.contracts.inference import InferenceClient
from sevenfold.contracts.manifest import seal, verify
from sevenfold.contracts.progress import report_progress
from sevenfold.contracts.report import Report
from sevenfold.contracts.stability import Counts
from sevenfold.contracts.telemetry import bundle_label
from sevenfold.monitoring.dashboard import build_dashboard
from sevenfold.monitoring.drift import WindowDrift, alarms, overall, window_drift
from sevenfold.monitoring.replay import Replayed, replay, scrape
from sevenfold.monitoring.report import replay_report
from sevenfold.monitoring.rules import prometheus_rule, to_yaml
from sevenfold.monitoring.traffic import traffic_of
from sevenfold.monitoring.windows import equal_windows, windows_of
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection, Replay

__all__ = ["WATCH_FILES", "ServiceAddress", "read_service", "watch"]

STAGE = "monitoring"
WATCH_FILES = ("rules.yaml", "dashboard.json", "drift.json")


@dataclass(frozen=True)
class ServiceAddress:
    """Where a predictor answers, under which name, and the digest of the bundle it should serve."""

    url: str
    name: str
    digest: str


def read_service(folder: Path) -> ServiceAddress:
    """Verify a service folder and read its `service.json`.

    Raises:
        IntegrityError: whatever `verify` raises; ``unknown_format``.
    """
    verify(folder)
    try:
        told = orjson.loads((folder / "service.json").read_bytes())
        return ServiceAddress(url=str(told["url"]), name=str(told["name"]), digest=str(told["digest"]))
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
    if service.digest != bundle.digest:
        raise MonitoringError(
            "another_bundle",
            f"The service must serve bundle {bundle.digest[:19]}…, but serves {service.digest[:19]}….",
            remedy="Watch a service together with the bundle that was deployed to it.",
        )
    replayed, what = _traffic(dataset, bundle, service, section, time_column)
    reference = bundle.reference()
    counts = {part.label: bin_counts(part.counted, reference) for part in replayed}
    windows = [window_drift(part.label, counts[part.label], reference, section) for part in replayed]
    report_progress(STAGE, _told(windows, section), done=1, total=1)
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / "rules.yaml", to_yaml(prometheus_rule(name, section, level or ServiceLevel())).encode())
    write_json(out / "dashboard.json", build_dashboard(name))
    write_json(out / "drift.json", _record(bundle, windows, counts, section))
    seal(out, expected=WATCH_FILES)
    return replay_report(windows, replayed, counts, reference, section, what=what)


def _traffic(
    dataset: Dataset, bundle: Bundle, service: ServiceAddress, section: MonitoringSection, time_column: str
) -> tuple[list[Replayed], str]:
    label = bundle_label(bundle.digest)
    with InferenceClient(service.url, service.name, timeout_seconds=60.0) as client:
        if section.replay is Replay.NONE:
            return [traffic_of(scrape(client, label), "since it started")], "rows served so far"
        later = section.replay is Replay.LATER and dataset.has_later and dataset.rows(LATER) > 0
        table = dataset.table(LATER if later else "test")
        if later:
            windows = windows_of(table, time_column, section.window, parts=section.windows)
        else:
            windows = equal_windows(table.num_rows, min(section.windows, max(1, table.num_rows // section.min_rows)))
        report_progress(STAGE, f"replaying {table.num_rows:,} rows in {len(windows)} windows", total=len(windows))
        found = replay(client, table, bundle.signature.inputs, windows, label, on_progress=_progress)
    return found, "rows after the test period" if later else "test rows"


def _progress(message: str, done: int, total: int) -> None:
    report_progress(STAGE, message, done=done, total=total)


def _told(windows: list[WindowDrift], section: MonitoringSection) -> str:
    verdict = overall(windows, section)
    if verdict == "drifted":
        names = [alarm.feature for alarm in alarms(windows, section)]
        return f"drift in {', '.join(names[:3])}{' …' if len(names) > 3 else ''}"
    return "no drift" if verdict == "stable" else "too few rows to tell drift"


def _record(
    bundle: Bundle, windows: list[WindowDrift], counts: dict[str, dict[str, Counts]], section: MonitoringSection
) -> dict[str, Any]:
    """Return what `drift.json` says: nothing in it tells when or how fast."""
    return {
        "version": 1,
        "bundle": bundle.digest,
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
