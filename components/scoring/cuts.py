"""Cuts of a binary model: every way to divide rows by their probability, and what a metric or costs say of each.

A cut is a threshold between two neighbouring probabilities; all thresholds between the same two decide alike. The cuts
that call every row or no row positive are left out: such a decision needs no model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.threshold import as_stored
from sevenfold.plan.costs import Costs
from sevenfold.scoring.formulas import Floats

__all__ = ["Cuts", "cost_per_row", "row_costs"]


@dataclass(frozen=True)
class Cuts:
    """The cuts of n rows, from the lowest threshold to the highest; every array has one entry per cut.

    `below` and `above` are the probabilities next to the threshold on either side, `called` the number of rows that
    are called positive, `hits` how many of these are.
    """

    below: Floats
    above: Floats
    called: Floats
    hits: Floats
    rows: int
    positives: float

    @classmethod
    def of(cls, probabilities: NDArray[Any], positive: NDArray[Any]) -> Cuts:
        """Return the cuts of probabilities `[n]`, by what the rows count as positive: `[n]`, 0 to 1."""
        order = np.argsort(probabilities, kind="stable")
        ranked = probabilities[order].astype(np.float64)
        first = np.flatnonzero(np.diff(ranked)) + 1  # the first row above each cut
        counted = np.append(np.cumsum(positive[order][::-1].astype(np.float64))[::-1], 0.0)
        return cls(
            below=ranked[first - 1],
            above=ranked[first],
            called=(len(ranked) - first).astype(np.float64),
            hits=counted[first],
            rows=len(ranked),
            positives=float(counted[0]),
        )

    def __len__(self) -> int:
        return len(self.below)

    def threshold(self, cut: int) -> float:
        """Return the middle of a cut, as a float32: rows from it on are positive."""
        middle = as_stored((self.below[cut] + self.above[cut]) / 2)
        return middle if middle > self.below[cut] else float(self.above[cut])

    def measured(self, by: str, costs: Costs | None = None) -> Floats:
        """Return a metric of every cut, or for `costs` the cost per row; NaN where it is undefined.

        Args:
            by: costs, accuracy, balanced_accuracy, f1, recall or precision.
            costs: what decisions cost.
        """
        misses, false = self.positives - self.hits, self.called - self.hits
        rejected = self.rows - self.positives - false
        with np.errstate(all="ignore"):
            if by == "costs":
                assert costs is not None  # noqa: S101 - a rule by costs has them
                right = costs.true_positive * self.hits + costs.true_negative * rejected
                wrong = costs.false_positive * false + costs.false_negative * misses
                return np.asarray((right + wrong) / self.rows)
            if by == "balanced_accuracy":
                recalls = self.hits / self.positives + rejected / (self.rows - self.positives)
                return np.asarray(recalls / 2, dtype=np.float64)
            over: dict[str, tuple[Floats, Floats | float]] = {  # each is a share of counts
                "accuracy": (self.hits + rejected, self.rows),
                "f1": (2 * self.hits, self.called + self.positives),
                "recall": (self.hits, self.positives),
                "precision": (self.hits, self.called),
            }
            return np.asarray(over[by][0] / over[by][1], dtype=np.float64)


def row_costs(costs: Costs, truth: NDArray[Any], predicted: NDArray[Any]) -> Floats:
    """Return the cost of each decision `[n]`, from class indices of the truth and of the prediction `[n]`."""
    table = [costs.true_negative, costs.false_positive, costs.false_negative, costs.true_positive]
    return np.asarray(np.array(table)[truth * 2 + predicted], dtype=np.float64)


def cost_per_row(costs: Costs, truth: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Return the mean cost of decisions, NaN without rows.

    >>> cost_per_row(Costs(false_positive=1, false_negative=10), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    2.75
    """
    return float(row_costs(costs, truth, predicted).mean()) if len(truth) else float("nan")
