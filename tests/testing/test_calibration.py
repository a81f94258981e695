"""The calibration error is too large on few rows, and its bounds allow for that: a calibrated model is not refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import foldnorm
from simulate_calibration import LIMIT, ROWS, TRUE, draw, shift_of, simulate, true_error

from sevenfold.testing.bounds import one_sided
from sevenfold.testing.calibration import _folded, excess
from sevenfold.testing.evidence import measured


def test_a_gap_appears_larger_by_the_mean_of_a_folded_normal() -> None:
    gaps = np.array([0.0, 0.3, 1.0, 2.5, 6.0])
    np.testing.assert_allclose(_folded(gaps), foldnorm.mean(gaps) - gaps, atol=1e-12)


@pytest.mark.parametrize("error", [0.0, 0.05])
def test_the_excess_lies_between_its_bounds_on_average(error: float) -> None:
    rng, least, most, beyond = np.random.default_rng(1), [], [], []
    for _ in range(200):
        rows = draw(rng, 1_000, shift_of(error))
        low, high = excess(rows.truth, rows.predicted)
        least.append(low)
        most.append(high)
        beyond.append(measured("calibration_error", rows, threshold=0.5).value - error)
    assert 0 < np.mean(least) <= np.mean(beyond) + 0.002
    assert np.mean(beyond) <= np.mean(most) + 0.002


def test_the_naive_bound_would_refuse_a_calibrated_model() -> None:
    # The rule before: nine of ten lower bounds lie above the true error.
    rng, above, mended = np.random.default_rng(2), 0, 0
    for _ in range(100):
        value = measured("calibration_error", draw(rng, 1_000, 0.0), threshold=0.5)
        naive, now = one_sided(value.__class__(value.value, value.influence, value.rows), 0.95), one_sided(value, 0.95)
        assert naive is not None and now is not None
        above += naive[0] > 0.001
        mended += now[0] > 0.001
    assert above > 70
    assert mended <= 12


@pytest.mark.parametrize("rows", [300, 1_000])
def test_a_calibrated_model_is_seldom_refused_and_a_crooked_one_seldom_passed(rows: int) -> None:
    assert simulate(0.0, rows, 150)["refused"] <= 0.03
    assert simulate(0.08, rows, 150)["passed"] <= 0.10
    at_the_limit = simulate(LIMIT, rows, 150)
    assert at_the_limit["passed"] <= 0.14 and at_the_limit["refused"] <= 0.14


def test_many_rows_decide() -> None:
    assert simulate(0.0, 5_000, 30)["passed"] == 1
    assert simulate(0.15, 1_000, 30)["refused"] == 1


def test_three_classes_and_one_bin_have_bounds() -> None:
    rng = np.random.default_rng(3)
    shares = rng.dirichlet([2, 1, 1], 2_000)
    truth = (rng.random(2_000)[:, None] > shares.cumsum(1)).sum(1).clip(0, 2)
    least, most = excess(truth, shares)
    value = measured("calibration_error", measured_rows(truth, shares), threshold=0.5)
    assert 0 < least < most < value.value * 1.5
    sure = np.tile([0.0, 1.0], (50, 1))
    assert excess(np.ones(50, dtype=np.int64), sure) == (0.0, 0.0)


def measured_rows(truth: np.ndarray, shares: np.ndarray) -> object:
    from sevenfold.testing.scored_rows import ScoredRows

    return ScoredRows(truth.astype(np.int64), shares)


def test_a_world_has_the_error_that_was_asked_for() -> None:
    assert true_error(shift_of(0.05)) == pytest.approx(0.05, abs=1e-4)


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.parametrize("rows", ROWS)
def test_every_cell_holds_in_full(rows: int) -> None:
    for error in TRUE:
        cell = simulate(error, rows, 2_000)
        assert cell["below"] <= 0.07, (error, cell)
        assert cell["above"] <= 0.07, (error, cell)
        if error > LIMIT:
            assert cell["passed"] <= 0.06, (error, cell)
        if error < LIMIT:
            assert cell["refused"] <= 0.05, (error, cell)
