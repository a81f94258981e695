"""A Parquet table is prepared as a CSV of the same values is, and its values are checked too."""

from __future__ import annotations

import csv

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.plan import PreparationSection
from sevenfold.preparation.prepare import prepare


def test_parquet_gives_what_csv_gives(tables, tmp_path):
    content = tables.text(tables.rows())
    csv_found = tables.outcome(content)
    values = {name: csv_found.column(name) for name in ("id", "x", "c", "y")}
    table = list(csv.DictReader(content.splitlines()))
    arrow = pa.table(
        {
            "id": pa.array([int(row["id"]) for row in table]),
            "x": pa.array([float(row["x"]) for row in table], pa.float32()),
            "c": pa.array([row["c"] for row in table]).dictionary_encode(),
            "y": pa.array([row["y"] for row in table]),
        }
    )
    path = tmp_path / "t.parquet"
    pq.write_table(arrow, path)
    prepare(path, tables.section(), PreparationSection(), tmp_path / "other")
    other = [pq.read_table(tmp_path / "other" / f"{name}.parquet") for name in ("train", "validation", "test")]
    for name, expected in values.items():
        assert [value for split in other for value in split[name].to_pylist()] == expected


def test_parquet_values_are_checked_too(tables, tmp_path):
    rows = tables.rows()
    numbers = [float(row[1]) for row in rows]
    numbers[5] = float("inf")
    numbers[6] = float("nan")
    arrow = {name: [row[at] for row in rows] for at, name in enumerate(("id", "x", "c", "y"))}
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({**arrow, "x": numbers}), path)
    prepared = prepare(path, tables.section(), PreparationSection(), tmp_path / "out")
    assert prepared.refused == {"nonfinite": 1}
    pq.write_table(pa.table({**arrow, "x": [[1]] * 300}), path)
    with pytest.raises(DataError) as caught:
        prepare(path, tables.section(), PreparationSection(), tmp_path / "out")
    assert caught.value.code == "unsupported_type"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError) as caught:
        prepare(path, tables.section(), PreparationSection(), tmp_path / "out")
    assert caught.value.code == "not_parquet"


def test_an_ignored_column_may_be_of_any_type(tables, tmp_path):
    rows = tables.rows()
    arrow = {name: [row[at] for row in rows] for at, name in enumerate(("id", "x", "c", "y"))}
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({**arrow, "tags": [[1, 2]] * 300, "x": [float(row[1]) for row in rows]}), path)
    columns = {"tags": {"kind": "category", "role": "ignore"}}
    prepared = prepare(path, tables.section(columns), PreparationSection(), tmp_path / "out")
    assert prepared.kept == 300


def test_integers_beyond_what_a_float_holds_are_refused_in_parquet(tables, tmp_path):
    rows = tables.rows()
    arrow = {name: [row[at] for row in rows] for at, name in enumerate(("id", "x", "c", "y"))}
    path = tmp_path / "t.parquet"
    numbers = [number % 17 for number in range(300)]
    numbers[4] = 2**53 + 1
    numbers[5] = -(2**53) - 1
    pq.write_table(pa.table({**arrow, "x": numbers}), path)
    data = tables.section({"x": {"kind": "integer"}})
    assert prepare(path, data, PreparationSection(), tmp_path / "out").refused == {"int_range": 2}
