"""Batch drift: compare tables with the training rows of a bundle, without a predictor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.canonical import file_digest
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import DataError
from sevenfold.contracts.reference import FeatureBins
from sevenfold.contracts.signature import MISSING
from sevenfold.drift.bins import count_bins, prediction_values
from sevenfold.drift.stability import Counts, prediction_name
from sevenfold.drift.verdict import WindowDrift, window_drift
from sevenfold.monitoring.subtle.card import with_card
from sevenfold.monitoring.subtle.rows import RowComparer
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.report import Finding, Findings
from sevenfold.report.quantity import quantity
from sevenfold.scoring.feeds import Feeds, feeds_from_table
from sevenfold.scoring.raw_table import RawTable, read_raw_table
from sevenfold.scoring.scorer import Scorer

if TYPE_CHECKING:
    import pyarrow as pa

    from sevenfold.report import Report

__all__ = ["count_feeds", "drift_of_table", "drift_report"]

CHUNK = 50_000  # rows scored at a time


def drift_report(
    bundle: Path,
    *data: Path,
    section: MonitoringSection | None = None,
    dataset: Path | None = None,
    encoding: str = "",
    refined: bool = False,
) -> Report:
    """Compare tables with the rows a bundle was trained on.

    Each table is a window, and several raise an alarm as windows of traffic do: with the defaults, when a feature
    drifted in two of three in a row. A single table that drifted is enough. The report's level is ``warning`` for an
    alarm, ``info`` for too few rows, else ``good``.

    Args:
        bundle: a sealed bundle folder.
        data: CSV or Parquet files with the bundle's columns, raw as the training table or refined, the earliest first;
            other columns are ignored. Rows that cannot be read are counted in the report and compared with nothing.
        section: the limits; None takes the defaults.
        dataset: the dataset folder of the bundle's run: its rows are compared with the tables as a whole, too.
        encoding: what a CSV is written in; empty takes UTF-8, or what its byte order mark says.
        refined: whether the rows have been through the bundle's recipe already.

    Raises:
        IntegrityError: if the bundle differs from its manifest.
        DataError, InputError: what `read_raw_table` raises, and ``same_table`` for two files of the same bytes.
        DataError, MissingExtraError: what `RowComparer` raises.
    """
    from sevenfold.monitoring.report import tables_report

    limits = section or MonitoringSection()
    if len(data) == 1:
        limits = limits.replaced(windows=1, windows_drifted=1)
    opened, labels = Bundle.open(Path(bundle)), _labels(data)
    windows, counts, raw = [], {}, []
    for label, path in zip(labels, data, strict=True):
        raw.append(read_raw_table(path, opened.signature, encoding=encoding, refined=refined))
        counts[label], window = drift_of_table(opened, raw[-1].table, limits)
        windows.append(replace(window, label=label))
    report = tables_report(windows, counts, opened.reference(), limits)
    if dataset is not None:
        comparer = RowComparer(Dataset.open(Path(dataset)), opened, limits)
        compared = [comparer.compare(label, part.table) for label, part in zip(labels, raw, strict=True)]
        report = with_card(report, compared, comparer, windows)
    return _with_notes(report, dict(zip(labels, raw, strict=True)))


def _labels(data: Sequence[Path]) -> list[str]:
    """Return a name for each table: the file's where no other has it; two tables of the same bytes are refused."""
    first: dict[str, Path] = {}
    for path in data if len(data) > 1 else ():
        earlier = first.setdefault(file_digest(path), path) if path.is_file() else path
        if earlier is not path:
            raise DataError(
                "same_table",
                f"Each table must be a window of its own, but {path} holds the same bytes as {earlier}.",
                remedy="Name each table once.",
            )
    names = [path.name for path in data]
    return names if len(set(names)) == len(names) else [str(path) for path in data]


def _with_notes(report: Report, raw: Mapping[str, RawTable]) -> Report:
    """Add to a report what was not compared: rows that cannot be read, and those that a recipe removed."""
    notes = []
    for label, table in raw.items():
        where = f" in {label}" if len(raw) > 1 else ""
        if table.refused:
            rows = f"{quantity(table.refused, 'row')}{where} cannot be read as the training table was"
            left_out = "is" if table.refused == 1 else "are"
            notes.append(Finding(level="warning", text=f"{rows}, and {left_out} left out: {table.reasons}."))
        if table.removed:
            rows = f"{quantity(table.removed, 'row')}{where}"
            notes.append(Finding(level="info", text=f"The recipe removed {rows}, as it did in training."))
    refused = sum(table.refused for table in raw.values())
    unread = f" {refused:,} more cannot be read." if refused else ""
    if not notes:
        return report
    blocks = (Findings(findings=tuple(notes)), *report.blocks)
    return report.model_copy(update={"blocks": blocks, "headline": report.headline + unread})


def drift_of_table(
    bundle: Bundle, table: pa.Table, section: MonitoringSection
) -> tuple[dict[str, Counts], WindowDrift]:
    """Count a table's rows and their predictions into the bundle's bins, and judge them as one window."""
    reference = bundle.reference()
    scorer = Scorer(bundle.model_path, bundle.signature) if reference.prediction is not None else None
    watched, predictions = dict(reference.features), prediction_name(reference.features)
    if reference.prediction is not None:
        watched[predictions] = reference.prediction
    counts: dict[str, Counts] = {name: np.zeros(len(bins.names), dtype=np.int64) for name, bins in watched.items()}
    for start in range(0, table.num_rows, CHUNK):
        feeds = feeds_from_table(table.slice(start, CHUNK), bundle.signature.inputs)
        for name, part in count_feeds(feeds, reference.features).items():
            counts[name] += part
        if scorer is not None and reference.prediction is not None:
            predicted = prediction_values(bundle.signature, scorer.predict(feeds))
            counts[predictions] += count_bins(reference.prediction, predicted)
    return counts, window_drift("all rows", counts, reference, section)


def count_feeds(feeds: Feeds, features: dict[str, FeatureBins]) -> dict[str, Counts]:
    """Return rows per bin of every feature."""
    return {name: count_bins(bins, feeds[name], feeds.get(name + MISSING)) for name, bins in features.items()}
