"""Moments in UTC to local time and its parts, in the graph: the table of offsets, searched by comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from sevenfold.contracts.transform import DatetimeFeature, Part
from sevenfold.tables.moment_parts import DAY, DAY_PARTS, MINUTE, MONDAY, YEAR_PARTS
from sevenfold.training.export.writer import GraphWriter

__all__ = ["local_moments", "part_steps"]

NEVER: Final = np.iinfo(np.int64).max  # fills the tables of features whose time zone changes less often


def local_moments(writer: GraphWriter, features: Sequence[DatetimeFeature], moments: str) -> str:
    """Return the local time of moments, INT64 ``[features, rows]`` in microseconds as if it were UTC.

    How many changes are not later than a moment is the index of the offset that holds then. All is in integers, so the
    result is that of `encode`, to the last bit.
    """
    if not any(feature.is_local for feature in features):
        return moments
    width = max(len(feature.changes) for feature in features)
    offsets = [[*feature.offsets, *[0] * (width + 1 - len(feature.offsets))] for feature in features]
    if width == 0:
        return writer.add("Add", moments, writer.constant(offsets, np.int64))
    from onnx import TensorProto

    changes = [[*feature.changes, *[NEVER] * (width - len(feature.changes))] for feature in features]
    each = writer.add("Unsqueeze", moments, writer.constant([1], np.int64))
    begun = writer.add("GreaterOrEqual", each, writer.constant(np.array(changes)[:, :, None], np.int64))
    counted = writer.add("Cast", begun, to=TensorProto.INT64)
    index = writer.add("ReduceSum", counted, writer.constant([1], np.int64), keepdims=0)
    first = writer.constant(np.arange(len(features))[:, None] * (width + 1), np.int64)
    index = writer.add("Add", index, first)
    shift = writer.add("Gather", writer.constant(np.array(offsets).ravel(), np.int64), index, axis=0)
    return writer.add("Add", moments, shift)


def part_steps(writer: GraphWriter, local: str, parts: Sequence[Part]) -> list[str]:
    """Return, per cyclic part, the minute of the day, the weekday from Monday, or the day of the year, each from 0.

    Args:
        writer: of the graph.
        local: local time, INT64 microseconds of any shape, which the results have too; remainders are floored, so that
            moments before 1970 count alike.
        parts: the parts, in the order of the results.
    """

    def integer(value: int) -> str:
        return writer.constant(value, np.int64)

    of_day = writer.add("Mod", local, integer(DAY))
    days = writer.add("Div", writer.add("Sub", local, of_day), integer(DAY))
    steps = []
    for part in parts:
        if part is Part.TIME_OF_DAY:
            steps.append(writer.add("Div", of_day, integer(MINUTE)))
        elif part is Part.WEEKDAY:
            steps.append(writer.add("Mod", writer.add("Add", days, integer(MONDAY)), integer(7)))
        else:
            turns = writer.add("Mod", writer.add("Mul", days, integer(DAY_PARTS)), integer(YEAR_PARTS))
            steps.append(writer.add("Div", turns, integer(DAY_PARTS)))
    return steps
