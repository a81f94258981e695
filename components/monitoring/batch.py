"""Batch drift: compare a table with the training rows of a bundle, without a predictor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.reference import FeatureBins
from sevenfold.contracts.signature import MISSING
from sevenfold.drift.bins import count_bins, prediction_values
from sevenfold.drift.stability import Counts, prediction_name
from sevenfold.drift.verdict import WindowDrift, window_drift
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.report import Finding, Findings
from sevenfold.scoring.feeds import Feeds, feeds_from_table
from sevenfold.scoring.raw_table import read_raw_table
from sevenfold.scoring.scorer import Scorer

if TYPE_CHECKING:
    import pyarrow as pa

    from sevenfold.report import Report

__all__ = ["count_feeds", "drift_of_table", "drift_report"]

CHUNK = 50_000  # rows scored at a time


def drift_report(
    bundle: Path, data: Path, section: MonitoringSection | None = None, *, encoding: str = "", refined: bool = False
) -> Report:
    """Compare a table with the rows a bundle was trained on.

    The table is one window, so one drifted window is enough: the report's level is ``warning`` where it drifted,
    ``info`` for too few rows, else ``good``.

    Args:
        bundle: a sealed bundle folder.
        data: a CSV or Parquet file with the bundle's columns, raw as the training table or refined; others are ignored.
            Rows that cannot be read are counted in the report and compared with nothing.
        section: the limits; None takes the defaults.
        encoding: what a CSV is written in; empty takes UTF-8, or what its byte order mark says.
        refined: whether the rows have been through the bundle's recipe already.

    Raises:
        IntegrityError: if the bundle differs from its manifest.
        DataError, InputError: what `read_raw_table` raises.
    """
    from sevenfold.monitoring.report import table_report

    limits = (section or MonitoringSection()).replaced(windows=1, windows_drifted=1)
    opened = Bundle.open(Path(bundle))
    raw = read_raw_table(Path(data), opened.signature, encoding=encoding, refined=refined)
    counts, window = drift_of_table(opened, raw.table, limits)
    report = table_report(window, counts, opened.reference(), limits, data=Path(data).name)
    notes = []
    if raw.refused:
        rows = f"{raw.refused:,} rows cannot be read as the training table was, and are left out"
        rows = rows if raw.refused > 1 else "1 row cannot be read as the training table was, and is left out"
        text = f"{rows}: {raw.reasons}."
        notes.append(Finding(level="warning", text=text))
    if raw.removed:
        rows = f"{raw.removed:,} row{'s' * (raw.removed > 1)}"
        notes.append(Finding(level="info", text=f"The recipe removed {rows}, as it did in training."))
    blocks = (Findings(findings=tuple(notes)), *report.blocks)
    unread = f" {raw.refused:,} more cannot be read." if raw.refused else ""
    return report.model_copy(update={"blocks": blocks, "headline": report.headline + unread}) if notes else report


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
