"""Simulate a limit on the calibration error, and print its table: python tests/samples/simulate_calibration.py."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from functools import cache

import numpy as np

from sevenfold.plan.testing import Gate, TestingSection
from sevenfold.testing.bounds import one_sided
from sevenfold.testing.evidence import measured
from sevenfold.testing.gates import limit
from sevenfold.testing.scored_rows import ScoredRows

METRIC, LIMIT, CONFIDENCE = "calibration_error", 0.05, 0.95
TRUE = (0.0, 0.02, 0.05, 0.08, 0.15)
ROWS = (100, 300, 1_000, 5_000)
MANY = 400_000


def draw(rng: np.random.Generator, rows: int, shift: float) -> ScoredRows:
    """Return rows of a model whose logits are true but for a shift, which makes it too sure of the positive class."""
    logits = 1.5 * rng.normal(size=rows) - 0.5
    truth = (rng.random(rows) < 1 / (1 + np.exp(-logits))).astype(np.int64)
    chance = 1 / (1 + np.exp(-logits - shift))
    return ScoredRows(truth, np.stack([1 - chance, chance], axis=1))


def true_error(shift: float) -> float:
    """Return the calibration error of such a model: in each bin, how far its mean chance lies from the true one."""
    logits = 1.5 * np.random.default_rng(5).normal(size=MANY) - 0.5
    true, given = 1 / (1 + np.exp(-logits)), 1 / (1 + np.exp(-logits - shift))
    bins = np.minimum((given * 10).astype(np.int64), 9)
    return float(np.abs(np.bincount(bins, weights=given - true, minlength=10)).sum() / MANY)


@cache
def shift_of(error: float) -> float:
    """Return the shift that gives a true calibration error, by bisection."""
    low, high = 0.0, 3.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if true_error(middle) < error else (low, middle)
    return low


def simulate(error: float, rows: int, repeats: int) -> dict[str, float]:
    """Return the shares of the verdicts on a limit of 0.05, and how often the truth lies beyond each bound."""
    section, gate = TestingSection(confidence=CONFIDENCE), Gate(metric=METRIC, at_most=LIMIT)
    rng, shift = np.random.default_rng([rows, round(1e4 * error)]), shift_of(error)
    counts = dict.fromkeys(("passed", "undecided", "refused", "below", "above"), 0)
    for _ in range(repeats):
        value = measured(METRIC, draw(rng, rows, shift), threshold=0.5)
        counts[limit(gate, value, section).verdict] += 1
        bounds = one_sided(value, CONFIDENCE)
        assert bounds is not None
        counts["below"] += error < bounds[0]
        counts["above"] += error > bounds[1]
    return {name: count / repeats for name, count in counts.items()}


def table(repeats: int) -> Iterator[str]:
    """Yield the table of the verdicts as Markdown."""
    yield "| rows | " + " | ".join(f"{error:g}" for error in TRUE) + " | missed |"
    yield "|---:|" + "---:|" * (len(TRUE) + 1)
    for rows in ROWS:
        cells = [simulate(error, rows, repeats) for error in TRUE]
        shown = [f"{100 * c['passed']:.1f} / {100 * c['undecided']:.0f} / {100 * c['refused']:.1f}" for c in cells]
        worst = [100 * max(cell[end] for cell in cells) for end in ("below", "above")]
        yield f"| {rows:,} | " + " | ".join(shown) + f" | {worst[0]:.1f} / {worst[1]:.1f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2_000)
    for line in table(parser.parse_args().repeats):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
