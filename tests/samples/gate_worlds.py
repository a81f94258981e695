"""Rows with two models whose true difference is known, for the simulations of the gates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np

from sevenfold.testing.evidence import loss, measured
from sevenfold.testing.scored_rows import ScoredRows

REGRESSION = ("rmse", "mae", "r2")
SHARED = {"classes": 0.73, "values": 0.9}  # of the two models' noise: 0.73 gives the issue's figures of the old rule
SLOPE = 2**0.5 * NormalDist().inv_cdf(0.75)  # of the model that serves: ROC AUC 0.75 in theory
MANY = 200_000


@dataclass(frozen=True)
class World:
    """A metric, and the strength of the candidate and of the serving model."""

    metric: str
    candidate: float
    serving: float

    def draw(self, rng: np.random.Generator, rows: int) -> tuple[ScoredRows, ScoredRows]:
        """Return the candidate's and the serving model's predictions of the same rows."""
        return (_values if self.metric in REGRESSION else _classes)(rng, rows, self.candidate, self.serving)


def _noise(rng: np.random.Generator, rows: int, shared: float, *, heavy: bool) -> tuple[np.ndarray, np.ndarray]:
    both, one, other = rng.standard_t(8, (3, rows)) if heavy else rng.normal(size=(3, rows))
    return (np.sqrt(shared) * both + np.sqrt(1 - shared) * own for own in (one, other))  # type: ignore[return-value]


def _classes(rng: np.random.Generator, rows: int, ours: float, theirs: float) -> tuple[ScoredRows, ScoredRows]:
    truth = (rng.random(rows) < 0.5).astype(np.int64)
    made = []
    noises = _noise(rng, rows, SHARED["classes"], heavy=False)
    for slope, noise in zip((ours, theirs), noises, strict=True):
        chance = 1 / (1 + np.exp(slope**2 / 2 - slope * (noise + slope * truth)))
        made.append(ScoredRows(truth, np.stack([1 - chance, chance], axis=1)))
    return made[0], made[1]


def _values(rng: np.random.Generator, rows: int, ours: float, theirs: float) -> tuple[ScoredRows, ScoredRows]:
    truth = 3 * rng.normal(size=rows)
    noises = _noise(rng, rows, SHARED["values"], heavy=True)
    one, other = (ScoredRows(truth, truth + size * noise) for size, noise in zip((ours, theirs), noises, strict=True))
    return one, other


def true_loss(world: World) -> float:
    """Return how much worse the candidate truly is, from many rows on which both models share the noise."""
    scores = []
    for strength in (world.candidate, world.serving):
        rng = np.random.default_rng(99)
        rows = World(world.metric, strength, strength).draw(rng, MANY)[0]
        scores.append(measured(world.metric, rows, threshold=0.5).value)
    return loss(world.metric, scores[0], scores[1])


@cache
def world_of(metric: str, worse_by: float) -> World:
    """Return the world in which the candidate is truly worse by so much, found by the secant method."""
    serving = 1.0 if metric in REGRESSION else SLOPE
    if worse_by == 0:
        return World(metric, serving, serving)
    before, loss_before, now = serving, 0.0, serving * 0.95
    for _ in range(5):
        loss_now = true_loss(World(metric, now, serving))
        if abs(loss_now - worse_by) < 1e-5 or loss_now == loss_before:
            break
        step = (worse_by - loss_now) * (now - before) / (loss_now - loss_before)
        before, loss_before, now = now, loss_now, now + step
    return World(metric, now, serving)


def chance(allowed: float, repeats: int) -> float:
    """Return the largest share that chance makes of an allowed one in so many repetitions, at five standard errors."""
    return allowed + 5 * float(np.sqrt(allowed * (1 - allowed) / repeats))
