"""How the target is spread over the sides of the split and, with a split by time, over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.split import SPLITS

__all__ = ["Span", "balance", "timeline"]

SPANS: Final = 48


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
    for side, name in enumerate(SPLITS):
        part = target[sides == side]
        if not len(part):
            continue
        if classes:
            shares = np.bincount(part, minlength=len(classes)) / len(part)
            names = [f"class {at}" for at in range(len(classes))] if hidden else classes
            spread[name] = dict(zip(names, shares.tolist(), strict=True))
        else:
            spread[name] = {"mean": float(part.mean()), "deviation": float(part.std())}
    return spread


def timeline(
    times: NDArray[Any] | None,
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
    edges = np.linspace(float(times.min()), float(times.max()), SPANS + 1)
    span = np.clip(np.searchsorted(edges, times, side="right") - 1, 0, SPANS - 1)
    cell = span * len(SPLITS) + sides
    rows = np.bincount(cell, minlength=SPANS * len(SPLITS))
    total = np.bincount(cell, weights=target.astype(np.float64), minlength=len(rows))
    spans = []
    for at in np.flatnonzero(rows).tolist():
        middle = float((edges[at // len(SPLITS)] + edges[at // len(SPLITS) + 1]) / 2)
        when = datetime.fromtimestamp(middle / 1e6, tz=UTC).isoformat(timespec="seconds") if is_date else middle
        spans.append(Span(when, SPLITS[at % len(SPLITS)], int(rows[at]), float(total[at] / rows[at])))
    return spans
