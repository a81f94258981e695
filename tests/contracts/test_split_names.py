"""The files of a split: how many, by what names, and in what order they are read again."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sevenfold.contracts.dataset import DATASET_FILES, Dataset
from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.manifest import seal
from sevenfold.contracts.split_names import FILE_ROWS, files_found, files_of

GOLDEN = Path(__file__).parents[1] / "golden"
SPLITS = ("train", "validation", "test")


@pytest.mark.parametrize(
    ("rows", "sizes"),
    [(0, [0]), (1, [1]), (5, [5]), (6, [5, 1]), (10, [5, 5]), (11, [5, 5, 1])],
)
def test_a_split_is_cut_where_its_file_is_full(rows: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sevenfold.contracts.split_names.FILE_ROWS", 5)
    files = files_of("train", rows)
    assert list(files.values()) == sizes
    numbered = [f"train-0000{number}.parquet" for number in range(1, len(sizes) + 1)]
    assert list(files) == (numbered if len(sizes) > 1 else ["train.parquet"])
    assert list(files) == sorted(files), "names sort in the order of the rows"


def test_files_hold_whole_groups_of_rows() -> None:
    from sevenfold.preparation.split_writer import SPLIT_ROWS

    assert FILE_ROWS % SPLIT_ROWS == 0, "groups are the same, however many files"


@pytest.mark.parametrize("rows", [7, 200_000 * 3 + 1])
def test_the_names_are_found_again_in_order(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sevenfold.contracts.split_names.FILE_ROWS", 3)
    wanted = list(files_of("train", rows))
    others = ["train.json", "training.parquet", "train-1.parquet", "test-00001.parquet", "train-00001.parquet.tmp"]
    names = [*wanted, *others]
    random.Random(rows).shuffle(names)
    assert files_found("train", names) == wanted
    assert files_found("validation", names) == []


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return Dataset.open(Path(shutil.copytree(GOLDEN / "6/dataset", tmp_path / "dataset")))


def test_a_split_of_several_files_is_one_table(dataset: Dataset) -> None:
    before = Dataset.open(GOLDEN / "5/dataset")
    assert len(dataset.files("train")) == 3
    assert dataset.files("test") == {"test.parquet": 6}
    for split in (*SPLITS, "later"):
        assert dataset.table(split) == before.table(split)
        assert dataset.rows(split) == before.rows(split)
    assert dataset.table("train", ["due", "late"]) == before.table("train", ["due", "late"])


@pytest.mark.parametrize(
    ("gone", "named"),
    [
        (("train-00002.parquet",), "train-00002.parquet"),
        (("train-00001.parquet",), "train-00001.parquet"),
        (("train-00001.parquet", "train-00002.parquet", "train-00003.parquet"), "train.parquet"),
    ],
)
def test_a_missing_file_is_named(dataset: Dataset, gone: tuple[str, ...], named: str) -> None:
    for name in gone:
        (dataset.folder / name).unlink()
    seal(dataset.folder, expected=DATASET_FILES)
    with pytest.raises(IntegrityError, match=named) as refused:
        Dataset.open(dataset.folder)
    assert refused.value.code == "missing_file"


def test_one_file_beside_numbered_ones_is_refused(dataset: Dataset) -> None:
    pq.write_table(pa.table({"late": ["late"]}), dataset.folder / "train.parquet")
    seal(dataset.folder, expected=DATASET_FILES)
    with pytest.raises(IntegrityError, match=r"train\.parquet and train-00001\.parquet are both there") as refused:
        Dataset.open(dataset.folder)
    assert refused.value.code == "unlisted_file"


def test_a_split_that_is_not_there_has_no_rows(dataset: Dataset) -> None:
    (dataset.folder / "later.parquet").unlink()
    seal(dataset.folder, expected=DATASET_FILES)
    without = Dataset.open(dataset.folder)
    assert (without.files("later"), without.rows("later"), without.has_later) == ({}, 0, False)
    with pytest.raises(IntegrityError, match="'later'"):
        without.table("later")
