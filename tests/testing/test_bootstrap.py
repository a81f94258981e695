from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from sevenfold.scoring.scores import weighted_score
from sevenfold.testing.bootstrap import percentile_interval, resampled


def test_values_are_those_of_rows_drawn_again_and_again() -> None:
    rng = np.random.default_rng(0)
    truth, p = rng.integers(0, 2, 300), np.round(rng.random(300), 2)
    values = resampled([weighted_score("roc_auc", truth, p)], 300, samples=20, seed=5)[:, 0]
    # The oracle draws the same rows, takes them one by one and asks scikit-learn.
    generator = np.random.default_rng(5)
    for value in values:
        rows = generator.integers(0, 300, 300, dtype=np.int32)
        assert value == pytest.approx(roc_auc_score(truth[rows], p[rows]), abs=1e-12)


def test_the_interval_of_a_mean_is_the_normal_one() -> None:
    errors = np.random.default_rng(1).normal(size=4_000)
    statistic = weighted_score("mae", np.zeros(4_000), errors)
    low, high = percentile_interval(resampled([statistic], 4_000, samples=2_000, seed=7)[:, 0], 0.9) or (0.0, 0.0)
    spread = norm.ppf(0.95) * np.abs(errors).std() / np.sqrt(4_000)
    assert low == pytest.approx(np.abs(errors).mean() - spread, abs=spread / 8)
    assert high == pytest.approx(np.abs(errors).mean() + spread, abs=spread / 8)


def test_a_95_percent_interval_misses_the_truth_about_once_in_twenty() -> None:
    misses = 0
    for seed in range(200):
        values = np.random.default_rng(seed).exponential(size=200)
        statistic = weighted_score("mae", np.zeros(200), values)
        low, high = percentile_interval(resampled([statistic], 200, samples=200, seed=seed)[:, 0], 0.95) or (0.0, 0.0)
        misses += not low <= 1.0 <= high
    assert 2 <= misses <= 28  # 10 expected; the percentile interval is a little short on a skewed law


def test_statistics_of_one_call_and_of_equal_seeds_are_paired() -> None:
    truth, p = np.array([0, 1] * 50), np.random.default_rng(2).random(100)
    one = weighted_score("log_loss", truth, p)
    together = resampled([one, one], 100, samples=50, seed=3)
    assert (together[:, 0] == together[:, 1]).all()
    assert (resampled([one], 100, samples=50, seed=3)[:, 0] == together[:, 0]).all()
    assert (resampled([one], 100, samples=50, seed=4)[:, 0] != together[:, 0]).any()


def test_an_interval_needs_a_metric_that_is_mostly_defined() -> None:
    assert percentile_interval(np.array([np.nan] * 20 + [0.5] * 80), 0.9) is None
    assert percentile_interval(np.array([np.nan] * 5 + [0.5] * 95), 0.9) == (0.5, 0.5)
