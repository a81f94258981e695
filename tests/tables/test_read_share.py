"""How many rows a table has is known, about, from the first of them on."""

from __future__ import annotations

import gzip

import numpy as np
import polars as pl
import pytest

from sevenfold.plan.data import DataSection
from sevenfold.tables.reader import TableReader

ROWS = 20_000


def guesses(paths, **more) -> list[tuple[int, int | None]]:
    """Return the rows that are read and those of all, batch by batch."""
    columns = {"x": {"kind": "number"}, "y": {"kind": "category", "role": "target"}}
    data = {"source": "-", "target": "y", "task": "binary", "columns": columns, **more}
    reader = TableReader(paths, DataSection.model_validate(data))
    return [(reader.rows, reader.rows_of_all) for _ in reader]


@pytest.fixture
def frame():
    random = np.random.default_rng(0)
    return pl.DataFrame({"x": random.normal(size=ROWS), "y": random.choice(["yes", "no"], ROWS)})


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr("sevenfold.tables.encoding.CHUNK_BYTES", 50_000)
    monkeypatch.setattr("sevenfold.tables.parquet.BATCH_ROWS", 3_000)


@pytest.mark.parametrize("files", [1, 3])
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_rows_of_all_are_about_right_from_the_first_batch_on(frame, files, suffix, tmp_path):
    paths = [tmp_path / f"{number}{suffix}" for number in range(files)]
    for number, path in enumerate(paths):
        part = frame[number * ROWS // files : (number + 1) * ROWS // files]
        part.write_csv(path) if suffix == ".csv" else part.write_parquet(path)
    read = guesses(paths)
    assert len(read) > 4
    assert [about for _, about in read] == pytest.approx([ROWS] * len(read), rel=0.01)
    assert read[-1][0] == ROWS


def test_nothing_is_known_of_packed_and_recoded_files(frame, tmp_path):
    packed, recoded = tmp_path / "t.csv.gz", tmp_path / "t.csv"
    packed.write_bytes(gzip.compress(frame.write_csv().encode()))
    recoded.write_bytes(frame.write_csv().encode("utf-16"))
    assert {about for _, about in guesses([packed])} == {None}
    assert {about for _, about in guesses([recoded], encoding="utf-16")} == {None}
