"""Suspects: alone, by their gaps, standing out from all others; and what is no suspect."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import datasets
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler

from sevenfold.tables.leak_others import left_by
from sevenfold.tables.leak_search import LeakSearch, Suspect
from sevenfold.tables.leakage import halves

RANDOM = np.random.default_rng(0)
ROWS = 2_000


def found(target: Any, classes: int = 0, codes: dict[str, Any] | None = None, **numbers: Any) -> list[Suspect]:
    given = {name: np.asarray(values, dtype=np.float64) for name, values in numbers.items()}
    return LeakSearch("y", np.asarray(target), classes, given, codes or {}).suspects()


def weak(target: Any, count: int = 3) -> dict[str, Any]:
    """Return features that say a little of the target."""
    return {f"x{i}": target + RANDOM.normal(size=len(target)) * 2 for i in range(count)}


def test_week_below_52_exactly_when_arrested_but_for_four():
    # as in Rossi's table of recidivism: 432 people, 114 arrested within a year, four of them in the last week
    arrested = RANDOM.permutation(432) < 114
    week = np.where(arrested, RANDOM.integers(1, 52, 432), 52)
    week[np.flatnonzero(arrested)[:4]] = 52
    others = {f"x{i}": RANDOM.normal(size=432) for i in range(5)}
    (suspect,) = found(arrested.astype(int), 2, week=week, **others)
    assert suspect.columns == ("week",)
    assert not suspect.exact
    assert "wrong in 4 of 432 rows" in suspect.text


def test_a_good_feature_among_others_as_good_is_no_suspect():
    for load in (datasets.load_iris, datasets.load_wine, datasets.load_breast_cancer):
        x, y = load(return_X_y=True)
        assert found(y, int(y.max()) + 1, **{f"x{i}": x[:, i] for i in range(x.shape[1])}) == []


@pytest.mark.parametrize("noise", [0.01, 0.05, 0.08])
def test_a_copy_with_noise_stands_out(noise):
    y = RANDOM.normal(size=ROWS)
    (suspect,) = found(y, copy=y + RANDOM.normal(size=ROWS) * noise, **weak(y))
    assert suspect.columns == ("copy",)
    assert "R² 0.99" in suspect.text


def test_a_copy_with_much_noise_is_a_good_feature():
    y = RANDOM.normal(size=ROWS)
    assert found(y, copy=y + RANDOM.normal(size=ROWS) * 0.2, **weak(y)) == []


def test_the_classes_by_other_names_with_a_few_slips():
    y = RANDOM.integers(0, 3, ROWS)
    codes = np.where(RANDOM.random(ROWS) < 0.02, RANDOM.integers(0, 3, ROWS), (y + 1) % 3)
    assert [suspect.columns for suspect in found(y, 3, codes={"code": codes}, **weak(y))] == [("code",)]
    assert [suspect.columns for suspect in found(y, 3, code=codes, **weak(y))] == [("code",)]


def test_a_value_that_is_there_after_the_event_only():
    y = RANDOM.integers(0, 3, ROWS)
    closed = np.where((y == 1) ^ (RANDOM.random(ROWS) < 0.002), RANDOM.normal(size=ROWS), np.nan)
    (suspect,) = found(y, 3, closed_at=closed, **weak(y))
    assert suspect.columns == ("closed_at",)
    assert "has a value in 99." in suspect.text


def test_a_value_that_is_there_for_large_targets_only():
    y = RANDOM.normal(size=ROWS)
    (suspect,) = found(y, refund=np.where(y > 1, RANDOM.normal(size=ROWS), np.nan), **weak(y))
    assert suspect.columns == ("refund",)
    assert found(y, refund=np.where(y + RANDOM.normal(size=ROWS) > 1, 1.5, np.nan), **weak(y)) == []


@pytest.mark.parametrize("sign", ["-", "+", "/", "x"])
def test_classes_by_a_threshold_on_two_columns(sign):
    first, second = RANDOM.lognormal(3, 1, ROWS), RANDOM.lognormal(3, 1, ROWS)
    value = {"-": first - second, "+": first + second, "/": first / second, "x": first * second}[sign]
    y = (value > np.quantile(value, 0.8)).astype(int)
    (suspect,) = found(y, 2, arrival=first, scheduled=second, **weak(y, 5))
    assert suspect.exact
    assert set(suspect.columns) == {"arrival", "scheduled"}
    assert "0 of 2,000 rows" in suspect.text


def test_a_noisy_threshold_on_two_columns_is_none():
    first, second = RANDOM.normal(size=ROWS), RANDOM.normal(size=ROWS)
    y = (first - second + RANDOM.normal(size=ROWS) * 0.3 > 0).astype(int)
    assert found(y, 2, first=first, second=second, **weak(y)) == []


def test_few_rows_and_enormous_values_are_no_reason_to_fail():
    y = RANDOM.normal(size=200)
    assert found(y[:60], copy=y[:60] + 1e-9) == []
    assert found(y, huge=RANDOM.normal(size=200) * 1e305, tiny=RANDOM.normal(size=200) * 1e-305, gone=y * np.nan) == []
    assert found(y * 1e300, x=y) == []


def test_what_all_others_leave_is_that_of_scikit_learn():
    x, y = datasets.load_diabetes(return_X_y=True)
    seen, held = halves(len(y))
    ours = left_by({f"x{i}": x[:, i] for i in range(10)}, {}, y, classes=0)
    guess = LinearRegression().fit(x[seen], y[seen]).predict(x[held])
    low, high = np.quantile(y[held], [0.02, 0.98])
    middle = (y[held] >= low) & (y[held] <= high)
    theirs = 1 - min(r2_score(y[held], guess), r2_score(y[held][middle], guess[middle]))
    assert ours == pytest.approx(theirs, abs=0.05)
    x, y = datasets.load_wine(return_X_y=True)
    seen, held = halves(len(y))
    scaled = StandardScaler().fit_transform(x)
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.02).fit(scaled[seen], y[seen])
    wrong = np.count_nonzero(model.predict(scaled[held]) != y[held])
    baseline = np.count_nonzero(y[held] != np.bincount(y[seen]).argmax())
    ours = left_by({f"x{i}": x[:, i] for i in range(13)}, {}, y, classes=3)
    assert ours == pytest.approx(wrong / baseline, abs=0.03)
