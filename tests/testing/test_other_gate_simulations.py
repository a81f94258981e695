"""The error rates of limits, overfitting, slices and costs, by simulation, as those of comparisons are tested.

`make test` runs a part with few repetitions and wide bounds; `make soak` and
`python tests/samples/simulate_other_gates.py` run all of it. The table of `docs/decisions.md` is from the latter.
"""

from __future__ import annotations

import numpy as np
import pytest
from gate_worlds import SLOPE, World, chance
from simulate_other_gates import ROWS, RULES, Cell, area_of_all, simulate, slice_slopes, true_value

from sevenfold.testing.evidence import measured
from sevenfold.testing.scored_rows import ScoredRows

FEW, MANY = 150, 2_000


def check(cell: Cell, repeats: int, allowed: float = 0.05) -> None:
    if cell.beyond >= 0:  # at the limit, too: there the confidence is all that keeps it from passing
        assert cell.passed <= chance(allowed, repeats), cell
    if cell.beyond <= 0:
        family_wise = cell.rule == "slices, all 10 equal"
        assert cell.refused <= chance(0.05 if family_wise else 0.10, repeats), cell


@pytest.mark.parametrize("rule", RULES)
def test_what_is_beyond_a_limit_seldom_passes_and_what_holds_it_is_seldom_refused(rule: str) -> None:
    for cell in simulate(rule, 1_000 if rule.startswith("costs") else 300, FEW, (-0.05, 0.0, 0.02)):
        check(cell, FEW)


@pytest.mark.parametrize("rule", [name for name in RULES if not name.startswith("slices")])
def test_enough_rows_show_what_holds_a_limit_and_what_does_not(rule: str) -> None:
    held, broken = simulate(rule, 10_000, 10, (-0.2, 0.2) if rule.startswith("costs") else (-0.05, 0.05))
    assert (held.passed, broken.refused) == (1.0, 1.0)


def test_enough_rows_show_that_all_slices_hold_and_that_one_does_not() -> None:
    held, broken = simulate("slices, one of 10 worse", 5_000, 10, (-0.08, 0.08))
    assert (held.passed, broken.refused) == (1.0, 1.0)


@pytest.mark.parametrize("metric", ["roc_auc", "accuracy", "log_loss"])
def test_the_truth_in_closed_form_is_what_many_rows_measure(metric: str) -> None:
    drawn, _ = World(metric, SLOPE, SLOPE).draw(np.random.default_rng(5), 400_000)
    assert measured(metric, drawn, threshold=0.5).value == pytest.approx(true_value(metric), abs=0.004)


def test_the_roc_auc_of_all_slices_in_closed_form_is_what_many_rows_measure() -> None:
    rng, slopes = np.random.default_rng(5), slice_slopes(5)
    drawn = [World("roc_auc", slope, slope).draw(rng, 40_000)[0] for slope in slopes]
    rows = ScoredRows(np.concatenate([d.truth for d in drawn]), np.concatenate([d.predicted for d in drawn]))
    assert measured("roc_auc", rows, threshold=0.5).value == pytest.approx(area_of_all(slopes), abs=0.004)
    assert area_of_all(slopes[-2:]) == pytest.approx(0.75)  # equal slices


@pytest.mark.extended
@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
def test_every_cell_holds_in_full(rule: str) -> None:
    for rows in ROWS:
        for cell in simulate(rule, rows, MANY):
            check(cell, MANY)
