"""A split of several files holds the rows of one file, cut where the format says, whatever read the table."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.split_names import files_of
from sevenfold.plan import DataSection, PreparationSection
from sevenfold.preparation.prepare import prepare
from sevenfold.preparation.split_writer import SPLIT_ROWS, SplitWriter
from sevenfold.tables.partition import LocalFiles, Partition, checked_partition
from sevenfold.tables.partitioned_reader import Checked, PartitionedReader

SPLITS = ("train", "validation", "test")
COLUMNS: dict[str, Any] = {
    "x": {"kind": "number"},
    "n": {"kind": "integer"},
    "b": {"kind": "boolean"},
    "c": {"kind": "category"},
    "day": {"kind": "datetime"},
    "y": {"kind": "category", "role": "target"},
}
BY_TIME = {
    "by": "time",
    "column": "day",
    "validation_from": "2022-01-01",
    "test_from": "2023-01-01",
    "test_until": "2024-01-01",
}


def rows(count: int, seed: int) -> pa.Table:
    """Rows in no order of their days, with gaps and some that are refused."""
    draw = random.Random(seed)

    def day() -> str:
        return (
            f"{draw.choice([2019, 2020, 2021, 2022, 2023, 2024])}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}"
        )

    columns = {
        "x": [
            "none" if draw.random() < 0.02 else "" if draw.random() < 0.1 else f"{draw.random():.4f}"
            for _ in range(count)
        ],
        "n": [str(draw.randrange(90)) for _ in range(count)],
        "b": [draw.choice(["true", "false"]) for _ in range(count)],
        "c": [draw.choice(["", "red", "green", f"level {draw.randrange(60)}"]) for _ in range(count)],
        "day": [day() for _ in range(count)],
        "y": [draw.choice(["yes", "no", "no"]) for _ in range(count)],
    }
    return pa.table(columns)


@pytest.fixture(params=["csv", "parquet"], name="path")
def table_path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"t.{request.param}"
    write: Any = pa.csv.write_csv if request.param == "csv" else pq.write_table
    write(rows(900, 3), path)
    return path


def prepared(path: Path, out: Path, split: dict[str, Any] | None = None, engine: str = "process") -> Dataset:
    given = {"source": "t", "target": "y", "task": "binary", "columns": COLUMNS}
    data = DataSection.model_validate({**given, "max_bad_fraction": 0.1, "max_unlabelled": 0.1})
    section = PreparationSection.model_validate({"split": split or {}, "engine": engine})
    return Dataset.open(out, digest=prepare(path, data, section, out).digest)


def cut_at(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr("sevenfold.contracts.split_names.FILE_ROWS", rows)


def files_in(dataset: Dataset) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in dataset.folder.iterdir()}


def by_partitions(reader: PartitionedReader, partitions: Sequence[Partition]) -> Checked:
    """Check the partitions one by one, the last one first."""
    assert len(partitions) > 3
    found = [
        list(checked_partition(part, LocalFiles(reader.paths), reader.data, reader.columns, reader.fresh_codes()))
        for part in reversed(partitions)
    ]
    for at, batches in enumerate(reversed(found)):
        yield from ((at, batch) for batch in batches)


@pytest.mark.parametrize("each", [1_000, 64, 7])
@pytest.mark.parametrize("split", [{}, BY_TIME], ids=["stratified", "time"])
def test_the_rows_are_those_of_one_file(
    path: Path, split: dict[str, Any], each: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = prepared(path, tmp_path / "one", split)
    cut_at(monkeypatch, each)
    several = prepared(path, tmp_path / "several", split)
    for name in (*SPLITS, *(["later"] if split else [])):
        assert several.table(name) == one.table(name)
        sizes = {file: pq.read_metadata(several.folder / file).num_rows for file in several.files(name)}
        assert several.files(name) == sizes == files_of(name, one.rows(name))
    assert several.has_later == one.has_later == bool(split)
    if split:
        days = several.table("later")["day"].to_pylist()
        assert days == sorted(days)
    others = {"schema.json", "transform.json", "reference.json", "quarantine.parquet"}
    assert {name: files_in(several)[name] for name in others} == {name: files_in(one)[name] for name in others}
    assert (several.digest == one.digest) == (each == 1_000)


@pytest.mark.parametrize("split", [{}, BY_TIME], ids=["stratified", "time"])
def test_a_table_read_in_partitions_gives_the_same_files(
    path: Path, split: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Ray's tasks do, in this process; `test_on_ray` has Ray do it."""
    monkeypatch.setattr("sevenfold.tables.encoding.CHUNK_BYTES", 2_000)
    monkeypatch.setattr("sevenfold.tables.parquet.BATCH_ROWS", 100)
    monkeypatch.setattr("sevenfold.tables.parquet.PARTITION_ROWS", 200)
    monkeypatch.setattr("sevenfold.preparation.prepare.partitions_on_ray", lambda *given: nullcontext(by_partitions))
    cut_at(monkeypatch, 64)
    if path.suffix == ".parquet":
        pq.write_table(rows(900, 3), path, row_group_size=100)
    expected = prepared(path, tmp_path / "expected", split)
    actual = prepared(path, tmp_path / "actual", split, engine="ray")
    assert len(actual.files("train")) > 5
    assert files_in(actual) == files_in(expected)
    assert actual.digest == expected.digest


