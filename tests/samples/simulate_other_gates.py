"""Simulate limits, overfitting, slices and costs, and print their table of `docs/decisions.md` as Markdown.

Run python tests/samples/simulate_other_gates.py. The truth of every world is known in closed form, so that a cell at
the limit lies exactly there. 2,000 repetitions of every cell take about ten minutes of one processor.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist
from zlib import crc32

import numpy as np
from gate_worlds import SLOPE, World

from sevenfold.contracts.evaluation import GateResult
from sevenfold.plan.costs import Costs
from sevenfold.plan.metrics import higher_is_better
from sevenfold.plan.testing import Gate, TestingSection
from sevenfold.testing import gates
from sevenfold.testing.decisions import cheaper
from sevenfold.testing.evidence import measured, on_other_rows
from sevenfold.testing.scored_rows import ScoredRows
from sevenfold.testing.slices import Slice, slice_scores

ROWS = (300, 1_000, 5_000)  # of the test; of each slice for slices
BEYOND = (-0.05, -0.02, 0.0, 0.01, 0.02, 0.05)  # how far the truth lies beyond the limit, in the metric's unit
SLICES = 10
TRAIN_ROWS = 4  # per test row
NORMAL = NormalDist()
PLAIN = TestingSection()

Judge = Callable[[np.random.Generator, int, Sequence[float]], Iterator[GateResult]]


@dataclass(frozen=True)
class Cell:
    """Shares of the repetitions with each verdict."""

    rule: str
    rows: int
    beyond: float
    passed: float
    undecided: float
    refused: float


def _slope(area: float) -> float:
    """Return the strength of a model with this ROC AUC."""
    return 2**0.5 * NORMAL.inv_cdf(area)


def _area(one: float, other: float) -> float:
    """Return how often a yes of the first model is above a no of the second, whose logits are normal: ± s² / 2, s²."""
    return NORMAL.cdf(math.hypot(one, other) / 2)


def true_value(metric: str, slope: float = SLOPE) -> float:
    """Return what roc_auc, accuracy or log_loss of a model of `gate_worlds` truly is."""
    if metric == "log_loss":
        noise = np.linspace(-9, 9, 20_001)
        density = np.exp(-(noise**2) / 2)
        return float((np.log1p(np.exp(-slope * noise - slope**2 / 2)) * density).sum() / density.sum())
    return NORMAL.cdf(slope / 2) if metric == "accuracy" else _area(slope, slope)


def _drawn(rng: np.random.Generator, rows: int, slope: float = SLOPE) -> ScoredRows:
    return World("roc_auc", slope, slope).draw(rng, rows)[0]


def _limits(metric: str, rng: np.random.Generator, rows: int, beyond: Sequence[float]) -> Iterator[GateResult]:
    value, truth = measured(metric, _drawn(rng, rows), threshold=0.5), true_value(metric)
    name, sign = ("at_least", 1) if higher_is_better(metric) else ("at_most", -1)
    for far in beyond:
        yield gates.limit(Gate(metric=metric, **{name: truth + sign * far}), value, PLAIN)


def _overfitting(rng: np.random.Generator, rows: int, beyond: Sequence[float]) -> Iterator[GateResult]:
    """Judge a model whose ROC AUC is 0.85 on training rows and 0.75 on test rows."""
    test = measured("roc_auc", _drawn(rng, rows), threshold=0.5)
    train = measured("roc_auc", _drawn(rng, TRAIN_ROWS * rows, _slope(0.85)), threshold=0.5)
    gap = on_other_rows("roc_auc", test, train)
    for far in beyond:
        yield gates.overfitting("roc_auc", train.value, test.value, gap, TestingSection(max_overfitting=0.1 - far))


def slice_slopes(weak: int) -> list[float]:
    """Return the strength of the model in each slice: ROC AUC 0.65 in the `weak` first ones, 0.75 in the others."""
    return [_slope(0.65)] * weak + [SLOPE] * (SLICES - weak)


def area_of_all(slopes: Sequence[float]) -> float:
    """Return the ROC AUC of all rows of slices of equal size: of a yes of any slice against a no of any."""
    return sum(_area(one, other) for one in slopes for other in slopes) / len(slopes) ** 2


def _slices(weak: int, rng: np.random.Generator, rows: int, beyond: Sequence[float]) -> Iterator[GateResult]:
    slopes = slice_slopes(weak)
    gap = round(area_of_all(slopes) - _area(slopes[0], slopes[0]), 12)  # of the worst slices
    drawn = [_drawn(rng, rows, slope) for slope in slopes]
    test = ScoredRows(*(np.concatenate([getattr(part, name) for part in drawn]) for name in ("truth", "predicted")))
    code = np.repeat(np.arange(SLICES), rows)
    parts = [Slice("part", str(index), code == index) for index in range(SLICES)]
    judged = slice_scores(test, parts, "roc_auc", measured("roc_auc", test, threshold=0.5), PLAIN)
    for far in beyond:
        yield gates.slices("part", judged, "roc_auc", TestingSection(max_slice_gap=gap - far), judged=SLICES)


def _clear_costs(rng: np.random.Generator, rows: int, beyond: Sequence[float]) -> Iterator[GateResult]:
    """Judge decisions at 0.5 where a missed yes costs about twice a needless one: always yes is clearly cheaper."""
    drawn = _drawn(rng, rows)
    wrong, predicted = 1 - true_value("accuracy"), (drawn.predicted[:, 1] >= 0.5).astype(np.int64)
    for far in beyond:
        costs = Costs(false_positive=1, false_negative=(1 + 2 * far) / wrong - 1)
        yield cheaper(costs, drawn.truth, predicted, PLAIN)


def _equal_costs(rng: np.random.Generator, rows: int, beyond: Sequence[float]) -> Iterator[GateResult]:
    """Judge decisions where always yes and always no cost the same, so that chance says which is the cheaper."""
    truth, luck = rng.integers(0, 2, rows), rng.random(rows)
    for far in beyond:
        yield cheaper(Costs(false_positive=1, false_negative=1), truth, truth ^ (luck < 0.5 + far), PLAIN)


def _rare_costs(rng: np.random.Generator, rows: int, beyond: Sequence[float]) -> Iterator[GateResult]:
    """Judge decisions where 5 % are a yes, half of these are seen, and a missed one costs ten times a needless one."""
    truth, luck = (rng.random(rows) < 0.05).astype(np.int64), rng.random(rows)
    for far in beyond:
        predicted = (luck < np.where(truth == 1, 0.5, (0.25 + far) / 0.95)).astype(np.int64)
        yield cheaper(Costs(false_positive=1, false_negative=10), truth, predicted, PLAIN)


def _near_costs(rng: np.random.Generator, rows: int, beyond: Sequence[float]) -> Iterator[GateResult]:
    """Judge decisions that are always no but for a twentieth of the yes; always yes costs about as much."""
    truth, luck = (rng.random(rows) < 1 / 11).astype(np.int64), rng.random(rows)
    for far in beyond:
        costs = Costs(false_positive=1, false_negative=10 * (1 + 1.1 * far) / 0.95)
        yield cheaper(costs, truth, truth * (luck < 0.05), PLAIN)


RULES: dict[str, Judge] = {
    "limit on roc_auc": partial(_limits, "roc_auc"),
    "limit on accuracy": partial(_limits, "accuracy"),
    "limit on log_loss": partial(_limits, "log_loss"),
    "overfitting": _overfitting,
    "slices, one of 10 worse": partial(_slices, 1),
    "slices, all 10 equal": partial(_slices, 0),
    "costs, one constant cheaper": _clear_costs,
    "costs, equal constants": _equal_costs,
    "costs, rare yes": _rare_costs,
    "costs, nearly always no": _near_costs,
}


def distances(rule: str, beyond: Sequence[float] = BEYOND) -> list[float]:
    """Return those that exist: of ten equal slices none is worse than all rows, so none can be beyond a limit."""
    return [far for far in beyond if far <= 0 or rule != "slices, all 10 equal"]


def simulate(rule: str, rows: int, repeats: int, beyond: Sequence[float] = BEYOND) -> list[Cell]:
    """Judge by one rule on fresh rows each time; the cells of one rule and number of rows share these."""
    rng, far = np.random.default_rng([rows, crc32(rule.encode())]), distances(rule, beyond)
    counts = [dict.fromkeys(("passed", "undecided", "refused"), 0) for _ in far]
    for _ in range(repeats):
        for count, result in zip(counts, RULES[rule](rng, rows, far), strict=True):
            count[result.verdict] += 1
    return [Cell(rule, rows, at, *(n / repeats for n in count.values())) for at, count in zip(far, counts, strict=True)]


def table(repeats: int, rules: Sequence[str]) -> Iterator[str]:
    """Yield the table of the verdicts as Markdown."""
    yield "| rule | rows | " + " | ".join(f"{far:+g}" if far else "0" for far in BEYOND) + " |"
    yield "|---|---:|" + "---:|" * len(BEYOND)
    for rule in rules:
        for rows in ROWS:
            cells = simulate(rule, rows, repeats)
            shown = [f"{100 * c.passed:.1f} / {100 * c.undecided:.0f} / {100 * c.refused:.1f}" for c in cells]
            shown += ["–"] * (len(BEYOND) - len(cells))
            yield f"| {rule} | {rows:,} | " + " | ".join(shown) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2_000)
    parser.add_argument("--rules", nargs="*", default=list(RULES), choices=list(RULES))
    given = parser.parse_args()
    for line in table(given.repeats, given.rules):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
