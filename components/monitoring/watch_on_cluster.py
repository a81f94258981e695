"""Watch a service on a cluster: judge the users' requests from Prometheus's counters, and send nothing.

The dataset's own rows are judged as a batch, without the service.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import MonitoringError, TemporaryError
from sevenfold.contracts.service import KServeService
from sevenfold.drift.counters import bin_counts
from sevenfold.drift.prometheus import PrometheusClient
from sevenfold.drift.telemetry import bundle_label
from sevenfold.drift.verdict import window_drift
from sevenfold.monitoring.batch import drift_of_table
from sevenfold.monitoring.cluster_report import cluster_report
from sevenfold.monitoring.live_labels import live_labels
from sevenfold.monitoring.live_windows import JudgedRows, LiveTraffic, live_windows
from sevenfold.monitoring.record import drift_record, write_watch
from sevenfold.monitoring.replay import evenly_spaced
from sevenfold.monitoring.visibility import check_visibility
from sevenfold.monitoring.watch import require_same_bundle, windows_of_dataset
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection, Replay
from sevenfold.report import Finding, Findings, Report
from sevenfold.runtime.environment import prometheus_login
from sevenfold.runtime.progress import report_progress

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["watch_on_cluster"]

STAGE = "monitoring"
PATIENCE_SECONDS: Final = 60.0  # a new pod is scraped first 10 seconds after Prometheus has discovered it
PAUSE_SECONDS: Final = 5.0


def watch_on_cluster(
    dataset: Dataset,
    bundle: Bundle,
    service: KServeService,
    section: MonitoringSection,
    out: Path,
    *,
    name: str,
    time_column: str = "",
    in_time_order: bool = True,
    level: ServiceLevel | None = None,
    sleep: Callable[[float], None] = time.sleep,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Report:
    """Judge users' requests from Prometheus's counters and the dataset's rows as a batch; write rules and dashboards.

    Args:
        dataset: `later` or `test` rows are judged, as `section.replay` says; with ``none`` no rows are.
        bundle: the serving model, with the reference to compare with.
        service: the InferenceService; nothing is sent to it.
        section: windows, limits, and the address of Prometheus.
        out: folder for `rules.yaml`, `dashboards/` and `drift.json`, sealed.
        name: the plan's name.
        time_column: column that the dataset's windows are cut by.
        in_time_order: whether the test rows are the newest; else they were drawn, and windows of them are, too.
        level: promised latency and error rate, for the alerts; None takes the defaults.
        sleep: waits so many seconds.
        patience_seconds: longest wait for Prometheus to answer and to have seen the bundle.

    Returns:
        The report. Drift is a finding, not a failure; where Prometheus cannot be asked drift is unknown, not absent.

    Raises:
        MonitoringError: ``another_bundle``.
    """
    require_same_bundle(service, bundle)
    report_progress(STAGE, f"asking Prometheus at {section.prometheus}", done=0, total=2)
    live = _live(bundle, service, section, sleep, patience_seconds)
    report_progress(STAGE, _message(live), done=1, total=2)
    rows = _dataset_rows(dataset, bundle, section, time_column, in_time_order)
    reference = bundle.reference()
    record: dict[str, Any] = {
        "version": 1,
        "bundle": bundle.digest,
        **drift_record(live.judged.windows, live.judged.counts, section),
        "dataset": drift_record(rows.windows, rows.counts, section) if rows else None,
    }
    if not live.known:
        record["verdict"] = "unknown"
    write_watch(out, name, section, level or ServiceLevel(), record)
    report_progress(STAGE, "rules, dashboards and record of drift written", done=2, total=2)
    report = cluster_report(live, rows, reference, section, level or ServiceLevel())
    return _with_note(report) if section.subtle else report


def _with_note(report: Report) -> Report:
    text = "monitoring.subtle: rows as a whole are compared on one machine only, by sevenfold drift --dataset."
    note = Findings(findings=(Finding(level="info", text=text),))
    return report.model_copy(update={"blocks": (*report.blocks, note)})


def _live(
    bundle: Bundle,
    service: KServeService,
    section: MonitoringSection,
    sleep: Callable[[float], None],
    patience_seconds: float,
) -> LiveTraffic:
    """Ask until Prometheus sees the bundle, or the patience ends."""
    waited, unseen = 0.0, JudgedRows([], {}, "")
    while True:
        try:
            live = _ask(bundle, service, section)
        except (TemporaryError, MonitoringError) as error:
            live = LiveTraffic(unseen, [], None, fault=str(error))
        if live.known or waited >= patience_seconds:
            return live
        sleep(PAUSE_SECONDS)
        waited += PAUSE_SECONDS


def _ask(bundle: Bundle, service: KServeService, section: MonitoringSection) -> LiveTraffic:
    client = PrometheusClient(section.prometheus, prometheus_login())
    namespace, model, label = service.namespace, service.name, bundle_label(bundle.digest)
    now = client.now()
    visibility = check_visibility(client, namespace=namespace, model=model, bundle=label)
    counted = live_windows(
        client,
        namespace=namespace,
        model=model,
        bundle=label,
        minutes=section.window_minutes,
        windows=section.windows,
        now=now,
    )
    reference = bundle.reference()
    counts = {part.label: bin_counts(part.counted, reference) for part in counted}
    windows = [window_drift(part.label, counts[part.label], reference, section) for part in counted]
    labels = live_labels(client, bundle, section, namespace=namespace, model=model, at=now)
    return LiveTraffic(JudgedRows(windows, counts, "rows served"), counted, visibility, labels=labels)


def _dataset_rows(
    dataset: Dataset, bundle: Bundle, section: MonitoringSection, time_column: str, in_time_order: bool
) -> JudgedRows | None:
    if section.replay is Replay.NONE:
        return None
    table, parts, what = windows_of_dataset(dataset, section, time_column, in_time_order=in_time_order)
    windows, counts = [], {}
    for part in parts:
        rows: pa.Table = table.take(evenly_spaced(part.rows))
        counts[part.label], window = drift_of_table(bundle, rows, section)
        windows.append(replace(window, label=part.label))
    return JudgedRows(windows, counts, what)


def _message(live: LiveTraffic) -> str:
    if live.fault:
        return "Prometheus did not answer: drift is unknown"
    if not live.known:
        return "Prometheus does not see the bundle: drift is unknown"
    rows = sum(window.rows for window in live.judged.windows)
    return f"{rows:,} rows served so far on {live.visibility.pods if live.visibility else 0} pods"
