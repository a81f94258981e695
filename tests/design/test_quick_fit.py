"""The quick linear fit agrees with scikit-learn's ridge regression over the same parts; no absurd value bends it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.preprocessing import StandardScaler

from sevenfold.design.quick_fit import QuickScore, quick_fit
from sevenfold.design.target import target_facts
from sevenfold.design.typed_table import read_typed

ROWS = 500


def made(seed: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, ROWS))
    kind = rng.choice(["red", "green", "blue"], ROWS)
    lift = 2 * x - z + 1.5 * (kind == "red")
    return {
        "x": x,
        "z": z,
        "kind": kind,
        "value": lift + rng.normal(size=ROWS),
        "yes": np.where(lift + 2 * rng.normal(size=ROWS) > 0.5, "yes", "no"),
        "luck": rng.normal(size=ROWS),
    }


def fit(folder: Path, columns: dict[str, np.ndarray], target: str, late: np.ndarray | None = None) -> QuickScore | None:
    path = folder / "table.csv"
    pl.DataFrame(columns).write_csv(path)
    table = read_typed([path])
    features = [table.columns[name] for name in ("x", "z", "kind") if name in columns]
    usable = np.ones(ROWS, dtype=np.bool_)
    return quick_fit(features, target_facts(table, target), usable, 0.2, late)


def by_hand(columns: dict[str, np.ndarray], wanted: np.ndarray, parts: np.ndarray) -> np.ndarray:
    numbers = StandardScaler().fit_transform(np.stack([columns["x"], columns["z"]], axis=1))
    levels = np.stack([columns["kind"] == level for level in np.unique(columns["kind"])], axis=1)
    inputs = np.concatenate([numbers, levels], axis=1)
    given = np.zeros(ROWS)
    for part in np.unique(parts):
        others = parts != part
        given[~others] = Ridge(alpha=1.0).fit(inputs[others], wanted[others]).predict(inputs[~others])
    return given


def test_a_value_is_scored_as_ridge_regression_does_it(tmp_path: Path) -> None:
    columns = made()
    found = fit(tmp_path, {k: columns[k] for k in ("x", "z", "kind", "value")}, "value")
    parts = np.random.default_rng(7).permutation(ROWS) % 5
    expected = r2_score(columns["value"], by_hand(columns, columns["value"], parts))
    assert found is not None
    assert (found.metric, found.rows, found.test_rows) == ("r2", ROWS, 100)
    assert found.value == pytest.approx(expected, abs=1e-3)
    assert found.floor < found.low < found.value < found.high < found.floor + 0.5


def test_a_target_far_from_zero_is_scored_as_one_near_it(tmp_path: Path) -> None:
    columns = made()
    near = fit(tmp_path, {k: columns[k] for k in ("x", "z", "kind", "value")}, "value")
    far = fit(tmp_path, {**{k: columns[k] for k in ("x", "z", "kind")}, "value": columns["value"] + 1e9}, "value")
    assert near is not None
    assert far is not None
    assert far.value == pytest.approx(near.value, abs=1e-5)


def test_a_class_is_scored_by_its_area(tmp_path: Path) -> None:
    columns = made()
    found = fit(tmp_path, {k: columns[k] for k in ("x", "z", "kind", "yes")}, "yes")
    wanted = (columns["yes"] == "yes").astype(np.float64)
    parts = np.random.default_rng(7).permutation(ROWS) % 5
    assert found is not None
    assert found.metric == "roc_auc"
    assert found.value == pytest.approx(roc_auc_score(wanted, by_hand(columns, wanted, parts)), abs=1e-3)


def test_the_errors_are_those_of_fresh_rows(tmp_path: Path) -> None:
    # What a score on 100 rows spreads by, from 200 tables of their own.
    columns = made()
    found = fit(tmp_path, {k: columns[k] for k in ("x", "z", "kind", "value")}, "value")
    scores = []
    for seed in range(200):
        fresh = made(1_000 + seed)
        rows = slice(0, 100)
        given = 2 * fresh["x"][rows] - fresh["z"][rows] + 1.5 * (fresh["kind"][rows] == "red")
        scores.append(r2_score(fresh["value"][rows], given))
    assert found is not None
    assert (found.high - found.low) / 2 == pytest.approx(np.std(scores), rel=0.4)


def test_rows_that_are_late_are_scored_by_the_early_ones(tmp_path: Path) -> None:
    columns = made()
    late = np.arange(ROWS) >= 400
    columns["value"] = np.where(late, -columns["value"], columns["value"])  # what was learned no longer holds
    found = fit(tmp_path, {k: columns[k] for k in ("x", "z", "kind", "value")}, "value", late)
    assert found is not None
    assert found.rows == 100
    assert found.value < 0


def test_one_absurd_value_bends_nothing(tmp_path: Path) -> None:
    columns = made()
    plain = fit(tmp_path, {k: columns[k] for k in ("x", "z", "kind", "yes")}, "yes")
    columns["x"][7] = 3.4e38
    bent = fit(tmp_path, {k: columns[k] for k in ("x", "z", "kind", "yes")}, "yes")
    without = fit(tmp_path, {k: columns[k] for k in ("z", "kind", "yes")}, "yes")
    assert plain is not None and bent is not None and without is not None
    assert bent.value == pytest.approx(plain.value, abs=0.03)
    assert bent.value > without.value + 0.05


def test_few_rows_or_no_inputs_give_no_score(tmp_path: Path) -> None:
    columns = made()
    path = tmp_path / "few.csv"
    pl.DataFrame({"x": columns["x"][:40], "value": columns["value"][:40]}).write_csv(path)
    table = read_typed([path])
    usable = np.ones(40, dtype=np.bool_)
    assert quick_fit([table.columns["x"]], target_facts(table, "value"), usable, 0.2) is None
    assert quick_fit([], target_facts(table, "value"), usable, 0.2) is None
