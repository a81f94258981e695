"""Duplicates: copies are found whatever was done to them, and rows that agree by chance are none."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from sklearn import datasets

from sevenfold.tables import duplicates as module
from sevenfold.tables.column_chunks import ColumnChunks
from sevenfold.tables.duplicates import Duplicates, find_duplicates, held_out_copies
from sevenfold.tables.equal_hashes import likely_repeated, repeated
from sevenfold.tables.few_agree import few_agree
from sevenfold.tables.row_hashes import KeyColumn, hashes_of, near_numbers

Table = dict[str, np.ndarray]


def keys(table: Table) -> list[KeyColumn]:
    return [KeyColumn(name, lambda values=values: ColumnChunks.of(pa.array(values))) for name, values in table.items()]


def found(table: Table, others: Table | None = None) -> Duplicates:
    return find_duplicates(keys(table), keys(others or {}), len(next(iter(table.values()))))


def again(table: Table, rows: int, change=lambda values: values) -> Table:
    """Append the first rows once more, each column changed."""
    return {name: np.concatenate([values, change(values[:rows])]) for name, values in table.items()}


def fractional(change):
    return lambda values: change(values) if values.dtype == np.float64 else values


def texts(change):
    return lambda values: (
        np.array([change(text) for text in values], dtype=object) if values.dtype == object else values
    )


def measurements(seed: int = 0, rows: int = 300) -> Table:
    random = np.random.default_rng(seed)
    return {
        "y": random.integers(0, 2, rows),
        "length": random.normal(50, 9, rows),
        "weight": random.exponential(20, rows),
        "town": random.choice(["Oslo", "Bergen", "Mo i Rana"], rows).astype(object),
    }


def coarse(seed: int, rows: int) -> Table:
    random = np.random.default_rng(seed)
    levels = {"y": 2, "a": 4, "b": 3, "c": 5}
    return {name: random.integers(0, count, rows) for name, count in levels.items()}


def one_hot(seed: int, rows: int) -> Table:
    table = coarse(seed, rows)
    flags = {f"{name}{level}": table[name] == level for name in "abc" for level in range(5)}
    return {"y": table["y"], **flags}


def medium(seed: int, rows: int) -> Table:
    random = np.random.default_rng(seed)
    levels = {"y": 2, "a": 100, "b": 30, "c": 15}
    return {name: random.integers(0, count, rows) for name, count in levels.items()}


def mostly_zero(seed: int, rows: int) -> Table:
    random = np.random.default_rng(seed)
    amounts = {f"z{i}": np.where(random.random(rows) < 0.8, 0, random.exponential(9, rows).round(1)) for i in range(5)}
    return {"y": random.integers(0, 2, rows), **amounts}


def recurring(seed: int, rows: int) -> Table:
    """Flights of a timetable with some delay: departure, origin and destination belong together."""
    random = np.random.default_rng(seed)
    flight = random.integers(0, max(2, rows // 100), rows)
    return {
        "y": random.integers(0, 40, rows),
        "departure": flight * 7 % 1_440,
        "origin": flight % 3,
        "destination": flight % 50,
        "distance": flight % 50 * 13,
        "delay": random.integers(0, 40, rows),
    }


@pytest.mark.parametrize("rows", [60, 300, 3_000, 30_000])
@pytest.mark.parametrize("kind", [coarse, one_hot, medium, mostly_zero, recurring, measurements])
def test_rows_that_agree_by_chance_are_no_duplicates(kind, rows):
    for seed in range(2):
        assert found(kind(seed, rows)).copies == 0


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits", "diabetes"])
def test_clean_tables_have_none_and_their_copies_are_found(name):
    loaded = getattr(datasets, f"load_{name}")()
    table = {"y": loaded.target, **{str(at): values for at, values in enumerate(loaded.data.T.copy())}}
    assert found(table).copies == 0
    if name != "iris":  # some of its flowers are alike
        rows = len(loaded.target) // 3
        outcome = found(again(table, rows))
        assert (outcome.exact, outcome.near) == (rows, 0)


CHANGES = {
    "to the letter": (lambda values: values, True),
    "rounded to two decimals": (fractional(lambda values: np.round(values, 2)), False),
    "rounded to one decimal": (fractional(lambda values: np.round(values, 1)), False),
    "as float32": (fractional(lambda values: values.astype(np.float32).astype(np.float64)), False),
    "with the noise of floating point": (fractional(lambda values: values * (1 + 1e-12)), False),
    "in capitals": (texts(str.upper), False),
}


@pytest.mark.parametrize("change", CHANGES)
def test_copies_are_found_whatever_was_done_to_them(change):
    changed, exact = CHANGES[change]
    for seed in range(5):
        table = again(measurements(seed), 100, changed)
        outcome = found(table)
        assert 98 <= outcome.copies <= 100
        assert np.count_nonzero(outcome.first[300:] == np.arange(100)) == outcome.copies
        rows = pl.DataFrame({name: values.tolist() for name, values in table.items()})
        assert outcome.exact == 400 - rows.n_unique()  # an independent count
        assert (outcome.exact == 100) is exact


def test_a_missing_value_equals_another_missing_one():
    table = measurements()
    table["length"][::4] = np.nan
    assert found(again(table, 100)).exact == 100


def test_equal_features_with_another_target_are_none():
    table = again(measurements(), 100)
    table["y"][300:] = 1 - table["y"][300:]
    assert found(table).copies == 0


def test_where_chance_may_explain_it_an_identifier_has_to_agree():
    for rows in (300, 30_000):
        table, number = coarse(1, rows), {"id": np.arange(rows)}
        assert found(again(table, rows // 3), {"id": np.arange(rows + rows // 3)}).copies == 0
        assert found(again(table, rows // 3), again(number, rows // 3)).exact == rows // 3


def test_a_row_that_stands_often_is_one_record():
    table = measurements()
    table = {name: np.concatenate([values, np.repeat(values[:10], 9, axis=0)]) for name, values in table.items()}
    outcome = found(table)
    assert outcome.exact == 90
    assert (outcome.first[300:] == np.repeat(np.arange(10), 9)).all()


def test_copies_of_copies_are_one_record():
    table = again(measurements(), 40, fractional(lambda values: np.round(values, 2)))
    table = {name: np.concatenate([values, values[300:]]) for name, values in table.items()}
    outcome = found(table)
    assert (outcome.first[300:] == np.tile(np.arange(40), 2)).all()
    assert (outcome.exact, outcome.near) == (40, 40)


def test_a_table_without_rows_or_with_one():
    assert found({"y": np.zeros(0)}).copies == 0
    assert found({"y": np.zeros(1)}).first.tolist() == [0]


def test_huge_numbers_are_compared_as_they_are():
    table = measurements()
    table["length"][0] = 3.4e38
    table["weight"][1] = np.inf
    assert found(again(table, 100)).exact == 100


def test_rounding_tells_huge_numbers_apart_and_overflows_nowhere():
    values = np.array([0.123, 0.1234, 1e308, 1.7e308, -1.7e308, np.inf, np.nan] + [at / 7 for at in range(2_000)])
    with np.errstate(over="raise", invalid="raise"):
        numbers, fractional = near_numbers(pa.array(values), 3)
    assert fractional
    assert numbers[0] == numbers[1]
    assert len(set(numbers[2:7].tolist())) == 5


def test_held_out_rows_with_a_copy_in_training_are_counted():
    first = np.array([0, 1, 2, 0, 1, 2])
    sides = np.array([0, 1, 2, 2, 1, 0], dtype=np.int8)
    assert held_out_copies(first, sides, 0) == 2


def of_large(table: Table, *, few: float, hurried: bool, monkeypatch) -> tuple[Duplicates, int]:
    """Return the duplicates of a table as of one too large for rounded copies, and how many columns were read."""
    read: list[str] = []

    def reader(name: str) -> KeyColumn:
        return KeyColumn(name, lambda: read.append(name) or ColumnChunks.of(pa.array(table[name])))

    monkeypatch.setattr(module, "MAX_ROUNDED", 0)
    monkeypatch.setattr(module, "NEGLIGIBLE", few)
    if not hurried:
        monkeypatch.setattr(module, "likely_repeated", len)
    outcome = find_duplicates(list(map(reader, table)), keys({"id": np.arange(len(table["y"]))}), len(table["y"]))
    monkeypatch.undo()
    return outcome, len(read)


@pytest.mark.parametrize("few", [1e-4, 0.01, 0.1])
@pytest.mark.parametrize("copied", [0, 1, 20, 150, 900])
@pytest.mark.parametrize("kind", [coarse, one_hot, medium, mostly_zero, recurring, measurements])
def test_columns_that_need_not_be_read_change_nothing(kind, copied, few, monkeypatch):
    for seed in range(3):
        table = again(kind(seed, 2_000), copied)
        quick, _ = of_large(table, few=few, hurried=True, monkeypatch=monkeypatch)
        whole, _ = of_large(table, few=few, hurried=False, monkeypatch=monkeypatch)
        assert (quick.first == whole.first).all()
        assert (quick.exact, quick.near) == (whole.exact, whole.near)


def test_a_large_table_is_read_as_far_as_tells_its_rows_apart(monkeypatch):
    table = {"y": np.arange(3_000) % 2, **{f"x{at}": measurements(at, 3_000)["length"] for at in range(9)}}
    assert of_large(table, few=1e-3, hurried=True, monkeypatch=monkeypatch)[1] < 5
    assert of_large(table, few=1e-3, hurried=False, monkeypatch=monkeypatch)[1] == 10
    outcome, read = of_large(again(table, 500), few=1e-3, hurried=True, monkeypatch=monkeypatch)
    assert outcome.exact == 500 and read >= 10


@pytest.mark.parametrize("few", [1e-3, 0.1])
@pytest.mark.parametrize("copied", [0, 1, 20, 900])
@pytest.mark.parametrize("kind", [coarse, medium, recurring, measurements])
def test_a_long_table_has_the_same_duplicates(kind, copied, few, monkeypatch):
    table = again(kind(0, 2_000), copied)
    usual, _ = of_large(table, few=few, hurried=True, monkeypatch=monkeypatch)
    monkeypatch.setattr(module, "LONG", 0)
    long, _ = of_large(table, few=few, hurried=True, monkeypatch=monkeypatch)
    assert (long.first == usual.first).all()
    assert (long.exact, long.near) == (usual.exact, usual.near)


@pytest.mark.parametrize("copied", [0, 10, 11])
def test_few_rows_agree_where_no_more_than_that_are_the_same(copied, monkeypatch):
    random = np.random.default_rng(0)
    table = again({"y": np.arange(3_000) % 2, **{f"x{at}": random.normal(size=3_000) for at in range(3)}}, copied)
    rows = len(table["y"])
    monkeypatch.setattr("sevenfold.tables.few_agree.likely_repeated", lambda some: 0)
    assert few_agree(keys(table), rows, 20, rows) == (2 * copied <= 20)  # as the first two columns of numbers say
    assert not few_agree(keys(table), rows, 20, 10 * rows)  # too few numbers to leave columns out


@pytest.mark.parametrize("rows", [0, 1, 2, 50, 70_000])
@pytest.mark.parametrize("levels", [1, 5, 10_000, 2**40])
def test_rows_with_a_value_that_others_have_are_those_that_a_count_shows(rows, levels):
    values = hashes_of(np.random.default_rng(2).integers(0, levels, rows), 0)
    series = pl.Series(values)
    assert repeated(values).tolist() == series.is_duplicated().arg_true().to_list()
    if rows == 70_000 and levels >= 10_000:  # of few values, one in 64 may be none
        assert likely_repeated(values) == pytest.approx(int(series.is_duplicated().sum()), rel=0.25)
