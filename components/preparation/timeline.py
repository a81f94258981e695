"""How the target is spread over the sides of the split and, with a split by time, over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.mean_deviation import mean_and_deviation
from sevenfold.tables.numbers import Numbers, ends
from sevenfold.tables.rare_classes import class_counts
from sevenfold.tables.split import SPLITS, side_sizes

__all__ = ["Span", "balance", "timeline"]

SPANS: Final = 48
AT_ONCE: Final = 1 << 15  # rows that the processor's cache holds


@dataclass(frozen=True)
class Span:
    """A stretch of time on one side of the split: its middle, its rows, the target's mean or positive share there."""

    at: str | float
    split: str
    rows: int
    target: float


def balance(
    target: NDArray[Any], sides: NDArray[np.int8], classes: tuple[str, ...], *, hidden: bool
) -> dict[str, dict[str, float]]:
    """Return per side the share of each class, or mean and standard deviation; `hidden` numbers the classes."""
    spread: dict[str, dict[str, float]] = {}
    counts = class_counts(sides, target, len(classes))
    names = [f"class {at}" for at in range(len(classes))] if hidden else classes
    for side, (name, rows) in enumerate(zip(SPLITS, side_sizes(sides), strict=True)):
        if rows and classes:
            spread[name] = {label: of_side[side] / rows for label, of_side in zip(names, counts, strict=True)}
        elif rows:
            mean, deviation = mean_and_deviation(target[sides == side])
            spread[name] = {"mean": mean, "deviation": deviation}
    return spread


def timeline(
    times: Numbers | None,
    target: NDArray[Any],
    sides: NDArray[np.int8],
    classes: tuple[str, ...],
    *,
    is_date: bool,
) -> list[Span]:
    """Return the target over time in about 48 equal stretches: positive share for two classes, mean for a value.

    Empty without times and for three classes or more.
    """
    if times is None or not len(times) or len(classes) > 2:
        return []
    low, high = ends(times)
    edges = np.linspace(float(low), float(high), SPANS + 1)
    rows = np.zeros(SPANS * len(SPLITS), dtype=np.int64)
    total = np.zeros(len(rows))
    for start in range(0, len(times), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        span = np.clip(np.searchsorted(edges, times[some], side="right") - 1, 0, SPANS - 1)
        cell = span * len(SPLITS) + sides[some]
        rows += np.bincount(cell, minlength=len(rows))
        total += np.bincount(cell, weights=target[some], minlength=len(rows))
    spans = []
    for at in np.flatnonzero(rows).tolist():
        middle = float((edges[at // len(SPLITS)] + edges[at // len(SPLITS) + 1]) / 2)
        when = datetime.fromtimestamp(middle / 1e6, tz=UTC).isoformat(timespec="seconds") if is_date else middle
        spans.append(Span(when, SPLITS[at % len(SPLITS)], int(rows[at]), float(total[at] / rows[at])))
    return spans
