"""Apply a transform with numpy: what a model is trained on, the same float32 as `model.onnx` computes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.signature import MISSING
from sevenfold.contracts.transform import (
    CLIP,
    FIRST_LEVEL,
    MISSING_CODE,
    UNKNOWN_CODE,
    CategoryFeature,
    DatetimeFeature,
    Part,
    Transform,
)
from sevenfold.tables.moment_parts import DAY, part_steps
from sevenfold.tables.offsets import shifted

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Encoded", "encode", "encode_target"]

PHASES: Final = {Part.TIME_OF_DAY: 1_440, Part.WEEKDAY: 7, Part.DAY_OF_YEAR: 366}
FIRST_ROW: Final = {Part.TIME_OF_DAY: 0, Part.WEEKDAY: 1_440, Part.DAY_OF_YEAR: 1_447}  # in `phase_table`
MISSING_ROW: Final = 1_813
LARGEST: Final = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Encoded:
    """Inputs of a model: `numeric` float32 ``[n, N]`` and `categorical` int64 ``[n, C]``, columns as in `Transform`."""

    numeric: NDArray[np.float32]
    categorical: NDArray[np.int64]


@cache
def phase_table() -> NDArray[np.float32]:
    """Return sine, cosine and phase of every step of every cycle, float32 ``[1814, 3]``; the last row is missing.

    A table, because two libraries round a sine differently, and a lookup only one way.
    """
    rows: list[tuple[float, float, float]] = []
    for size in PHASES.values():
        turns = [step / size for step in range(size)]
        rows += [(math.sin(math.tau * turn), math.cos(math.tau * turn), 2.0 * turn - 1.0) for turn in turns]
    return np.array([*rows, (0.0, 0.0, 0.0)], dtype=np.float64).astype(np.float32)


def encode(transform: Transform, feeds: Mapping[str, NDArray[Any]]) -> Encoded:
    """Return the inputs of a model for the rows of `feeds` (see `scoring.feeds`)."""
    rows = len(next(iter(feeds.values()))) if feeds else 0
    numeric = np.empty((len(transform.numeric_names), rows), dtype=np.float32)
    filled = 0
    for block in _blocks(transform, feeds):
        numeric[filled : filled + len(block)] = block
        filled += len(block)
    categorical = np.empty((len(transform.embedded), rows), dtype=np.int64)
    for index, feature in enumerate(transform.embedded):
        categorical[index] = _codes(feature, feeds[feature.name])
    return Encoded(np.ascontiguousarray(numeric.T), np.ascontiguousarray(categorical.T))


def encode_target(transform: Transform, column: pa.ChunkedArray) -> NDArray[Any]:
    """Return the target of a table's rows: class index int64, or the standardised value as float32.

    Raises:
        DataError: ``label_missing``, or ``unknown_class`` for a class the training rows did not have.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    target = transform.target
    if column.null_count:
        raise DataError("label_missing", f"Every row must have a target, but {column.null_count} have none.")
    if not target.classes:
        values = column.cast(pa.float64()).to_numpy()
        return np.asarray((values - target.mean) / target.scale, dtype=np.float32)
    codes = pc.index_in(column.cast(pa.string()), value_set=pa.array(target.classes, type=pa.string()))
    if codes.null_count:
        raise DataError(
            "unknown_class",
            f"The target must be one of {len(target.classes)} classes, but {codes.null_count} rows have another.",
            remedy="Prepare the data again, so that every class has training rows.",
        )
    return np.asarray(codes.to_numpy(), dtype=np.int64)


def _blocks(transform: Transform, feeds: Mapping[str, NDArray[Any]]) -> Any:
    """Yield the rows of the numeric inputs, transposed, in the order of `Transform.numeric_names`."""
    for number in transform.numbers:
        clip = LARGEST if number.clip is None else number.clip
        yield _standard(feeds[number.name], number.fill, number.center, number.scale, clip)
    for moment in transform.datetimes:
        if Part.TREND in moment.parts:
            days = np.where(feeds[moment.name + MISSING], np.nan, feeds[moment.name].astype(np.float64) / float(DAY))
            yield _standard(days, moment.center, moment.center, moment.scale, CLIP)
    for moment in transform.datetimes:
        for part in moment.cycles:
            yield phase_table()[_phase_rows(moment, part, feeds)].T
    for category in transform.onehot:
        yield _codes(category, feeds[category.name]) == np.arange(category.size)[:, None]
    for number in transform.numbers:
        if number.indicator:
            yield np.isnan(feeds[number.name])[None]
    for moment in transform.datetimes:
        if moment.indicator:
            yield feeds[moment.name + MISSING][None]


def _standard(
    values: NDArray[np.float64], fill: float, center: float, scale: float, clip: float
) -> NDArray[np.float64]:
    filled = np.where(np.isnan(values), fill, values)
    with np.errstate(over="ignore"):
        scaled = (filled - center) / scale
    standard: NDArray[np.float64] = np.minimum(np.maximum(scaled, -clip), clip)[None]
    return standard


def _phase_rows(feature: DatetimeFeature, part: Part, feeds: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
    moments = feeds[feature.name]
    local = shifted(moments, feature.changes, feature.offsets) if feature.is_local else moments
    steps = part_steps(local, part)
    return np.where(feeds[feature.name + MISSING], MISSING_ROW, steps + FIRST_ROW[part])


def _codes(feature: CategoryFeature, texts: NDArray[Any]) -> NDArray[np.int64]:
    codes = {"": MISSING_CODE, **{level: FIRST_LEVEL + index for index, level in enumerate(feature.levels)}}
    return np.fromiter(map(codes.get, texts.tolist(), repeat(UNKNOWN_CODE)), dtype=np.int64, count=len(texts))
