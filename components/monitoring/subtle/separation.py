"""Separation: whether a classifier tells the rows of a window from the training rows, and by which features.

Drift of a joint distribution, such as of two features that no longer go together, shows in no feature alone. Boosted
trees learn to tell the rows apart on four fifths of them and score the last fifth, five times, so no row is scored by
trees that have seen it (Lopez-Paz and Oquab, *Revisiting classifier two-sample tests*, 2017,
https://arxiv.org/abs/1610.06545). Two figures say how well they can:

- The *area* under the ROC curve: how often, of two rows, one of either kind, they find out which is which; 0.5 is
  chance.
- The *index*: by how much the log odds of a window's rows exceed those of training rows, in the mean. Of the true log
  odds it is Jeffreys' divergence, which the population stability index is for bins (Jeffreys, *An invariant form for
  the prior probability in estimation problems*, 1946). It sees what few rows show: where one value in twenty is now
  missing, no classifier has an area above 0.525, no more than for a mean that moved by a trifle.

A window has drifted if one of them is *significant* **and** *large*. Both tests have the level that is asked for; the
variance is so far on the safe side that both together keep it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist, fmean
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import MissingExtraError
from sevenfold.monitoring.subtle.columns import Columns
from sevenfold.monitoring.subtle.roc_area import roc_area

__all__ = ["MAX_ROWS", "Separation", "separation"]

MAX_ROWS: Final = 10_000  # of either kind, drawn at random: more would make large what is not
FOLDS: Final = 5
# The mean of five folds varies more than five separate samples would, for their trees share training rows: Nadeau and
# Bengio, *Inference for the generalization error*, 2003, https://doi.org/10.1023/A:1024068626366.
SHARED_ROWS: Final = 1 / FOLDS + 1 / (FOLDS - 1)
CHANCE: Final = 0.5
REACHED: Final = 0.8  # of the true index: the rest is lost, since the trees know rows and not their distribution
NAMED: Final = 5  # features
LEAST_PART: Final = 0.1  # of the index, that a feature must explain to be named
CONFIDENCE: Final = 0.95
# Small trees: interactions of three features, and no leaf of a few rows.
PARAMETERS: Final[dict[str, Any]] = {
    "objective": "binary", "num_leaves": 8, "learning_rate": 0.1, "min_data_in_leaf": 20, "lambda_l2": 1.0,
    "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1, "seed": 7,
}  # fmt: skip
ROUNDS: Final = 30  # more of them learn the luck of single rows, and blur what moved


@dataclass(frozen=True, kw_only=True)
class Separation:
    """How well the rows of one window can be told from the training rows.

    `auc` lies between `low` and `high` with a probability of 95 %. `features` names what they are told apart by, the
    strongest first, each with what of `auc` is lost without it; it is empty where they cannot be.
    """

    rows: int
    auc: float
    low: float
    high: float
    index: float
    drifted: bool
    features: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class _Scored:
    """The trees of one fold, its rows and kinds, and both figures with their variances."""

    model: Any
    rows: NDArray[np.float64]
    kinds: NDArray[np.bool_]
    area: tuple[float, float]
    index: tuple[float, float]


def separation(training: Columns, window: Columns, *, significance: float, size: float, seed: int = 7) -> Separation:
    """Compare rows of a window with training rows.

    Args:
        training: columns of training rows.
        window: the same columns of the window's rows.
        significance: level of each of the one-sided tests that the area and the index exceed chance.
        size: area that counts as drift. The index that counts is the one which two normal distributions with this
            area have, as far as trees reach it.
        seed: of the rows that are drawn, and of the folds.

    Raises:
        MissingExtraError: without LightGBM.
    """
    rng = np.random.default_rng(seed)
    rows = np.concatenate([_drawn(training.values, rng), _drawn(window.values, rng)])
    kinds = np.arange(len(rows)) >= min(len(training.values), MAX_ROWS)
    folds = [
        _Scored(model, rows[held], kinds[held], *_figures(model, rows[held], kinds[held]))
        for model, held in _fitted(rows, kinds, rng)
    ]
    (auc, deviation), (index, spread) = _mean([fold.area for fold in folds]), _mean([fold.index for fold in folds])
    margin = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * deviation
    limit = NormalDist().inv_cdf(1 - significance)
    large = REACHED * 2 * NormalDist().inv_cdf(size) ** 2 if size < 1 else np.inf
    drifted = (auc >= size and auc - limit * deviation > CHANCE) or (index >= large and index > limit * spread)
    return Separation(
        rows=len(window.values),
        auc=auc,
        low=max(0.0, auc - margin),
        high=min(1.0, auc + margin),
        index=index,
        drifted=drifted,
        features=_named(training.features, folds, rng) if drifted else (),
    )


def _mean(figures: list[tuple[float, float]]) -> tuple[float, float]:
    """Return the mean of the folds' figures, and its standard deviation."""
    return fmean(value for value, _ in figures), float(
        np.sqrt(SHARED_ROWS * fmean(variance for _, variance in figures))
    )


def _drawn(rows: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    if len(rows) <= MAX_ROWS:
        return rows
    return rows[np.sort(rng.choice(len(rows), MAX_ROWS, replace=False))]


def _fitted(
    rows: NDArray[np.float64], kinds: NDArray[np.bool_], rng: np.random.Generator
) -> Iterator[tuple[Any, NDArray[np.int64]]]:
    """Yield, for each fold, trees fitted on the others, and the indices of its rows; folds hold both kinds alike."""
    try:
        import lightgbm
    except (ImportError, OSError) as error:
        raise MissingExtraError("lightgbm", "train") from error
    fold = np.empty(len(rows), dtype=np.int64)
    for kind in (False, True):
        of_kind = np.flatnonzero(kinds == kind)
        fold[rng.permutation(of_kind)] = np.arange(len(of_kind)) % FOLDS
    for number in range(FOLDS):
        others = fold != number
        data = lightgbm.Dataset(rows[others], kinds[others].astype(np.float64))
        yield lightgbm.train(PARAMETERS, data, num_boost_round=ROUNDS), np.flatnonzero(~others)


def _figures(
    model: Any, rows: NDArray[np.float64], kinds: NDArray[np.bool_]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the area and the index of trees on rows, each with its variance."""
    odds = np.asarray(model.predict(rows, raw_score=True, num_threads=1))
    newer, older = odds[kinds], odds[~kinds]
    variance = newer.var(ddof=1) / len(newer) + older.var(ddof=1) / len(older)
    return roc_area(newer, older), (float(newer.mean() - older.mean()), float(variance))


def _named(features: tuple[str, ...], folds: list[_Scored], rng: np.random.Generator) -> tuple[tuple[str, float], ...]:
    """Return the features without whose true values the index falls: each is shuffled over the rows in turn."""
    gains = np.sum([fold.model.feature_importance("gain") for fold in folds], axis=0)
    lost: dict[str, tuple[float, float]] = {}
    for at, name in enumerate(features):
        if gains[at] <= 0:
            continue
        areas, indices = [], []
        for fold in folds:
            shuffled = fold.rows.copy()
            shuffled[:, at] = rng.permutation(fold.rows[:, at])
            area, index = _figures(fold.model, shuffled, fold.kinds)
            areas.append(fold.area[0] - area[0])
            indices.append(fold.index[0] - index[0])
        lost[name] = fmean(indices), fmean(areas)
    strongest = sorted(lost, key=lambda name: -lost[name][0])[:NAMED]
    least = LEAST_PART * fmean(fold.index[0] for fold in folds)
    return tuple((name, lost[name][1]) for name in strongest if lost[name][0] >= least)
