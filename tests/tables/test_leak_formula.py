"""Formulas: the coefficients are those of the formula that made the target, and no formula is seen where none is."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import datasets

from sevenfold.tables.leak_formula import find_formula
from sevenfold.tables.leak_product import find_product

RANDOM = np.random.default_rng(0)
ROWS = 2_000


def beside(count: int = 12) -> dict[str, np.ndarray]:
    return {f"x{i}": RANDOM.normal(size=ROWS) for i in range(count)}


def test_casual_and_registered_make_up_the_count():
    casual, registered = RANDOM.poisson(30, ROWS) * 1.0, RANDOM.poisson(120, ROWS) * 1.0
    formula = find_formula({**beside(), "casual": casual, "registered": registered}, casual + registered)
    assert formula is not None
    assert formula.exact
    assert formula.terms == {"casual": pytest.approx(1), "registered": pytest.approx(1)}
    assert set(formula.known_last) == {"casual", "registered"}
    assert formula.text("cnt") in ("cnt ≈ registered + casual", "cnt ≈ casual + registered")


def test_minutes_between_two_moments_of_a_year():
    start = RANDOM.integers(0, 365 * 86_400, ROWS) * 1e6
    minutes = RANDOM.exponential(90, ROWS).round()
    formula = find_formula({**beside(), "started": start, "ended": start + minutes * 6e7}, minutes)
    assert formula is not None
    assert formula.exact
    assert formula.known_last == ("ended",)


def test_a_ratio_a_product_and_their_powers():
    height, weight = RANDOM.normal(1.7, 0.1, ROWS), RANDOM.normal(75, 12, ROWS)
    formula = find_formula({**beside(), "height": height, "weight": weight}, (weight / height**2).round(1))
    assert formula is not None
    assert formula.terms == {"weight": pytest.approx(1, abs=0.01), "height": pytest.approx(-2, abs=0.02)}
    price, sold = RANDOM.lognormal(size=ROWS), RANDOM.poisson(1, ROWS) * 1.0
    formula = find_product({**beside(), "price": price, "sold": sold}, price * sold)
    assert formula is not None
    assert set(formula.terms) == {"price", "sold"}
    change = RANDOM.normal(size=ROWS)
    formula = find_product({**beside(), "change": change, "base": price}, change / price)
    assert formula is not None
    assert formula.terms == {"change": 1.0, "base": -1.0}


def test_a_year_is_the_sum_of_its_months():
    months = {f"month {i}": RANDOM.exponential(10, ROWS) for i in range(12)}
    formula = find_formula({**beside(), **months}, np.sum(list(months.values()), axis=0))
    assert formula is not None
    assert set(formula.terms) == set(months)


def test_gaps_and_rows_that_do_not_fit_hide_no_formula():
    one, other = RANDOM.normal(size=ROWS), RANDOM.normal(size=ROWS)
    total = one - other
    total[::150] += 40
    one[RANDOM.random(ROWS) < 0.1] = np.nan
    other[5] = 3.4e38
    formula = find_formula({**beside(40), "one": one, "other": other}, total)
    assert formula is not None
    assert set(formula.terms) == {"one", "other"}


def test_a_term_that_adds_nothing_is_no_term():
    y = RANDOM.normal(size=ROWS)
    assert find_formula({**beside(), "copy": y + RANDOM.normal(size=ROWS) * 0.005}, y) is None


@pytest.mark.parametrize("noise", [0.05, 0.2])
def test_noise_beside_the_formula_is_no_formula(noise):
    columns = beside()
    target = columns["x0"] + columns["x1"] + RANDOM.normal(size=ROWS) * noise * 2**0.5
    assert find_formula(columns, target) is None
    assert find_product(columns, target) is None


def test_no_formula_in_honest_tables():
    for load in (datasets.load_diabetes, datasets.load_breast_cancer, datasets.load_wine):
        x, y = load(return_X_y=True)
        columns = {f"x{i}": x[:, i] for i in range(x.shape[1])}
        assert find_formula(columns, y.astype(float)) is None
        assert find_product(columns, y.astype(float)) is None
