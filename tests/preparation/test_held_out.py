"""Rows that tested an earlier model test the next one too, however the table has grown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from sevenfold.contracts.earlier import Earlier
from sevenfold.contracts.errors import IntegrityError
from sevenfold.plan import DataSection, PreparationSection
from sevenfold.preparation.prepare import prepare

DATA = DataSection.model_validate(
    {
        "source": "t.csv",
        "target": "y",
        "task": "binary",
        "columns": {
            "n": {"kind": "integer"},
            "x": {"kind": "number"},
            "c": {"kind": "category"},
            "y": {"kind": "category", "role": "target"},
        },
    }
)


def write(path: Path, rows: range) -> Path:
    random = np.random.default_rng(3)
    values = random.normal(size=10_000)
    lines = [f"{n},{values[n]:.6f},{'' if n % 9 == 0 else 'abc'[n % 3]},{'yes' if n % 2 else 'no'}" for n in rows]
    path.write_text("\n".join(["n,x,c,y", *lines]) + "\n")
    return path


def numbers(folder: Path, split: str) -> set[int]:
    return set(pq.read_table(folder / f"{split}.parquet", columns=["n"])["n"].to_pylist())


def test_earlier_test_rows_stay_in_the_test(tmp_path: Path) -> None:
    section, first, second = PreparationSection(), tmp_path / "first", tmp_path / "second"
    made = prepare(write(tmp_path / "t.csv", range(300)), DATA, section, first)
    grown = write(tmp_path / "grown.csv", range(500))
    prepare(grown, DATA, section, tmp_path / "without")
    tested = numbers(first, "test")
    assert not tested <= numbers(tmp_path / "without", "test"), "else the split would be held anyway"
    prepare(grown, DATA, section, second, earlier=Earlier(dataset=str(first), digest=made.digest))
    assert tested < numbers(second, "test")
    every = [numbers(second, split) for split in ("train", "validation", "test")]
    assert set.union(*every) == set(range(500))
    assert sum(map(len, every)) == 500


def test_earlier_test_rows_are_found_in_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, grown, section = write(tmp_path / "t.csv", range(300)), tmp_path / "grown.csv", PreparationSection()
    write(grown, range(500))
    digests = []
    for each in (1_000, 7):
        monkeypatch.setattr("sevenfold.contracts.split_names.FILE_ROWS", each)
        first = tmp_path / str(each)
        made = prepare(table, DATA, section, first)
        assert (first / "test.parquet").exists() == (each == 1_000)
        monkeypatch.undo()
        earlier = Earlier(dataset=str(first), digest=made.digest)
        digests.append(prepare(grown, DATA, section, tmp_path / "second", earlier=earlier).digest)
    assert digests[0] == digests[1]


def test_an_earlier_dataset_that_has_changed_is_refused(tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", range(100))
    prepare(table, DATA, PreparationSection(), tmp_path / "first")
    other = Earlier(dataset=str(tmp_path / "first"), digest="sha256:" + "1" * 64)
    with pytest.raises(IntegrityError):
        prepare(table, DATA, PreparationSection(), tmp_path / "second", earlier=other)
    assert not (tmp_path / "second").exists()
