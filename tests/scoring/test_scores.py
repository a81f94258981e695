"""Every metric against scikit-learn, ties and missing truths included."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle
from sklearn.calibration import calibration_curve

from sevenfold.contracts.schema import Task
from sevenfold.plan.metrics import METRICS, metric_names
from sevenfold.scoring.formulas import OF_COUNTS, OF_PROBABILITIES, OF_VALUES
from sevenfold.scoring.scores import predicted_classes, score, weighted_score

TIED = [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]


def expected(metric: str, truth: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None = None) -> float:
    binary = predicted.ndim == 2 and predicted.shape[1] == 2
    if metric in ("rmse", "mae", "r2"):
        call = {"rmse": oracle.root_mean_squared_error, "mae": oracle.mean_absolute_error, "r2": oracle.r2_score}
        return float(call[metric](truth, predicted, sample_weight=weights))
    labels = list(range(predicted.shape[1]))
    called = predicted_classes(predicted)
    average = "binary" if binary else "macro"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        match metric:
            case "roc_auc" if binary:
                return float(oracle.roc_auc_score(truth, predicted[:, 1], sample_weight=weights))
            case "roc_auc":
                areas = [
                    oracle.roc_auc_score(truth == index, predicted[:, index], sample_weight=weights)
                    for index in labels
                    if 0 < (truth == index).sum() < len(truth)
                ]
                return float(np.mean(areas))
            case "average_precision":
                return float(oracle.average_precision_score(truth, predicted[:, 1], sample_weight=weights))
            case "log_loss":
                return float(oracle.log_loss(truth, predicted, labels=labels, sample_weight=weights))
            case "brier":
                values = predicted[:, 1] if binary else predicted
                return float(oracle.brier_score_loss(truth, values, labels=labels, sample_weight=weights))
            case "accuracy":
                return float(oracle.accuracy_score(truth, called, sample_weight=weights))
            case "balanced_accuracy":
                return float(oracle.balanced_accuracy_score(truth, called, sample_weight=weights))
            case "f1":
                return float(oracle.f1_score(truth, called, average=average, sample_weight=weights, zero_division=0))
            case "precision":
                return float(oracle.precision_score(truth, called, sample_weight=weights, zero_division=0))
            case "recall":
                return float(oracle.recall_score(truth, called, sample_weight=weights, zero_division=0))
    raise AssertionError(metric)


@st.composite
def classified(draw: st.DrawFn, classes: int) -> tuple[np.ndarray, np.ndarray]:
    rows = draw(st.integers(classes, 60))
    truth = np.array(draw(st.lists(st.integers(0, classes - 1), min_size=rows, max_size=rows)))
    truth[:classes] = np.arange(classes)  # every class occurs, as the oracle demands
    if classes == 2:
        positive = np.array(draw(st.lists(st.sampled_from(TIED), min_size=rows, max_size=rows)))
        return truth, np.stack([1 - positive, positive], axis=1)
    seed = draw(st.integers(0, 2**32 - 1))
    raw = np.random.default_rng(seed).integers(1, 4, size=(rows, classes)).astype(float)
    return truth, raw / raw.sum(axis=1, keepdims=True)


def test_every_metric_a_plan_may_name_has_one_formula() -> None:
    assert sorted([*OF_COUNTS, *OF_PROBABILITIES, *OF_VALUES]) == sorted(METRICS)
    assert set(OF_VALUES) == metric_names(Task.REGRESSION)


@pytest.mark.parametrize("metric", sorted(metric_names(Task.BINARY) - {"calibration_error"}))
@settings(max_examples=40, deadline=None)
@given(case=classified(2))
def test_binary_agrees_with_the_oracle(metric: str, case: tuple[np.ndarray, np.ndarray]) -> None:
    truth, predicted = case
    assert score(metric, truth, predicted) == pytest.approx(expected(metric, truth, predicted), abs=1e-12)


@pytest.mark.parametrize("metric", sorted(metric_names(Task.MULTICLASS) - {"calibration_error"}))
@settings(max_examples=25, deadline=None)
@given(case=classified(4))
def test_multiclass_agrees_with_the_oracle(metric: str, case: tuple[np.ndarray, np.ndarray]) -> None:
    truth, predicted = case
    assert score(metric, truth, predicted) == pytest.approx(expected(metric, truth, predicted), abs=1e-12)


@pytest.mark.parametrize("metric", sorted(metric_names(Task.REGRESSION)))
@settings(max_examples=25, deadline=None)
@given(
    truth=st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=40),
    noise=st.lists(st.floats(-1e3, 1e3), min_size=40, max_size=40),
)
def test_regression_agrees_with_the_oracle(metric: str, truth: list[float], noise: list[float]) -> None:
    values = np.array([0.0, 1.0, *truth])
    predicted = values + np.array([*noise, 0.0, 0.0])[: len(values)]
    assert score(metric, values, predicted) == pytest.approx(expected(metric, values, predicted), rel=1e-9, abs=1e-9)


def test_calibration_error_agrees_with_the_oracle() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(5000)
    truth = (rng.random(5000) < p**2).astype(int)
    share, mean = calibration_curve(truth, p, n_bins=10)
    counts = np.histogram(p, bins=10, range=(0, 1))[0]
    assert score("calibration_error", truth, p) == pytest.approx(float((counts * abs(share - mean)).sum() / 5000))


def test_calibration_error_of_a_multiclass_model_is_that_of_its_top_class() -> None:
    # Always 60 % sure, right in 3 of 4 rows: off by 0.15.
    predicted = np.array([[0.6, 0.2, 0.2]] * 4)
    assert score("calibration_error", np.array([0, 0, 0, 1]), predicted) == pytest.approx(0.15)


@pytest.mark.parametrize("classes", [2, 4])
@settings(max_examples=15, deadline=None)
@given(data=st.data(), seed=st.integers(0, 1000))
def test_a_weight_is_how_often_a_row_counts(classes: int, data: st.DataObject, seed: int) -> None:
    truth, predicted = data.draw(classified(classes))
    weights = np.random.default_rng(seed).integers(0, 4, len(truth))
    weights[:classes] = 1
    for metric in sorted(metric_names(Task.BINARY if classes == 2 else Task.MULTICLASS)):
        repeated = score(metric, np.repeat(truth, weights), np.repeat(predicted, weights, axis=0))
        weighted = weighted_score(metric, truth, predicted)(weights.astype(float))
        assert weighted == pytest.approx(repeated, abs=1e-12), metric


def test_weights_of_regression_metrics() -> None:
    rng = np.random.default_rng(1)
    truth, predicted, weights = rng.normal(size=50), rng.normal(size=50), rng.integers(0, 3, 50)
    for metric in metric_names(Task.REGRESSION):
        repeated = score(metric, np.repeat(truth, weights), np.repeat(predicted, weights))
        assert weighted_score(metric, truth, predicted)(weights.astype(float)) == pytest.approx(repeated)


def test_float32_probabilities_of_zero_give_a_finite_log_loss_as_in_the_oracle() -> None:
    predicted = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]], dtype=np.float32)
    truth = np.array([1, 1, 0])
    assert score("log_loss", truth, predicted) == pytest.approx(expected("log_loss", truth, predicted), rel=1e-6)


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_rows_without_a_truth_are_left_out(metric: str) -> None:
    rng = np.random.default_rng(2)
    if metric in metric_names(Task.REGRESSION):
        truth, predicted = rng.normal(size=30), rng.normal(size=30)
        gaps = np.concatenate([truth, [np.nan] * 5])
        more = np.concatenate([predicted, rng.normal(size=5)])
    else:
        truth = np.tile([0, 1, 1], 10)
        predicted = rng.random(30)
        gaps, more = np.concatenate([truth, [-1] * 5]), np.concatenate([predicted, rng.random(5)])
    assert score(metric, gaps, more) == score(metric, truth, predicted)
    assert weighted_score(metric, gaps, more)(np.ones(35)) == score(metric, truth, predicted)


@pytest.mark.parametrize("metric", sorted(METRICS))
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_prediction_that_is_not_finite_has_no_score(metric: str, bad: float) -> None:
    truth = np.array([0.0, 1.0, 2.0]) if metric in metric_names(Task.REGRESSION) else np.array([0, 1, 1])
    assert np.isnan(score(metric, truth, np.array([0.2, bad, 0.7])))


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_no_rows_have_no_score(metric: str) -> None:
    assert np.isnan(score(metric, np.array([], dtype=np.int64), np.array([])))


def test_undefined_scores_are_nan() -> None:
    assert np.isnan(score("roc_auc", np.array([1, 1]), np.array([0.2, 0.3])))
    assert np.isnan(score("average_precision", np.array([0, 0]), np.array([0.2, 0.3])))
    assert np.isnan(score("r2", np.array([2.0, 2.0]), np.array([1.0, 3.0])))


def test_a_class_that_does_not_occur_is_left_out_of_the_mean() -> None:
    predicted = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.6, 0.1], [0.6, 0.3, 0.1]])
    truth = np.array([0, 1, 1, 0])
    assert score("roc_auc", truth, predicted) == 1.0
    assert score("f1", truth, predicted) == 1.0


def test_threshold_moves_the_predicted_class() -> None:
    truth, p = np.array([0, 1, 1, 0]), np.array([0.2, 0.3, 0.6, 0.1])
    assert score("recall", truth, p) == 0.5
    assert score("recall", truth, p, threshold=0.3) == 1.0


@pytest.mark.parametrize(
    ("metric", "truth", "predicted", "message"),
    [
        ("auc", [0, 1], [0.1, 0.2], "one of .*roc_auc.*but got 'auc'"),
        ("roc_auc", [0, 1, 1], [0.1, 0.2], r"shapes \(3,\) and \(2, 2\)"),
        ("rmse", [0.0, 1.0], [[0.1], [0.2]], "shapes"),
        ("recall", [0, 1], [[0.1, 0.2, 0.7]] * 2, "two classes, but got 3"),
        ("log_loss", [0, 2], [0.1, 0.2], "below the number of classes 2, but got 2"),
    ],
)
def test_misuse_is_named(metric: str, truth: list[float], predicted: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        score(metric, np.array(truth), np.array(predicted))
