"""The columns that a classifier of rows gets: each watched feature as a number that does not say when a row was made.

A moment in itself would set every window apart from the training rows, whatever else they hold. So of a datetime only
its hour or its weekday is kept, whichever the bins of the drift rule count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.reference import FeatureBins
from sevenfold.contracts.signature import MISSING
from sevenfold.drift.bins import phase_of
from sevenfold.scoring.feeds import Feeds

__all__ = ["Columns", "columns_of"]


@dataclass(frozen=True)
class Columns:
    """Rows as float64 ``[rows, features]``, NaN for missing, and the names of the features."""

    values: NDArray[np.float64]
    features: tuple[str, ...]


def columns_of(feeds: Feeds, features: Mapping[str, FeatureBins]) -> Columns:
    """Return the watched features of rows.

    A category becomes the rank of its level, the most frequent first; levels that the reference does not know share
    the rank after the last.
    """
    columns = [_column(feeds[name], feeds.get(name + MISSING), bins) for name, bins in features.items()]
    return Columns(np.column_stack(columns), tuple(features))


def _column(values: NDArray[Any], missing: NDArray[np.bool_] | None, bins: FeatureBins) -> NDArray[np.float64]:
    if bins.kind == "number":
        return values.astype(np.float64)
    if bins.kind == "category":
        ranks = {**{level: float(rank) for rank, level in enumerate(bins.levels)}, "": np.nan}
        return np.array([ranks.get(text, float(len(bins.levels))) for text in values.tolist()], dtype=np.float64)
    phase = phase_of(bins.kind, values).astype(np.float64)
    return phase if missing is None else np.where(missing, np.nan, phase)
