"""Simulate the rule of the gates, and print the tables of `docs/decisions.md`: python tests/samples/simulate_gates.py.

The worlds are in `gate_worlds.py`. 2,000 repetitions of every cell take about ten minutes of one processor.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from gate_worlds import World, true_loss, world_of

from sevenfold.plan.testing import TestingSection
from sevenfold.testing.bounds import Estimate, one_sided
from sevenfold.testing.evidence import difference, measured
from sevenfold.testing.gates import comparison

METRICS = ("roc_auc", "log_loss", "accuracy", "f1", "average_precision", "rmse", "mae", "r2")
MARGINS = dict.fromkeys(METRICS, 0.002)  # the plan's default
ROWS = (100, 300, 1_000, 5_000)
STEPS = (-15, -2, -1, 0, 1, 2, 15)  # true differences, in margins; positive is worse
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Cell:
    """Shares of the repetitions: the verdicts, and how often the truth lies beyond each bound."""

    metric: str
    rows: int
    worse_by: float
    margin: float
    promoted: float
    undecided: float
    refused: float
    missed_low: float
    missed_high: float


def gap_of(world: World, rng: np.random.Generator, rows: int) -> tuple[Estimate, float, float]:
    """Return the measured loss of the candidate on fresh rows, and both scores."""
    ours, theirs = (measured(world.metric, drawn, threshold=0.5) for drawn in world.draw(rng, rows))
    return difference(world.metric, ours, theirs), ours.value, theirs.value


def simulate(metric: str, rows: int, worse_by: float, repeats: int, *, margin: float | None = None) -> Cell:
    """Judge a candidate that is truly worse by so much, on fresh rows each time."""
    section = TestingSection(margin=MARGINS[metric] if margin is None else margin, confidence=CONFIDENCE)
    rng = np.random.default_rng([rows, crc32(metric.encode()), round(1e6 * (worse_by + 1))])
    world = world_of(metric, worse_by)
    verdicts, low, high, truth = dict.fromkeys(("passed", "undecided", "refused"), 0), 0, 0, true_loss(world)
    for _ in range(repeats):
        gap, ours, theirs = gap_of(world, rng, rows)
        verdicts[comparison("serving", metric, (ours, theirs), gap, section).verdict] += 1
        bounds = one_sided(gap, CONFIDENCE)
        low, high = low + bool(bounds and truth < bounds[0]), high + bool(bounds and truth > bounds[1])
    shares = [verdicts[name] / repeats for name in ("passed", "undecided", "refused")]
    return Cell(metric, rows, worse_by, section.margin, *shares, low / repeats, high / repeats)


def old_rule(rows: int, worse_by: float, repeats: int, margin: float = 0.002) -> float:
    """Return how often the rule before promoted: unless worse by more than the margin and, by the bootstrap, worse."""
    rng, world, promoted = np.random.default_rng(rows), world_of("roc_auc", worse_by), 0
    for _ in range(repeats):
        gap, _, _ = gap_of(world, rng, rows)
        low = one_sided(gap, (1 + CONFIDENCE) / 2)  # two-sided, as the percentiles of the bootstrap were
        promoted += not (gap.value > margin and low is not None and low[0] > 0)
    return promoted / repeats


def chain(runs: int, *, rows: int, steps: int, margin: float, spread: float, seed: int = 0) -> np.ndarray:
    """Return how much better than the start the last serving model truly is, after many retrainings.

    The ROC AUC of each retrained model is 0.75 give or take `spread`, and each retraining has fresh test rows. A
    candidate must hold the margin against the serving model and the best ever promoted, by the score then recorded.
    """
    rng, section = np.random.default_rng(seed), TestingSection(margin=margin)
    steps_per_area = 1 / _area_slope()
    ended = np.empty(runs)
    for run in range(runs):
        start = world_of("roc_auc", 0.0).serving
        serving = best = (start, 0.75)
        for _ in range(steps):
            strength = start + rng.normal() * spread * steps_per_area
            recorded, passed = 0.0, True
            for rival in {serving, best}:
                gap, recorded, theirs = gap_of(World("roc_auc", strength, rival[0]), rng, rows)
                passed &= comparison("serving", "roc_auc", (recorded, theirs), gap, section).verdict == "passed"
            if passed:
                serving = (strength, recorded)
                best = max(best, serving, key=lambda model: model[1])
        ended[run] = (serving[0] - start) / steps_per_area
    return ended


def _area_slope() -> float:
    """Return how much ROC AUC rises with the strength of a model of ROC AUC 0.75."""
    return true_loss(World("roc_auc", world_of("roc_auc", 0.0).serving - 0.01, world_of("roc_auc", 0.0).serving)) / 0.01


def tables(repeats: int, metrics: Sequence[str] = METRICS) -> Iterator[str]:
    """Yield the table of the verdicts as Markdown."""
    yield "| metric | rows | " + " | ".join(f"{step:+d}" if step else "0" for step in STEPS) + " | covered |"
    yield "|---|---:|" + "---:|" * (len(STEPS) + 1)
    for metric in metrics:
        for rows in ROWS:
            cells = [simulate(metric, rows, step * MARGINS[metric], repeats) for step in STEPS]
            covered = 1 - sum(cell.missed_low + cell.missed_high for cell in cells) / len(cells) / 2
            shown = [f"{100 * c.promoted:.1f} / {100 * c.undecided:.0f} / {100 * c.refused:.1f}" for c in cells]
            yield f"| {metric} | {rows:,} | " + " | ".join(shown) + f" | {100 * covered:.1f} |"


def chains(runs: int) -> Iterator[str]:
    """Yield what 50 retrainings of equal quality end in, as lines."""
    for spread in (0.0, 0.01, 0.02):
        rows, margin = 4_000, 0.02
        ended = chain(runs, rows=rows, steps=50, margin=margin, spread=spread)
        below = 100 * float((ended < -margin).mean())
        text = f"50 retrainings, {rows:,} rows, margin {margin}, spread {spread}, {runs} runs"
        yield f"{text}: {below:.1f} % end more than the margin below the start, {ended.mean():+.4f} on average"


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2_000)
    parser.add_argument("--metrics", nargs="*", default=METRICS)
    parser.add_argument("--chains", type=int, default=200, help="Runs of 50 retrainings.")
    given = parser.parse_args()
    for line in tables(given.repeats, given.metrics):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    for rows in ROWS:
        old = " / ".join(f"{100 * old_rule(rows, worse, given.repeats):.0f}" for worse in (0.01, 0.03))
        sys.stdout.write(f"rule before, {rows:,} rows, worse by 0.01 / 0.03: promoted {old} of 100\n")
    for line in chains(given.chains):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
