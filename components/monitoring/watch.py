"""Watch a local service: replay rows, judge drift, write rules and dashboards, and report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import LATER, Dataset
from sevenfold.contracts.errors import MonitoringError
from sevenfold.contracts.service import Service
from sevenfold.drift.counters import bin_counts
from sevenfold.drift.telemetry import bundle_label
from sevenfold.drift.verdict import WindowDrift, alarms, overall, window_drift
from sevenfold.monitoring.record import drift_record, write_watch
from sevenfold.monitoring.replay import Replayed, replay
from sevenfold.monitoring.report import replay_report
from sevenfold.monitoring.scrape import scrape
from sevenfold.monitoring.subtle.card import row_record, with_card
from sevenfold.monitoring.subtle.rows import RowComparer
from sevenfold.monitoring.windows import Window, drawn_windows, equal_windows, windows_of
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection, Replay
from sevenfold.report import Report
from sevenfold.report.quantity import quantity
from sevenfold.runtime.progress import report_progress
from sevenfold.scoring.client import InferenceClient

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["require_same_bundle", "watch", "windows_of_dataset"]

STAGE = "monitoring"


def watch(
    dataset: Dataset,
    bundle: Bundle,
    service: Service,
    section: MonitoringSection,
    out: Path,
    *,
    name: str,
    time_column: str = "",
    in_time_order: bool = True,
    level: ServiceLevel | None = None,
) -> Report:
    """Replay rows through the predictor as traffic, judge drift from its counters, and write rules and dashboards.

    Args:
        dataset: `later` or `test` rows are sent, as `section.replay` says; with ``none`` the requests counted so
            far are judged as one window.
        bundle: the serving model, with the reference to compare with.
        service: the predictor.
        section: windows and limits.
        out: folder for `rules.yaml` (PrometheusRule), `dashboards/` (Grafana) and `drift.json`, sealed.
        name: the plan's name.
        time_column: column that windows are cut by.
        in_time_order: whether the test rows are the newest; else they were drawn, and windows of them are, too.
        level: promised latency and error rate, for the alerts; None takes the defaults.

    Returns:
        The report; drift is a finding, not a failure.

    Raises:
        MonitoringError: ``another_bundle`` if another bundle is served, ``bad_metrics``, ``no_series``.
        DataError, MissingExtraError: what `RowComparer` raises, where the section asks for it.
        ServingError, TemporaryError: if the predictor does not answer, or answers an error.
    """
    require_same_bundle(service, bundle)
    replayed, what = _traffic(dataset, bundle, service, section, time_column, in_time_order)
    reference = bundle.reference()
    counts = {part.label: bin_counts(part.counted, reference) for part in replayed}
    windows = [window_drift(part.label, counts[part.label], reference, section) for part in replayed]
    report_progress(STAGE, _message(windows, section), done=1, total=1)
    record = {"version": 1, "bundle": bundle.digest, **drift_record(windows, counts, section)}
    report = replay_report(windows, replayed, counts, reference, section, what=what)
    if section.subtle and section.replay is not Replay.NONE:
        report_progress(STAGE, "comparing rows as a whole", total=1)
        comparer = RowComparer(dataset, bundle, section)
        table, parts, _ = windows_of_dataset(dataset, section, time_column, in_time_order=in_time_order)
        compared = [comparer.compare(part.label, table.take(part.rows)) for part in parts]
        record["rows"] = row_record(compared, comparer)
        report = with_card(report, compared, comparer, windows)
    write_watch(out, name, section, level or ServiceLevel(), record)
    return report


def require_same_bundle(service: Service, bundle: Bundle) -> None:
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
    dataset: Dataset, section: MonitoringSection, time_column: str, *, in_time_order: bool
) -> tuple[pa.Table, list[Window], str]:
    """Return the rows that `section.replay` names, later or test, their windows, and a description of the rows.

    Test rows that were drawn at random from all times come in random order: cut in the table's order, each window would
    hold another stretch of it than the training rows do, and drift would be found that the split put there.
    """
    later = section.replay is Replay.LATER and dataset.has_later and dataset.rows(LATER) > 0
    table = dataset.table(LATER if later else "test")
    if later:
        return (
            table,
            windows_of(table, time_column, section.window, parts=section.windows),
            "rows after the test period",
        )
    parts = min(section.windows, max(1, table.num_rows // section.min_rows))
    if in_time_order:
        return table, equal_windows(table.num_rows, parts), "test rows"
    return table, drawn_windows(table.num_rows, parts), "test rows in random order"


def _traffic(
    dataset: Dataset,
    bundle: Bundle,
    service: Service,
    section: MonitoringSection,
    time_column: str,
    in_time_order: bool,
) -> tuple[list[Replayed], str]:
    label = bundle_label(bundle.digest)
    with InferenceClient(service.url, service.name, timeout_seconds=60.0) as client:
        if section.replay is Replay.NONE:
            return [Replayed.of_traffic("since it started", scrape(client, label))], "rows served so far"
        table, windows, what = windows_of_dataset(dataset, section, time_column, in_time_order=in_time_order)
        size = f"{quantity(table.num_rows, 'row')} in {quantity(len(windows), 'window')}"
        report_progress(STAGE, f"replaying {size}", total=len(windows))
        replayed = replay(client, table, bundle.signature.inputs, windows, label, on_progress=_progress)
    return replayed, what


def _progress(message: str, done: int, total: int) -> None:
    report_progress(STAGE, message, done=done, total=total)


def _message(windows: list[WindowDrift], section: MonitoringSection) -> str:
    verdict = overall(windows, section)
    if verdict == "drifted":
        names = [alarm.feature for alarm in alarms(windows, section)]
        return f"drift in {', '.join(names[:3])}{' …' if len(names) > 3 else ''}"
    return "no drift" if verdict == "stable" else "too few rows for a verdict on drift"
