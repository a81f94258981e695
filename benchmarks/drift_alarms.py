"""How often the rule of `drift.verdict` alarms without drift, and how often it sees one: by simulation.

A *week* of a model is 168 windows of the same number of rows, drawn from the shares of its training rows. The training
rows are drawn once a week, so their luck is the same in every window. Prometheus looks every few minutes at the last
window and at those one and two lengths before it, so windows overlap: each is a sum of `looks` parts. The formula is
the rule's own, over whole arrays; a test compares both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.drift.chi_squared import chi_squared_quantile
from sevenfold.drift.stability import smoothed_shares, stability_index
from sevenfold.plan.monitoring import MonitoringSection

__all__ = ["RARE", "SHIFTS", "TRIVIAL", "Shift", "Week", "any_alarm", "detected", "drifted", "false_alarms"]

Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]
Shares = tuple[float, ...]

TENTHS: Final[Shares] = (*[0.1] * 10, 0.0)  # a number: ten intervals, and none missing
# a category: levels down to two rows in a thousand, and no other, unseen or missing ones
RARE: Final[Shares] = (0.545, 0.25, 0.1, 0.05, 0.02, 0.015, 0.008, 0.006, 0.004, 0.002, 0.0, 0.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class Week:
    """A week of a model: its features, the rows of a window, how often a window is looked at, and the training rows.

    `shares` are those of each feature's bins.
    """

    features: int
    rows: int
    looks: int = 12
    windows: int = 168
    training: int = 20_000
    shares: Shares = TENTHS


@dataclass(frozen=True)
class Shift:
    """The shares of one feature's bins in training and afterwards."""

    before: Shares
    after: Shares


def _normal(*, moved: float = 0.0, factor: float = 1.0) -> Shift:
    """Return a standard normal number in its tenths, and the same number moved, in deviations, and multiplied."""
    normal = NormalDist()
    edges = [(normal.inv_cdf(tenth / 10) / factor) - moved for tenth in range(1, 10)]
    below = np.array([0.0, *map(normal.cdf, edges), 1.0])
    return Shift(TENTHS, (*np.diff(below).tolist(), 0.0))


# those of shared figures: each must be seen, and these must not
SHIFTS: Final[Mapping[str, Shift]] = {
    "mean by half a deviation": _normal(moved=0.5),
    "category by 10 points": Shift((0.4, 0.3, 0.2, 0.1, 0, 0, 0), (0.5, 0.2, 0.2, 0.1, 0, 0, 0)),
    "10 % missing": Shift(TENTHS, (*[0.09] * 10, 0.1)),
    "unit, times 1000": _normal(factor=1000),
    "class prior by 8 points": Shift((0.8, 0.2, 0.0), (0.72, 0.28, 0.0)),
}
TRIVIAL: Final[Mapping[str, Shift]] = {
    "mean by a twentieth of a deviation": _normal(moved=0.05),
    "mean by a tenth of a deviation": _normal(moved=0.1),
    "category by 1 point": Shift((0.4, 0.3, 0.2, 0.1, 0, 0, 0), (0.41, 0.29, 0.2, 0.1, 0, 0, 0)),
}


def drifted(counts: Counts, reference: Counts, level: float, section: MonitoringSection) -> Flags:
    """Return whether each window drifted: `verdict.window_drift` for counts of shape ``[..., bins]``."""
    rows = counts.sum(-1)
    degrees, noise = counts.shape[-1] - 1, 1 / np.maximum(rows, 1) + 1 / reference.sum(-1)
    index = stability_index(counts, reference)
    moved = np.abs(smoothed_shares(counts) - smoothed_shares(reference)).max(-1)
    significant = index / noise > chi_squared_quantile(1 - level, degrees)
    large = (index - degrees * noise >= section.psi) | (moved >= section.share)
    flags: Flags = significant & large & (rows >= section.min_rows)
    return flags


def any_alarm(flags: Flags, looks: int, section: MonitoringSection) -> bool:
    """Return whether k of n windows, one length apart, drifted at any look; the last axis of `flags` is the looks."""
    back = (section.windows - 1) * looks
    count = flags.shape[-1] - back
    separate = [flags[..., start : start + count] for start in range(0, back + 1, looks)]
    return bool((np.sum(separate, axis=0) >= section.windows_drifted).any())


def false_alarms(week: Week, runs: int, seed: int, section: MonitoringSection) -> float:
    """Return the share of weeks with an alarm of a feature or of the predictions, where nothing drifts."""
    rng = np.random.default_rng(seed)
    alarmed = 0
    for _ in range(runs):
        features = _week_flags(week, week.features, section.significance / week.features, rng, section)
        predictions = _week_flags(week, 1, section.significance, rng, section)
        alarmed += any_alarm(features, week.looks, section) or any_alarm(predictions, week.looks, section)
    return alarmed / runs


def _week_flags(week: Week, subjects: int, level: float, rng: np.random.Generator, section: MonitoringSection) -> Flags:
    """Return whether each subject's window drifted at each look, ``[subjects, looks of the week]``."""
    reference = rng.multinomial(week.training, week.shares, subjects)[:, None, :]
    part = -(-week.rows // week.looks)
    parts = rng.multinomial(part, week.shares, (subjects, week.windows * week.looks))
    sums = np.pad(np.cumsum(parts, axis=1), ((0, 0), (1, 0), (0, 0)))
    return drifted(sums[:, week.looks :] - sums[:, : -week.looks], reference, level, section)


def detected(
    shift: Shift, rows: int, runs: int, seed: int, section: MonitoringSection, *, features: int, training: int = 20_000
) -> float:
    """Return the share of runs in which the first `windows_drifted` windows all drift: an alarm without delay."""
    rng = np.random.default_rng(seed)
    reference = rng.multinomial(training, shift.before, runs)[:, None, :]
    after = np.array(shift.after) / sum(shift.after)
    counts = rng.multinomial(rows, after, (runs, section.windows_drifted))
    flags = drifted(counts, reference, section.significance / features, section)
    return float(flags.all(-1).mean())
