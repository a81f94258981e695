"""Batch drift: compare a table with the training rows of a bundle, without a predictor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.errors import DataError
from sevenfold.contracts.reference import FeatureBins
from sevenfold.contracts.signature import MISSING
from sevenfold.drift.bins import count_bins, prediction_values
from sevenfold.drift.stability import Counts, prediction_name
from sevenfold.drift.verdict import WindowDrift, window_drift
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.scoring.feeds import Feeds, feeds_from_table
from sevenfold.scoring.scorer import Scorer

if TYPE_CHECKING:
    import pyarrow as pa

    from sevenfold.report import Report

__all__ = ["count_feeds", "drift_of_table", "drift_report"]

CHUNK = 50_000  # rows scored at a time


def drift_report(bundle: Path, data: Path, section: MonitoringSection | None = None) -> Report:
    """Compare a Parquet table of refined rows with the rows a bundle was trained on.

    The table is one window, so one drifted window is enough: the report's level is ``warning`` where it drifted,
    ``info`` for too few rows, else ``good``.

    Args:
        bundle: a sealed bundle folder.
        data: a Parquet file with the bundle's columns; others are ignored.
        section: the limits; None takes the defaults.

    Raises:
        IntegrityError: if the bundle differs from its manifest.
        DataError: ``no_such_file``, ``not_a_table`` or ``no_rows``.
        InputError: if a column is missing or holds another type than the bundle takes.
    """
    from sevenfold.monitoring.report import table_report

    limits = (section or MonitoringSection()).replaced(windows=1, windows_drifted=1)
    opened = Bundle.open(Path(bundle))
    counts, window = drift_of_table(opened, _read(Path(data), list(opened.signature.inputs)), limits)
    return table_report(window, counts, opened.reference(), limits, data=Path(data).name)


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


def _read(path: Path, columns: list[str]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise DataError(
            "no_such_file",
            f"The table must be a file, but {path.name!r} is not there.",
            remedy="Give the path of a Parquet file.",
        )
    try:
        file = pq.ParquetFile(path)
        table = file.read([name for name in file.schema_arrow.names if name in set(columns)])
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            "not_a_table",
            f"The table must be a Parquet file, but {path.name!r} cannot be read as one.",
            remedy="Give the test.parquet or later.parquet of a dataset, or a table with the same columns.",
        ) from error
    if table.num_rows == 0:
        raise DataError("no_rows", f"The table must have rows, but {path.name!r} has none.", remedy="Give another one.")
    return table
