"""Scores without labels: right where confidence keeps its worth, and blind, as said, to another meaning of features."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from sevenfold.monitoring.subtle.calibration import calibrate, log_odds, logistic
from sevenfold.monitoring.subtle.expected_scores import Confidence, estimated, fit_confidence

SURE = 3.0  # times too sure


def world(rows, seed, *, spread=1.5, meaning=1.0):
    """Return the probabilities that a model gives, and what came true."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0.3, spread, rows)
    return logistic(SURE * odds), rng.random(rows) < logistic(meaning * odds)


def confidence_of(probabilities):
    return Confidence(probabilities, probabilities >= 0.5, binary=True)


def fitted():
    probabilities, happened = world(4_000, 0)
    return fit_confidence(confidence_of(probabilities), happened.astype(int), probabilities >= 0.5)


def test_the_curve_is_a_logistic_regression_over_the_log_odds():
    probabilities, happened = world(4_000, 0)
    line = calibrate(probabilities, happened).line
    peer = LogisticRegression(C=1e9, tol=1e-10).fit(log_odds(probabilities).reshape(-1, 1), happened)
    assert line == pytest.approx([peer.intercept_[0], peer.coef_[0, 0]], abs=2e-3)
    assert line[1] == pytest.approx(1 / SURE, rel=0.1)


@pytest.mark.parametrize("spread", [0.5, 1.5, 3.0])
def test_the_intervals_hold_the_true_scores_whatever_rows_come(spread):
    calibration, held = fitted(), {"accuracy": 0, "roc_auc": 0}
    for seed in range(1, 31):
        probabilities, happened = world(1_000, seed, spread=spread)
        scores = estimated(confidence_of(probabilities), calibration)
        true = {
            "accuracy": ((probabilities >= 0.5) == happened).mean(),
            "roc_auc": roc_auc_score(happened, probabilities),
        }
        for name, score in true.items():
            held[name] += scores[name].low <= score <= scores[name].high
            assert scores[name].value == pytest.approx(score, abs=0.06)
    assert min(held.values()) >= 26, held


def test_a_target_that_means_something_else_is_not_noticed():
    probabilities, happened = world(4_000, 5, meaning=-1.0)
    expected = estimated(confidence_of(probabilities), fitted())["accuracy"]
    assert ((probabilities >= 0.5) == happened).mean() < 0.4
    assert expected.low > 0.6


def test_of_several_classes_the_confidence_in_the_best_is_calibrated():
    rng = np.random.default_rng(6)
    highest = rng.uniform(0.4, 1, 3_000)
    right = rng.random(3_000) < highest * 0.8
    confidence = Confidence(highest, np.ones(3_000, dtype=bool), binary=False)
    calibration = fit_confidence(confidence, np.where(right, 1, 2), np.ones(3_000, dtype=int))
    scores = estimated(confidence, calibration)
    assert list(scores) == ["accuracy"]
    assert scores["accuracy"].value == pytest.approx(right.mean(), abs=0.02)


def test_rows_without_an_error_give_a_finite_curve():
    curve = calibrate(np.full(300, 0.9), np.ones(300, dtype=bool))
    assert np.isfinite(curve.line).all()
    assert np.isfinite(curve.covariance).all()
