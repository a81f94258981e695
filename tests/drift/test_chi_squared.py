"""The chi-squared distribution against scipy's."""

from __future__ import annotations

import pytest
from scipy import stats

from sevenfold.drift.chi_squared import chi_squared_quantile, chi_squared_tail


@pytest.mark.parametrize("degrees", [1, 2, 3, 9, 15, 100])
def test_against_scipy(degrees: int) -> None:
    for probability in (0.001, 0.5, 0.99, 1 - 0.01 / 50):
        expected = stats.chi2.ppf(probability, degrees)
        assert chi_squared_quantile(probability, degrees) == pytest.approx(expected, rel=1e-9)
    for value in (0.01, 1.0, 20.0, 300.0):
        assert chi_squared_tail(value, degrees) == pytest.approx(stats.chi2.sf(value, degrees), rel=1e-9)


@pytest.mark.parametrize(("probability", "degrees"), [(0.0, 1), (1.0, 1), (0.5, 0)])
def test_nonsense_is_refused(probability: float, degrees: int) -> None:
    with pytest.raises(ValueError, match="must hold"):
        chi_squared_quantile(probability, degrees)
