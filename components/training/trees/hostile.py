"""Rows on which two ways to compute the same trees are likely to differ, made of the trees' own splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.signature import MISSING
from sevenfold.contracts.transform import CategoryFeature, DatetimeFeature, Part, Transform
from sevenfold.tables.moment_parts import DAY, MINUTE
from sevenfold.training.trees.features import categories, parts
from sevenfold.training.trees.text import CATEGORICAL, Tree

__all__ = ["hostile_feeds"]

Feeds = dict[str, NDArray[Any]]
SEED: Final = 20_261
LARGE: Final = 1.7e308
TINY: Final = float(np.float32(1e-35))  # up to here LightGBM takes a value for 0
ODD: Final = (0.0, -0.0, TINY, -TINY, 1e-36, -1e-36, 2e-35, -2e-35, 5e-324, 1e300, -1e300, LARGE, -LARGE, np.nan)
STRANGERS: Final = ("", "never seen", "0", "1", "nan", "\u00e9", " ")
LATEST: Final = 253_402_300_799_999_999  # the last microsecond of the year 9999
OWN: Final = 0.5  # share of the values that stay those of real rows, so that rows get deep into the trees


def hostile_feeds(trees: Sequence[Tree], transform: Transform, real: Mapping[str, NDArray[Any]], rows: int) -> Feeds:
    """Return feeds of made-up rows; the same arguments give the same rows.

    A value is, as often as not, that of a real row; else one on a threshold of the trees, its neighbours in double and
    in float32, a category that no row had, a missing one, zero with either sign, or a very large one. Moments lie
    within a microsecond of a threshold, and of a change of the local time.

    Args:
        trees: whose thresholds.
        transform: what the columns of the trees are.
        real: feeds of real rows (see `scoring.feeds`).
        rows: how many.
    """
    random = np.random.default_rng(SEED)
    thresholds = _thresholds(trees)
    source = random.integers(0, len(next(iter(real.values()))), rows)
    feeds = {name: values[source] for name, values in real.items()}
    column = 0
    for number in transform.numbers:
        _mix(random, feeds, number.name, _near(thresholds.get(column, [])))
        column += 1
    for moment in transform.datetimes:
        near = _moments(moment, {part: thresholds.get(column + index, []) for index, part in enumerate(parts(moment))})
        _mix(random, feeds, moment.name, near)
        flags = feeds[moment.name + MISSING].copy()
        flags[random.random(rows) < 0.1] = True
        feeds[moment.name + MISSING] = flags
        feeds[moment.name] = np.where(flags, 0, feeds[moment.name])
        column += len(parts(moment))
    for category in categories(transform):
        _mix(random, feeds, category.name, _texts(category))
    return feeds


def _thresholds(trees: Sequence[Tree]) -> dict[int, list[float]]:
    """Return the thresholds of each numeric column, distinct and ascending."""
    known: dict[int, set[float]] = {}
    for tree in trees:
        numeric = (tree.decision & CATEGORICAL) == 0
        for feature, threshold in zip(tree.feature[numeric].tolist(), tree.threshold[numeric].tolist(), strict=True):
            known.setdefault(feature, set()).add(threshold)
    return {feature: sorted(values) for feature, values in known.items()}


def _mix(random: np.random.Generator, feeds: Feeds, name: str, pool: NDArray[Any]) -> None:
    values = feeds[name].copy()
    changed = random.random(len(values)) >= OWN
    values[changed] = pool[random.integers(0, len(pool), int(changed.sum()))]
    feeds[name] = values


def _near(thresholds: Sequence[float]) -> NDArray[np.float64]:
    """Return thresholds, their neighbours in double and float32, and odd values."""
    exact = np.array(thresholds, dtype=np.float64)
    with np.errstate(over="ignore"):
        single = exact.astype(np.float32)
    forms = [exact, single.astype(np.float64)]
    for side in (-np.inf, np.inf):
        forms.append(np.nextafter(exact, side))
        forms.append(np.nextafter(single, np.float32(side)).astype(np.float64))
    pool: NDArray[np.float64] = np.concatenate([*forms, -exact, np.array(ODD)])
    finite: NDArray[np.float64] = pool[~np.isinf(pool)]
    return finite


def _moments(feature: DatetimeFeature, thresholds: Mapping[Part, Sequence[float]]) -> NDArray[np.int64]:
    """Return moments next to thresholds and to changes of the local time, and ones far away."""
    middle = int(feature.center) * DAY
    near = [0, middle, -DAY, LATEST, *feature.changes[:200]]
    for part, values in thresholds.items():
        unit = MINUTE if part is Part.TIME_OF_DAY else DAY
        whole = [round(max(-LATEST, min(value * unit, LATEST))) for value in values]
        near += [moment if part is Part.TREND else middle + moment for moment in whole]
        near += [moment - offset for moment in near[-len(whole) :] for offset in feature.offsets[-2:]] if whole else []
    pool = np.array(near, dtype=np.int64)
    around = np.concatenate([pool - MINUTE, pool - 1, pool, pool + 1, pool + MINUTE])
    return np.asarray(np.clip(around, -LATEST // 5, LATEST), dtype=np.int64)


def _texts(category: CategoryFeature) -> NDArray[np.object_]:
    return np.array([*category.levels, *STRANGERS], dtype=object)
