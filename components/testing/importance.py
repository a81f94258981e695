"""Permutation importance: how much worse the model gets when the values of a feature are shuffled among the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from sevenfold.contracts.signature import MISSING
from sevenfold.plan.metrics import higher_is_better
from sevenfold.scoring.feeds import Feeds, feeds_from_table
from sevenfold.scoring.scorer import Prediction, Scorer
from sevenfold.scoring.scores import score

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["permutation_importance"]

MAX_ROWS: Final = 4_000
MAX_SCORED: Final = 300_000  # rows scored in all: a wide table gets fewer repeats on fewer rows
MAX_REPEATS: Final = 3


def permutation_importance(
    scorer: Scorer, table: pa.Table, truth: NDArray[np.generic], metric: str, *, threshold: float, seed: int
) -> dict[str, float]:
    """Return by how much the metric gets worse, per feature, largest first (Breiman 2001; Fisher et al. 2019).

    Args:
        scorer: the model.
        table: labelled rows with every column the model takes; at most `MAX_ROWS` of them are used.
        truth: class index or value `[n]` of the same rows.
        metric: the metric whose loss is measured, in its own unit; negative where shuffling helped by chance.
        threshold: as in `score`.
        seed: of the sample and the shuffles.

    Features that carry the same information share their importance: shuffling one leaves the other intact.
    """
    generator = np.random.default_rng(seed)
    names = list(scorer.signature.inputs)
    limit = max(100, min(MAX_ROWS, MAX_SCORED // max(1, len(names))))
    if table.num_rows > limit:
        rows = np.sort(generator.choice(table.num_rows, limit, replace=False))
        table, truth = table.take(rows), truth[rows]
    repeats = int(np.clip(MAX_SCORED // max(1, table.num_rows * len(names)), 1, MAX_REPEATS))
    feeds = feeds_from_table(table, scorer.signature.inputs)
    whole = score(metric, truth, _numbers(scorer.predict(feeds)), threshold=threshold)
    sign = 1.0 if higher_is_better(metric) else -1.0
    importance: dict[str, float] = {}
    for name in names:
        losses = []
        for _ in range(repeats):
            shuffled = _shuffled(feeds, name, generator.permutation(table.num_rows))
            value = score(metric, truth, _numbers(scorer.predict(shuffled)), threshold=threshold)
            losses.append(sign * (whole - value))
        importance[name] = float(np.mean(losses))
    finite = {name: value for name, value in importance.items() if np.isfinite(value)}
    return dict(sorted(finite.items(), key=lambda entry: (-entry[1], entry[0])))


def _shuffled(feeds: Feeds, name: str, order: NDArray[np.int64]) -> Feeds:
    parts = [part for part in (name, name + MISSING) if part in feeds]
    return {**feeds, **{part: feeds[part][order] for part in parts}}


def _numbers(prediction: Prediction) -> NDArray[np.generic]:
    numbers = prediction.probabilities if prediction.probabilities is not None else prediction.values
    if numbers is None:
        raise AssertionError("a prediction holds probabilities or values")
    return numbers
