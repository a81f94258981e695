"""Bins: intervals and levels that each feature's values are counted into, in training and afterwards alike.

Counts are integers and add up: the counts of shards, replicas or hours sum to those of the whole.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.reference import FeatureBins, Reference, smallest_alike
from sevenfold.contracts.schema import Column, Kind, Schema, Task
from sevenfold.contracts.signature import MISSING
from sevenfold.scoring.feeds import Feeds, feeds_from_table

if TYPE_CHECKING:
    import pyarrow as pa

    from sevenfold.contracts.signature import Signature
    from sevenfold.scoring.scorer import Prediction

__all__ = [
    "bin_of",
    "build_reference",
    "category_bins",
    "count_bins",
    "interval_names",
    "out_of_range",
    "phase_of",
    "prediction_values",
    "with_prediction",
]

MAX_BINS: Final = 10  # intervals of a number, and named levels of a category
MIN_COUNT: Final = 10  # a level with fewer rows is not stored by name
MAX_LEVEL_CHARACTERS: Final = 8_192  # of all known levels of one feature, so that a feature stays below 16 kB
HOURS: Final = 3
DAY: Final = 86_400_000_000  # microseconds
HOUR: Final = DAY // 24
MONDAY: Final = 3  # 1970-01-01 was a Thursday
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def build_reference(table: pa.Table, schema: Schema, *, max_features: int = 50) -> Reference:
    """Return the bins of the first `max_features` features of a table of refined training rows.

    Numbers get at most ten intervals of about equal counts, cut at values that occur. The bins of a sensitive feature
    are numbered, not named after values.
    """
    watched = dict(list(schema.features.items())[:max_features])
    feeds = feeds_from_table(table, watched)
    features = {name: _feature(name, column, feeds) for name, column in watched.items()}
    return Reference(rows=table.num_rows, features=features)


def category_bins(texts: Mapping[str, int], column: Column) -> FeatureBins:
    """Return the bins of a category from the rows of each of its texts, "" for missing, as `build_reference` does."""
    bins = _category_bins(_known_levels(texts), hidden=column.sensitive)
    counts = tuple(_count_levels(bins, texts).tolist())
    return _without_luck(bins.model_copy(update={"counts": counts}), texts)


def with_prediction(reference: Reference, signature: Signature, prediction: Prediction) -> Reference:
    """Return the reference with the bins of some rows' predictions; best are rows that the model was not fitted on.

    Binary: the probability of the positive class, and regression: the value, in intervals of about equal counts.
    Multiclass: the predicted class.
    """
    values = prediction_values(signature, prediction)
    if signature.task is Task.MULTICLASS:
        bins = _category_bins(signature.classes, hidden=False)
    else:
        bins = _prediction_bins(np.asarray(values, dtype=np.float64))
    return reference.model_copy(update={"prediction": _counted(bins, values, None)})


def prediction_values(signature: Signature, prediction: Prediction) -> NDArray[Any]:
    """Return the value of each prediction that its bins count: positive probability, predicted class or value."""
    if signature.task is Task.MULTICLASS and prediction.labels is not None:
        return prediction.labels
    if prediction.probabilities is not None:
        return prediction.probabilities[:, -1]
    if prediction.values is not None:
        return prediction.values
    raise ValueError("a prediction holds probabilities or values")


def count_bins(bins: FeatureBins, values: NDArray[Any], missing: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """Return how many values fall into each bin, int64 of shape ``[len(names)]``.

    Args:
        bins: the feature's bins.
        values: the feature's feed, shape ``[n]``.
        missing: for a datetime, the feed of its missing flag.
    """
    size = len(bins.names)
    if len(values) == 1:
        counts = np.zeros(size, dtype=np.int64)
        counts[bin_of(bins, values[0], missing=missing is not None and bool(missing[0]))] = 1
        return counts
    if bins.kind == "number":
        indices = np.searchsorted(bins.edge_array, values, side="right")
        indices[np.isnan(values)] = size - 1
    elif bins.kind == "category":
        return _count_levels(bins, Counter(values.tolist()))
    else:
        indices = phase_of(bins.kind, values)
        if missing is not None:
            indices = np.where(missing, size - 1, indices)
    return np.bincount(indices, minlength=size).astype(np.int64, copy=False)


def bin_of(bins: FeatureBins, value: Any, *, missing: bool = False) -> int:
    """Return the index of the bin of one value: a float, a str, or int microseconds."""
    size = len(bins.names)
    if bins.kind == "number":
        return size - 1 if value != value else bisect_right(bins.edge_list, value)
    if bins.kind == "category":
        return bins.index.get(value, size - 2)
    return size - 1 if missing else int(phase_of(bins.kind, value))


def out_of_range(bins: FeatureBins, values: NDArray[Any]) -> int:
    """Return how many numbers lie below the smallest or above the largest training value; 0 for other kinds."""
    if bins.kind != "number":
        return 0
    return int(np.count_nonzero(values < bins.lowest) + np.count_nonzero(values > bins.highest))


def phase_of(kind: str, moments: Any) -> Any:
    """Return the bin of moments in UTC microseconds: the hours of a day by three, or the weekday from Monday."""
    if kind == "weekday":
        return (moments // DAY + MONDAY) % len(WEEKDAYS)
    return moments % DAY // (HOURS * HOUR)


def interval_names(edges: Sequence[float]) -> list[str]:
    """Return a name for each interval that ascending edges leave, each of its own."""
    if not edges:
        return ["any"]
    short = [f"{edge:.6g}" for edge in edges]
    shown = short if len(set(short)) == len(short) else [repr(edge) for edge in edges]
    between = [f"{low} to {high}" for low, high in pairwise(shown)]
    return [f"below {shown[0]}", *between, f"{shown[-1]} and above"]


def _without_luck(bins: FeatureBins, texts: Mapping[str, int]) -> FeatureBins:
    """Return the bins with as many rows of unknown levels as new rows of the same kind would have.

    A level is known from so many rows on: of levels about as frequent as that, those are known that chance favoured
    among these rows, and new rows hold fewer of them. By Good and Turing, the levels one row short of it have the share
    that the rows of those have which just reach it. Where only few levels have about as many rows, their number is no
    matter of chance. Good, *The population frequencies of species and the estimation of population parameters*, 1953,
    https://doi.org/10.1093/biomet/40.3-4.237.
    """
    sizes = Counter(count for level, count in texts.items() if level)
    lucky = MIN_COUNT * min(sizes[MIN_COUNT], max(sizes[MIN_COUNT - 1], sizes[MIN_COUNT + 1]))
    counts = list(bins.counts)
    other, unseen = len(counts) - 3, len(counts) - 2
    lucky = min(lucky, counts[other])
    counts[other] -= lucky
    counts[unseen] += lucky
    return bins.model_copy(update={"counts": tuple(counts)})


def _count_levels(bins: FeatureBins, texts: Mapping[str, int]) -> NDArray[np.int64]:
    counts = np.zeros(len(bins.names), dtype=np.int64)
    unseen = len(bins.names) - 2
    index = bins.index
    for text, count in texts.items():
        counts[index.get(text, unseen)] += count
    return counts


def _feature(name: str, column: Column, feeds: Feeds) -> FeatureBins:
    values = feeds[name]
    if column.kind is Kind.CATEGORY:
        return category_bins(Counter(values.tolist()), column)
    if column.kind is Kind.DATETIME:
        missing = feeds[name + MISSING]
        return _counted(_datetime_bins(values[~missing]), values, missing)
    present = np.sort(values[~np.isnan(values)])
    bins = _number_bins(present, hidden=column.sensitive)
    borders = [0, *np.searchsorted(present, bins.edge_array).tolist(), len(present), len(values)]
    return bins.model_copy(update={"counts": tuple(last - first for first, last in pairwise(borders))})


def _counted(bins: FeatureBins, values: NDArray[Any], missing: NDArray[np.bool_] | None) -> FeatureBins:
    return bins.model_copy(update={"counts": tuple(count_bins(bins, values, missing).tolist())})


def _number_bins(present: NDArray[np.float64], *, hidden: bool) -> FeatureBins:
    """Return the bins of numbers in ascending order, none missing; nothing is counted yet."""
    edges: list[float] = []
    if len(present):
        distinct = present[np.append(True, present[1:] != present[:-1])]
        if len(distinct) > MAX_BINS:
            cuts = np.arange(1, MAX_BINS) * len(present) // MAX_BINS
            distinct = np.unique(present[cuts])
        edges = _distinguishable(distinct[distinct > present[0]].tolist(), float(present[0]))
    names = [f"bin {index + 1}" for index in range(len(edges) + 1)] if hidden else interval_names(edges)
    known = len(present) > 0 and not hidden
    return FeatureBins(
        kind="number",
        edges=tuple(edges),
        names=(*names, "missing"),
        counts=(),
        low=float(present[0]) if known else None,
        high=float(present[-1]) if known else None,
    )


def _distinguishable(edges: list[float], low: float) -> list[float]:
    """Return the edges without those that float32 does not tell from the one before, or from the smallest value."""
    kept, last = [], smallest_alike(low)
    for edge in edges:
        if smallest_alike(edge) > last:
            kept.append(edge)
            last = smallest_alike(edge)
    return kept


def _prediction_bins(values: NDArray[np.float64]) -> FeatureBins:
    """Return bins with each edge halfway between two predictions that occur.

    The same rows sent as float32 are predicted a little differently, and must fall into the same bins.
    """
    present = np.sort(values[~np.isnan(values)])
    bins = _number_bins(present, hidden=False)
    distinct = np.unique(present)
    edges = [float(distinct[at - 1] + distinct[at]) / 2 for at in np.searchsorted(distinct, bins.edges).tolist()]
    return bins.model_copy(update={"edges": tuple(edges), "names": (*interval_names(edges), "missing")})


def _known_levels(texts: Mapping[str, int]) -> list[str]:
    levels: list[str] = []
    room = MAX_LEVEL_CHARACTERS
    for level, count in sorted(texts.items(), key=lambda item: (-item[1], item[0])):
        if not level:
            continue
        room -= len(level)
        if count < MIN_COUNT or room < 0:
            break
        levels.append(level)
    return levels


def _category_bins(levels: Sequence[str], *, hidden: bool) -> FeatureBins:
    named = [f"level {index + 1}" for index in range(len(levels))] if hidden else [_level_name(name) for name in levels]
    return FeatureBins(
        kind="category",
        levels=tuple(levels),
        names=(*named[:MAX_BINS], "other", "unseen", "missing"),
        counts=(),
    )


def _level_name(level: str) -> str:
    # a level with the name of a fixed bin must not share its counter
    return f"= {level}" if level in ("other", "unseen", "missing") else level


def _datetime_bins(moments: NDArray[np.int64]) -> FeatureBins:
    midnights = bool((moments % DAY == 0).all())
    names = WEEKDAYS if midnights else tuple(f"{hour:02d} to {hour + HOURS:02d} h" for hour in range(0, 24, HOURS))
    return FeatureBins(kind="weekday" if midnights else "hour", names=(*names, "missing"), counts=())
