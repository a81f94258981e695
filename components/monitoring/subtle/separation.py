"""Separation: whether a classifier tells the rows of a window from the training rows, and by which features.

Drift of a joint distribution, such as of two features that no longer go together, shows in no feature alone. Boosted
trees learn to tell the rows apart on four fifths of them and score the last fifth, five times, so no row is scored by
trees that have seen it (Lopez-Paz and Oquab, *Revisiting classifier two-sample tests*, 2017,
https://arxiv.org/abs/1610.06545). The area under the ROC curve says how often, of two rows, one of either kind, they
find out which is which: 0.5 is chance. A window has drifted if that is *significant* **and** *large*.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist
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
NAMED: Final = 5  # features
LEAST_PART: Final = 0.1  # of what is above chance, that a feature must explain to be named
CONFIDENCE: Final = 0.95
# Small trees: interactions of three features, and no leaf of a few rows.
PARAMETERS: Final[dict[str, Any]] = {
    "objective": "binary", "num_leaves": 8, "learning_rate": 0.1, "min_data_in_leaf": 20, "lambda_l2": 1.0,
    "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1, "seed": 7,
}  # fmt: skip
ROUNDS: Final = 60


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
    drifted: bool
    features: tuple[tuple[str, float], ...] = ()


def separation(training: Columns, window: Columns, *, significance: float, size: float, seed: int = 7) -> Separation:
    """Compare rows of a window with training rows.

    Args:
        training: columns of training rows.
        window: the same columns of the window's rows.
        significance: level of the one-sided test that the area exceeds chance.
        size: area that counts as drift.
        seed: of the rows that are drawn, and of the folds.

    Raises:
        MissingExtraError: without LightGBM.
    """
    rng = np.random.default_rng(seed)
    rows = np.concatenate([_drawn(training.values, rng), _drawn(window.values, rng)])
    kinds = np.arange(len(rows)) >= min(len(training.values), MAX_ROWS)
    folds = [(model, rows[held], kinds[held]) for model, held in _fitted(rows, kinds, rng)]
    areas = [_area(model, held, kind) for model, held, kind in folds]
    auc = float(np.mean([area for area, _ in areas]))
    deviation = float(np.sqrt(SHARED_ROWS * np.mean([variance for _, variance in areas])))
    margin = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * deviation
    surely = auc - NormalDist().inv_cdf(1 - significance) * deviation
    drifted = surely > CHANCE and auc >= size
    return Separation(
        rows=len(window.values),
        auc=auc,
        low=max(0.0, auc - margin),
        high=min(1.0, auc + margin),
        drifted=drifted,
        features=_named(training.features, folds, auc, rng) if drifted else (),
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


def _area(model: Any, rows: NDArray[np.float64], kinds: NDArray[np.bool_]) -> tuple[float, float]:
    scores = np.asarray(model.predict(rows, raw_score=True, num_threads=1))
    return roc_area(scores[kinds], scores[~kinds])


def _named(
    features: tuple[str, ...],
    folds: list[tuple[Any, NDArray[np.float64], NDArray[np.bool_]]],
    auc: float,
    rng: np.random.Generator,
) -> tuple[tuple[str, float], ...]:
    """Return the features without whose true values the area falls: each is shuffled over the rows in turn."""
    gains = np.sum([model.feature_importance("gain") for model, _, _ in folds], axis=0)
    used = [(at, name) for at, name in enumerate(features) if gains[at] > 0]
    lost = {}
    for at, name in used:
        areas = []
        for model, rows, kinds in folds:
            shuffled = rows.copy()
            shuffled[:, at] = rng.permutation(rows[:, at])
            areas.append(_area(model, shuffled, kinds)[0])
        lost[name] = auc - float(np.mean(areas))
    strongest = sorted(lost, key=lambda name: -lost[name])[:NAMED]
    return tuple((name, lost[name]) for name in strongest if lost[name] >= LEAST_PART * (auc - CHANCE))
