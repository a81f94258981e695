"""The rows of a store come back as they were added, and the files of the splits hold each of them once."""

from __future__ import annotations

from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sevenfold.contracts.schema import Column, Schema
from sevenfold.preparation.split_files import SplitFiles
from sevenfold.preparation.split_rows import SplitRows
from sevenfold.preparation.split_writer import SplitWriter
from sevenfold.preparation.store import RowStore

ROWS = 100
SIDES = np.arange(ROWS, dtype=np.int8) % 3
TABLE = pa.table(
    {
        "x": pa.array([None if i % 7 == 0 else i / 3 for i in range(ROWS)]),
        "n": pa.array(range(ROWS)),
        "b": pa.array([None if i % 11 == 0 else i % 3 == 0 for i in range(ROWS)]),
        "d": pa.array([i * 10**9 for i in range(ROWS)], pa.timestamp("us", tz="UTC")),
        "c": pa.array([None if i % 5 == 0 else f"level {i % 4}" for i in range(ROWS)]),
        "empty": pa.nulls(ROWS, pa.float64()),
        "y": pa.array([["no", "yes"][i % 2] for i in range(ROWS)]),
    }
)


def coded(rows: pa.Table) -> pa.RecordBatch:
    """Return rows as a reader has them: texts as codes of a dictionary of their own."""
    columns = [c.combine_chunks().dictionary_encode() if pa.types.is_string(c.type) else c for c in rows.columns]
    return pa.table(columns, rows.column_names).combine_chunks().to_batches()[0]


@pytest.fixture
def store(tmp_path: Path):
    made = RowStore(tmp_path / "rows")
    for start, stop in ((0, 33), (33, 34), (34, ROWS)):
        made.add(coded(TABLE.slice(start, stop - start)))
    made.add(coded(TABLE)[:0])
    made.flush()
    yield made
    made.close()


@pytest.mark.parametrize("name", TABLE.column_names)
def test_a_column_comes_back(store, name):
    column = store.column(name)
    assert column.whole().to_pylist() == TABLE[name].to_pylist()
    assert [len(chunk) for chunk in column] == [33, 1, 66]
    if name in "cy":
        assert len({tuple(chunk.dictionary.to_pylist()) for chunk in column}) == 1


@pytest.mark.parametrize("name", ["n", "d"])
def test_numbers_are_read_by_any_span(store, name):
    wanted = TABLE[name].cast(pa.int64()).to_pylist()
    numbers = store.numbers(name)
    assert len(numbers) == ROWS
    for start, stop in ((0, ROWS), (0, 33), (5, 34), (33, 34), (32, 36), (99, 200), (40, 40)):
        assert numbers[start:stop].tolist() == wanted[start:stop]


def test_a_part_of_a_larger_batch_is_stored_alone(tmp_path):
    store = RowStore(tmp_path / "rows")
    store.add(coded(TABLE)[13:77])
    store.flush()
    assert store.column("x").whole().to_pylist() == TABLE["x"].to_pylist()[13:77]
    assert store.column("b").whole().to_pylist() == TABLE["b"].to_pylist()[13:77]
    assert pa.Table.from_batches(store.batches(["n", "c"])).to_pylist() == TABLE.select(["n", "c"]).to_pylist()[13:77]
    store.close()


def of(store: RowStore, folder: Path, workers: ThreadPoolExecutor) -> SplitFiles:
    columns = {name: Column(kind="number") for name in TABLE.column_names if name != "y"}
    schema = Schema(
        task="binary",
        target="y",
        classes=("no", "yes"),
        columns={**columns, "y": Column(kind="category", role="target")},
    )
    return SplitFiles(workers, store, SplitRows(SIDES, None, lambda: None), schema, folder)


def test_each_row_lies_in_the_file_of_its_side(store, tmp_path):
    with ThreadPoolExecutor(1) as workers:
        blocked = Event()
        workers.submit(blocked.wait)
        files, seen = of(store, tmp_path, workers), []
        blocked.set()
        assert files.rows(seen.append) == {"train": 34, "validation": 33, "test": 33}
    for side, name in enumerate(("train", "validation", "test")):
        wanted = TABLE.filter(pa.array(side == SIDES)).to_pylist()
        assert pq.read_table(tmp_path / f"{name}.parquet").to_pylist() == wanted
    assert seen == sorted(seen)


def test_files_that_nobody_needs_are_not_written_to_their_end(store, tmp_path):
    with ThreadPoolExecutor(1) as workers:
        blocked = Event()
        workers.submit(blocked.wait)
        files = of(store, tmp_path, workers)
        files.give_up()
        blocked.set()
        with pytest.raises(CancelledError):
            files.rows(lambda rows: None)


def test_a_file_has_the_same_bytes_however_its_rows_come(tmp_path):
    random = np.random.default_rng(0)
    rows = 70_000  # more than a group
    texts = pa.array([f"{number} " + "long" * 10 for number in random.integers(0, 40_000, rows)])  # no dictionary's
    numbers = pa.array(random.random(rows), mask=random.random(rows) < 0.1)
    whole = pa.array(random.integers(-(2**53), 2**53, rows), mask=random.random(rows) < 0.1)
    moments = pa.array(np.sort(random.integers(0, 2**50, rows)), pa.timestamp("us", tz="UTC"))
    few = pa.array(["a", "b"] * (rows // 2)).dictionary_encode()
    table = pa.record_batch({"x": numbers, "n": whole, "d": moments, "few": few, "many": texts.dictionary_encode()})
    files = []
    for at_once in (rows, 1_700):
        files.append(tmp_path / str(at_once))
        with SplitWriter(tmp_path, {files[-1].name: rows}, table.schema) as writer:
            for start in range(0, rows, at_once):
                writer.add(table.slice(start, at_once))
    assert files[0].read_bytes() == files[1].read_bytes()
    read = pq.read_table(files[1])
    for name, values in {"x": numbers, "n": whole, "d": moments}.items():
        assert read[name].combine_chunks().equals(values)
        assert pl.read_parquet(files[1])[name].to_arrow().equals(values)


def test_whole_numbers_and_moments_are_written_as_differences(tmp_path):
    with SplitWriter(tmp_path, {"file": len(TABLE)}, coded(TABLE).schema) as writer:
        writer.add(coded(TABLE))
    group = pq.ParquetFile(tmp_path / "file").metadata.row_group(0)
    columns = [group.column(at) for at in range(group.num_columns)]
    assert [c.path_in_schema for c in columns if "DELTA_BINARY_PACKED" in c.encodings] == ["n", "d"]
    assert [c.path_in_schema for c in columns if c.has_dictionary_page] == ["c", "y"]
