from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from sklearn import datasets

from sevenfold.tables import leakage
from sevenfold.tables.leakage import category_evidence, number_evidence

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("load", [datasets.load_iris, datasets.load_wine, datasets.load_breast_cancer])
def test_honest_tables_have_no_leak(load):
    x, y = load(return_X_y=True)
    assert not any(number_evidence(x[:, at], y, classes=int(y.max()) + 1).exact for at in range(x.shape[1]))


def test_honest_values_have_no_leak():
    x, y = datasets.load_diabetes(return_X_y=True)
    assert not any(number_evidence(x[:, at], y, classes=0).exact for at in range(x.shape[1]))


def test_a_number_that_decides_the_class():
    delay = RANDOM.normal(size=5_000) * 30
    assert number_evidence(delay, (delay >= 15).astype(int), classes=2).exact
    assert not number_evidence(delay + RANDOM.normal(size=5_000) * 5, (delay >= 15).astype(int), classes=2).exact


def test_a_number_that_is_there_for_one_class_only():
    target = RANDOM.integers(0, 2, 1_000)
    assert number_evidence(np.where(target == 1, RANDOM.normal(size=1_000), np.nan), target, classes=2).exact


def test_a_number_that_is_the_value_in_other_clothes():
    price = RANDOM.lognormal(size=1_000)
    assert number_evidence(np.log(price), price, classes=0).exact
    assert not number_evidence(np.log(price) + RANDOM.normal(size=1_000) * 0.1, price, classes=0).exact


def test_a_category_that_is_the_class_and_one_that_is_an_identifier():
    target = RANDOM.integers(0, 3, 2_000)
    assert category_evidence(target * 2, target, classes=3).exact
    assert not category_evidence(np.arange(2_000), target, classes=3).exact
    noisy = np.where(RANDOM.random(2_000) < 0.05, 9, target)
    assert not category_evidence(noisy, target, classes=3).exact


def test_a_category_that_is_the_value():
    code = RANDOM.integers(0, 10, 2_000)
    assert category_evidence(code, code * 2.5, classes=0).exact
    assert not category_evidence(code, code * 2.5 + RANDOM.normal(size=2_000), classes=0).exact
    assert not category_evidence(np.arange(2_000), RANDOM.normal(size=2_000), classes=0).exact


@pytest.mark.parametrize("few", [0, 16])
def test_the_most_frequent_class_of_each_level_is_that_of_a_count(few, monkeypatch):
    monkeypatch.setattr(leakage, "FEW_CLASSES", few)
    for rows in (1, 7, 200):
        level, target = np.unique(RANDOM.integers(0, rows, rows), return_inverse=True)[1], RANDOM.integers(0, 3, rows)
        counts = [Counter(target[level == at].tolist()) for at in range(level.max() + 1)]
        expected = [max(count.items(), key=lambda item: item[::-1]) for count in counts]
        most, hits = leakage._majorities(level, target, 3)
        assert list(zip(most.tolist(), hits.tolist(), strict=True)) == expected


def test_a_constant_target_is_given_away_by_nothing():
    code, constant = RANDOM.integers(0, 3, 400), np.full(400, 3.0)
    assert not category_evidence(code, constant, classes=0).exact
    assert category_evidence(code, constant, classes=0).left == 1.0
    assert not number_evidence(code.astype(float), constant, classes=0).exact
