"""What the transform is, from one column's training rows: fill, centre and scale; levels; parts of a date."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Column, Kind, Part
from sevenfold.contracts.transform import CLIP, CategoryFeature, DatetimeFeature, NumberFeature
from sevenfold.plan.preparation import Encoding, Imputation, PreparationSection, Scaling
from sevenfold.tables.far_values import FarValues
from sevenfold.tables.mean_deviation import mean_and_deviation
from sevenfold.tables.moment_parts import varying_parts_of
from sevenfold.tables.numbers import Numbers, ends, pieces
from sevenfold.tables.offsets import offset_table, shifted
from sevenfold.tables.order_statistics import median_of, quantile_of

__all__ = ["fit_category", "fit_datetime", "fit_number"]

DAY: Final = 86_400_000_000  # microseconds
SENSITIVE_COUNT: Final = 10
HUGE: Final = 1e150  # its square would overflow

Map = Callable[[NDArray[np.float64]], NDArray[np.float64]]
Number = Literal[Kind.NUMBER, Kind.INTEGER, Kind.BOOLEAN]


def fit_number(
    present: Numbers,
    name: str,
    kind: Number,
    section: PreparationSection,
    *,
    missing: bool,
    far: FarValues | None = None,
    extremes: tuple[float, float] | None = None,
) -> NumberFeature:
    """Fit fill, centre and scale of a number.

    Args:
        present: the training values that are not missing, at least one, as float64.
        name: the column.
        kind: what it holds.
        section: how to fill and scale, and whether missing values get an indicator.
        missing: whether some are missing.
        far: values that count as the fence that they are beyond, or they alone would decide all three.
        extremes: the smallest and the largest value, where they are known.
    """
    clipped = np.asarray if far is None else partial(np.clip, a_min=far.low, a_max=far.high)
    low, high = clipped(np.array(extremes or ends(present))).tolist()
    unit = max(-low, high)
    unit = unit if unit > HUGE else 1.0

    def scaled(some: NDArray[np.float64]) -> NDArray[np.float64]:
        return clipped(some) if unit == 1.0 else clipped(some) / unit

    robust = section.scaling is Scaling.ROBUST
    median = median_of(present, scaled) if robust or section.imputation is Imputation.MEDIAN else 0.0
    mean, deviation = mean_and_deviation(present, scaled)
    center, scale = {
        Scaling.STANDARD: (mean, deviation),
        Scaling.ROBUST: (median, (_interquartile(present, scaled) if robust else 0.0) or deviation),
        Scaling.NONE: (0.0, 1.0 / unit),
    }[section.scaling]
    fill = {Imputation.MEDIAN: median, Imputation.MEAN: mean, Imputation.ZERO: 0.0}[section.imputation]
    return NumberFeature(
        name=name,
        kind=kind,
        fill=fill * unit,
        center=center * unit,
        scale=_positive(scale * unit),
        clip=None if section.scaling is Scaling.NONE else CLIP,
        indicator=section.missing_indicator and missing,
    )


def fit_category(
    counts: NDArray[np.int64], levels: list[str], name: str, column: Column, section: PreparationSection
) -> CategoryFeature:
    """Keep the levels seen often enough in training, the most frequent first.

    Args:
        counts: how often each of `levels` occurs in the training rows.
        levels: the texts.
        name: the column.
        column: a sensitive one keeps only levels seen ten times or more, whatever the plan says.
        section: smallest count, most levels, encoding.
    """
    least = max(section.min_count, SENSITIVE_COUNT) if column.sensitive else section.min_count
    often = [(-int(count), level) for count, level in zip(counts, levels, strict=True) if count >= least]
    kept = tuple(level for _, level in sorted(often)[: section.max_levels])
    encoding = section.encodings.get(name, section.encoding)
    return CategoryFeature(name=name, encoding="onehot" if encoding is Encoding.ONEHOT else "embedding", levels=kept)


def fit_datetime(
    moments: Numbers, name: str, column: Column, section: PreparationSection, *, missing: bool
) -> DatetimeFeature:
    """Take the parts of a date that the plan names, else those that vary among the training rows.

    Args:
        moments: the training values that are not missing, int64 microseconds UTC, at least one.
        name: the column.
        column: its parts, and the time zone that they are of.
        section: whether missing values get an indicator.
        missing: whether some are missing.
    """
    changes, offsets = offset_table(column.time_zone, *map(int, ends(moments)))
    wanted = column.parts or varying_parts_of(
        shifted(some, changes, offsets) if column.time_zone else some for some in pieces(moments)
    )
    mean, deviation = mean_and_deviation(moments, lambda some: some / DAY)
    return DatetimeFeature(
        name=name,
        parts=tuple(part for part in Part if part in wanted),
        changes=changes,
        offsets=offsets,
        center=mean,
        scale=_positive(deviation),
        indicator=section.missing_indicator and missing,
    )


def _interquartile(values: Numbers, of: Map) -> float:
    return quantile_of(values, 0.75, of) - quantile_of(values, 0.25, of)


def _positive(scale: float) -> float:
    return scale if scale > 0 and np.isfinite(scale) else 1.0
