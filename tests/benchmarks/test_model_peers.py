"""The tables that models are compared on, and the rows that peers get of them."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from sevenfold.contracts.dataset import Dataset
from sevenfold.design.propose import propose_plan
from sevenfold.preparation.prepare import prepare

Module = Callable[[str], ModuleType]


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [
        ("diamonds", 53_940, 10),
        ("abalone", 4_177, 9),
        ("arrests", 5_226, 8),
        ("generated", 3_000, 601),
    ],
)
def test_a_table_is_carried_by_a_package(name: str, rows: int, columns: int, module: Module, tmp_path: Path) -> None:
    table = module("model_tables").model_tables()[name]
    assert table.missing == ""
    with table.make(tmp_path).open() as stream:
        head, *lines = csv.reader(stream)
    assert (len(lines), len(head)) == (rows, columns)
    assert table.target in head


def test_a_table_whose_package_is_not_installed_says_so(module: Module) -> None:
    table = module("model_tables").ModelTable("x", lambda folder: folder, "y", "binary", "no_such_package")
    assert table.missing == "no_such_package is not installed (extra bench)"


def test_one_flight_in_twenty_was_cancelled(module: Module, tmp_path: Path) -> None:
    with module("model_tables").model_tables()["cancelled"].make(tmp_path).open() as stream:
        counts = Counter(row["cancelled"] for row in csv.DictReader(stream))
    assert counts == {"no": 23_690, "yes": 1_261}


def test_a_moment_is_what_pandas_says_of_it(module: Module) -> None:
    moments = pd.to_datetime(["1969-12-31 23:30", "2012-02-29 06:00", "2023-12-31 18:45"])
    micros = moments.astype("datetime64[us]").astype("int64").to_numpy()
    hour, weekday, days, day = module("model_peers").calendar(micros, np.zeros(3, dtype=bool))
    np.testing.assert_array_equal(hour, moments.hour + moments.minute / 60)
    np.testing.assert_array_equal(weekday, moments.weekday)
    np.testing.assert_array_equal(day, moments.dayofyear)
    np.testing.assert_allclose(days, micros / 86.4e9)
    assert [len(part) for part in module("model_peers").calendar(micros, np.zeros(3, dtype=bool), dates=False)] == [
        3,
        3,
    ]
    assert np.isnan(module("model_peers").calendar(micros, np.ones(3, dtype=bool))).all()


@pytest.fixture
def mixed(tmp_path: Path) -> Dataset:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"number": random.normal(size=400), "level": random.choice(["a", "b", "c"], 400)})
    frame["y"] = np.where(frame["number"] + (frame["level"] == "b") > 0.5, "yes", "no")
    frame.loc[::7, "number"] = np.nan
    frame.loc[::11, "level"] = None
    frame.to_csv(tmp_path / "mixed.csv", index=False)
    plan = propose_plan(tmp_path / "mixed.csv", "y").plan
    prepare(tmp_path / "mixed.csv", plan.data, plan.preparation, tmp_path / "dataset")
    return Dataset.open(tmp_path / "dataset")


def test_peers_learn_from_rows_with_gaps(mixed: Dataset, module: Module) -> None:
    peers = module("model_peers")
    train, test = peers.read_rows(mixed, "train"), peers.read_rows(mixed, "test")
    assert np.isnan(train.numbers).mean() == pytest.approx(1 / 7, abs=0.03)
    assert (train.texts == "").mean() == pytest.approx(1 / 11, abs=0.03)
    assert set(train.truth) == {0, 1}
    for model in peers.PEERS.values():
        scored = peers.measured(model, train, test, mixed.schema.task, "roc_auc", 1)
        assert scored.score > 0.8
        # the target is shuffled: nothing is left to learn
        shuffled = peers.Rows(train.numbers, train.texts, np.random.default_rng(1).permutation(train.truth))
        assert peers.measured(model, shuffled, test, mixed.schema.task, "roc_auc", 1).score < 0.75
