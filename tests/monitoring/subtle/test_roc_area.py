"""The area and its variance, against scikit-learn, brute force and simulation."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from sevenfold.monitoring.subtle.roc_area import roc_area


@pytest.mark.parametrize("decimals", [1, 12])  # many ties, and none
def test_the_area_is_scikit_learns(decimals):
    rng = np.random.default_rng(0)
    above, below = rng.normal(0.5, 1, 70).round(decimals), rng.normal(0, 1, 130).round(decimals)
    truth = np.repeat([1, 0], [70, 130])
    assert roc_area(above, below)[0] == pytest.approx(roc_auc_score(truth, np.concatenate([above, below])), abs=1e-12)


def test_the_variance_is_that_of_the_wins_pair_by_pair():
    rng = np.random.default_rng(1)
    above, below = rng.normal(1, 1, 12).round(1), rng.normal(0, 1, 9).round(1)
    pairs = (above[:, None] > below) + (above[:, None] == below) / 2
    expected = pairs.mean(1).var(ddof=1) / 12 + pairs.mean(0).var(ddof=1) / 9
    assert roc_area(above, below)[1] == pytest.approx(expected)


def test_the_variance_is_how_much_areas_of_new_samples_vary():
    rng = np.random.default_rng(2)
    drawn = [roc_area(rng.normal(0.7, 1, 80), rng.normal(0, 1, 120)) for _ in range(800)]
    areas, variances = np.array(drawn).T
    assert variances.mean() == pytest.approx(areas.var(), rel=0.15)