@pytest.mark.parametrize(("more", "count"), [(0, 1), (1, 2)])
def test_a_file_that_is_just_full_is_the_only_one(
    path: Path, more: int, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = prepared(path, tmp_path / "one")
    cut_at(monkeypatch, one.rows("train") - more)
    several = prepared(path, tmp_path / "several")
    assert len(several.files("train")) == count
    assert (several.digest == one.digest) == (count == 1)


@pytest.mark.parametrize("count", [0, 1, SPLIT_ROWS, SPLIT_ROWS * 2, SPLIT_ROWS * 2 + 1])
@pytest.mark.parametrize("at_once", [997, SPLIT_ROWS * 3])
def test_groups_of_rows_are_the_same_in_any_number_of_files(
    count: int, at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = pa.record_batch(
        {"n": range(count), "c": pa.array([f"{n % 251}" for n in range(count)]).dictionary_encode()}
    )
    cut_at(monkeypatch, SPLIT_ROWS)
    for files in ({"one.parquet": count}, files_of("train", count)):
        with SplitWriter(tmp_path, files, batch.schema) as writer:
            for start in range(0, count, at_once):
                writer.add(batch.slice(start, at_once))
    one, several = pq.ParquetFile(tmp_path / "one.parquet"), [pq.ParquetFile(tmp_path / name) for name in files]
    groups = [file.read_row_group(at) for file in several for at in range(file.num_row_groups)]
    assert groups == [one.read_row_group(at) for at in range(one.num_row_groups)]
    assert [file.metadata.num_rows for file in several] == list(files.values())
    assert pa.concat_tables(file.read() for file in several)["n"].to_pylist() == list(range(count))


def test_the_same_rows_in_one_piece_or_many_have_the_same_bytes(tmp_path: Path) -> None:
    random.seed(5)
    batch = pa.record_batch({"c": pa.array([f"{random.randrange(50_000)} " * 9 for _ in range(5_000)])})
    files = {"train-00001.parquet": 2_000, "train-00002.parquet": 2_000, "train-00003.parquet": 1_000}
    found = []
    for at_once in (5_000, 1_999, 41):
        folder = tmp_path / str(at_once)
        folder.mkdir()
        with SplitWriter(folder, files, batch.schema) as writer:
            for start in range(0, 5_000, at_once):
                writer.add(batch.slice(start, at_once))
        found.append({name: (folder / name).read_bytes() for name in files})
    assert found[0] == found[1] == found[2]
