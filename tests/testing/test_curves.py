from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics as oracle

from sevenfold.testing.curves import MAX_POINTS, calibration, confusion, precision_recall, roc

ROWS = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.5001, 1.0])), min_size=2, max_size=60)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_roc_agrees_with_the_oracle(rows: list[tuple[bool, float]]) -> None:
    positive, scores = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    if positive.all() or not positive.any():
        return
    fpr, tpr, thresholds = roc(positive, scores)
    expected = oracle.roc_curve(positive, scores, drop_intermediate=False)
    np.testing.assert_allclose(fpr, expected[0])
    np.testing.assert_allclose(tpr, expected[1])
    np.testing.assert_allclose(thresholds[1:], expected[2][1:])
    assert np.isfinite(thresholds).all() and thresholds[0] > scores.max()


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_precision_and_recall_agree_with_the_oracle(rows: list[tuple[bool, float]]) -> None:
    positive, scores = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    if not positive.any():
        return
    recall, precision = precision_recall(positive, scores)
    theirs, ours, _ = oracle.precision_recall_curve(positive, scores)
    np.testing.assert_allclose(recall, ours[:-1][::-1])
    np.testing.assert_allclose(precision, theirs[:-1][::-1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_long_curves_are_thinned_without_losing_their_ends_or_their_area(dtype: type) -> None:
    rng = np.random.default_rng(0)
    scores = rng.random(50_000).astype(dtype)
    positive = rng.random(50_000) < scores
    fpr, tpr, thresholds = roc(positive, scores)
    assert len(fpr) <= MAX_POINTS
    assert (fpr[0], tpr[0], fpr[-1], tpr[-1]) == (0, 0, 1, 1)
    assert (np.diff(thresholds) < 0).all()
    assert np.trapezoid(tpr, fpr) == pytest.approx(oracle.roc_auc_score(positive, scores), abs=1e-4)


def test_one_class_only_gives_a_finite_curve() -> None:
    for value in (True, False):
        fpr, tpr, thresholds = roc(np.full(5, value), np.arange(5) / 5)
        assert np.isfinite([fpr, tpr, thresholds]).all()


def test_calibration_bins_hold_all_rows_with_wilson_intervals() -> None:
    rng = np.random.default_rng(1)
    scores = np.round(rng.random(5_000), 2)
    positive = rng.random(5_000) < scores
    bins = calibration(positive, scores)
    assert sum(part.rows for part in bins) == 5_000
    assert 9 <= len(bins) <= 10
    for part in bins:
        ends = binomtest(round(part.actual * part.rows), part.rows).proportion_ci(method="wilson")
        assert (part.low, part.high) == pytest.approx((ends.low, ends.high), abs=1e-9)
    # Probabilities drawn from the very law they claim lie inside almost every interval.
    assert sum(part.low <= part.predicted <= part.high for part in bins) >= 8


def test_calibration_of_a_constant_is_one_bin() -> None:
    bins = calibration(np.array([True, False, True, True]), np.full(4, 0.3))
    assert [(part.predicted, part.actual, part.rows) for part in bins] == [(pytest.approx(0.3), 0.75, 4)]


def test_confusion_agrees_with_the_oracle() -> None:
    rng = np.random.default_rng(2)
    truth, predicted = rng.integers(0, 4, 200), rng.integers(0, 3, 200)
    np.testing.assert_array_equal(
        confusion(truth, predicted, 4), oracle.confusion_matrix(truth, predicted, labels=range(4))
    )
