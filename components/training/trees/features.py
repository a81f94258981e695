"""The transform's columns as LightGBM reads them: nothing filled, scaled or cut, and NaN for what is missing.

=========== ============================================ ==========================================================
column      as                                           missing
=========== ============================================ ==========================================================
number      itself, in double                            NaN, which each split sends to the side that LightGBM chose
boolean     0 or 1                                       NaN
datetime    minute of the day, weekday from Monday, day  NaN
            of the year, in local time; days since 1970
category    `UNKNOWN_CODE` for rare or unknown,          NaN, which is in no set of a split, so it goes where the
            ``2 + i`` for ``levels[i]``                  categories go that the split does not name
=========== ============================================ ==========================================================

Rare categories of the training rows have the code of unknown ones, so that a model learns from them what to say of a
category it never saw. Where no row was rare, the code is in no set, and LightGBM treats it as missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.signature import MISSING
from sevenfold.contracts.transform import FIRST_LEVEL, UNKNOWN_CODE, CategoryFeature, DatetimeFeature, Part, Transform
from sevenfold.tables.moment_parts import DAY, part_steps
from sevenfold.tables.offsets import shifted

__all__ = ["categories", "feature_matrix", "feature_names", "parts"]


def categories(transform: Transform) -> list[CategoryFeature]:
    """Return the category features, embedded or one-hot, in the order of their columns."""
    return [*transform.embedded, *transform.onehot]


def parts(feature: DatetimeFeature) -> list[Part]:
    """Return the parts of a datetime in the order of their columns: the cycles, then the trend."""
    return [*feature.cycles, *([Part.TREND] if Part.TREND in feature.parts else [])]


def feature_names(transform: Transform) -> list[str]:
    """Return one name per column of the matrix, such as ``distance`` or ``scheduled:weekday``.

    Numbers first, then the parts of datetimes, then categories.
    """
    names = [feature.name for feature in transform.numbers]
    names += [f"{feature.name}:{part}" for feature in transform.datetimes for part in parts(feature)]
    return names + [feature.name for feature in categories(transform)]


def feature_matrix(transform: Transform, feeds: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Return the columns of the rows of `feeds` (see `scoring.feeds`), float64 ``[rows, F]``."""
    rows = len(next(iter(feeds.values()))) if feeds else 0
    matrix = np.empty((rows, len(feature_names(transform))), dtype=np.float64)
    for index, column in enumerate(_columns(transform, feeds)):
        matrix[:, index] = column
    return matrix


def _columns(transform: Transform, feeds: Mapping[str, NDArray[Any]]) -> Iterator[NDArray[Any]]:
    for number in transform.numbers:
        yield feeds[number.name]
    for moment in transform.datetimes:
        local = shifted(feeds[moment.name], moment.changes, moment.offsets)
        for part in parts(moment):
            trend = part is Part.TREND
            steps = feeds[moment.name].astype(np.float64) / float(DAY) if trend else part_steps(local, part)
            yield np.where(feeds[moment.name + MISSING], np.nan, steps)
    for category in categories(transform):
        codes: dict[str, float] = {level: float(FIRST_LEVEL + index) for index, level in enumerate(category.levels)}
        texts = feeds[category.name]
        looked_up = map({"": np.nan, **codes}.get, texts.tolist(), repeat(float(UNKNOWN_CODE)))
        yield np.fromiter(looked_up, dtype=np.float64, count=len(texts))
