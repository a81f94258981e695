"""The population stability index (PSI): how far counts per bin moved from a reference, and how far chance moves them.

The PSI of shares q against reference shares p is the sum over bins of (q - p) ln(q / p). Both are smoothed by the same
part: half a row per bin of the side with fewer rows (`compared_shares`). Without any change, PSI / (1/n + 1/n_ref)
follows about a chi-squared distribution with B - 1 degrees of freedom (Yurdakul, *Statistical Properties of the
Population Stability Index*, 2018, https://scholarworks.wmich.edu/dissertations/3208), so its expectation,
(B - 1)(1/n + 1/n_ref), is subtracted from what is reported. Counts have moved if the change is *significant* (the
chi-squared test) **and** *large* (the PSI, or the share of one bin).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sevenfold.drift.chi_squared import chi_squared_quantile

__all__ = [
    "SMOOTHING", "Counts", "Move", "compared_shares", "move_of", "prediction_name", "smoothed_shares",
    "stability_index",
]  # fmt: skip

SMOOTHING: Final = 0.5  # rows added to every bin, so that an empty one has a logarithm
Counts = NDArray[np.int64] | NDArray[np.float64]


def prediction_name(features: Collection[str]) -> str:
    """Return the name of the predictions where features are named, which is none of theirs.

    >>> prediction_name(["age"]), prediction_name(["age", "prediction"])
    ('prediction', 'prediction:output')
    """
    name = "prediction"
    while name in features:
        name += ":output"
    return name


@dataclass(frozen=True, kw_only=True)
class Move:
    """How far counts moved from the reference's.

    `psi` has its expectation without change subtracted and may be a little below 0; `evidence` is compared with the
    chi-squared `limit`; the bin `bin` moved most, from the share `before` to the share `after`.
    """

    psi: float
    evidence: float
    limit: float
    bin: int  # index
    before: float
    after: float

    @property
    def significant(self) -> bool:
        """Whether chance is an unlikely explanation."""
        return self.evidence > self.limit

    def large(self, *, psi: float, share: float) -> bool:
        """Whether the index, or the move of one bin's share, reaches its limit."""
        return self.psi >= psi or abs(self.after - self.before) >= share


def smoothed_shares(counts: ArrayLike) -> NDArray[np.float64]:
    """Return the share of each bin, the last axis, with half a row added to every bin."""
    raised = np.asarray(counts, dtype=np.float64) + SMOOTHING
    shares: NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def compared_shares(counts: ArrayLike, reference: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the shares of counts and of a reference along the last axis, as their PSI compares them.

    The side with fewer rows gets half a row more in every bin, and the other as many as keep the proportion. So a bin
    that is empty in both has the same share in both, and one that is rare is no evidence against a few rows, however
    many the reference has: with half a row for both, each empty bin would weigh like drift (`benchmarks.drift`).

    >>> [shares.round(3).tolist() for shares in compared_shares([9, 0], [1_000, 0])]
    [[0.95, 0.05], [0.95, 0.05]]
    """
    now, before = np.asarray(counts, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    rows, rows_before = (np.maximum(side.sum(axis=-1, keepdims=True), 1.0) for side in (now, before))
    return _raised(now, np.maximum(rows / rows_before, 1)), _raised(before, np.maximum(rows_before / rows, 1))


def _raised(counts: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = counts + SMOOTHING * times
    shares: NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def stability_index(counts: ArrayLike, reference: ArrayLike) -> NDArray[np.float64]:
    """Return the smoothed PSI along the last axis, its no-drift expectation still in it.

    >>> round(float(stability_index([50, 50], [50, 50])), 6)
    0.0
    """
    now, before = compared_shares(counts, reference)
    index: NDArray[np.float64] = ((now - before) * np.log(now / before)).sum(axis=-1)
    return index


def move_of(counts: ArrayLike, reference: ArrayLike, *, significance: float) -> Move:
    """Compare rows per bin with the reference's rows per bin.

    Args:
        counts: rows per bin, shape ``[bins]``.
        reference: the same of the reference.
        significance: level of the chi-squared test.
    """
    after, before = np.asarray(counts, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    index = float(stability_index(after, before))
    degrees = max(1, after.shape[-1] - 1)
    noise = 1 / max(float(after.sum()), 1.0) + 1 / max(float(before.sum()), 1.0)
    was, now = smoothed_shares(before), smoothed_shares(after)
    farthest = int(np.argmax(np.abs(now - was)))
    return Move(
        psi=index - degrees * noise,
        evidence=index / noise,
        limit=chi_squared_quantile(1 - significance, degrees),
        bin=farthest,
        before=float(was[farthest]),
        after=float(now[farthest]),
    )
