"""What a wrong path is called, and what is advised."""

import os
from pathlib import Path

import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.runtime.recognise import Wanted, describe_path, require_kind, wrong_kind

GOLDEN = Path(__file__).parents[1] / "golden/1"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    files = {
        "plan.yaml": "# houses\nversion: 1\nname: houses\n",
        "houses.csv": "rooms,price\n3,200\n",
        "houses.parquet": "PAR1",
        "book.ipynb": "{}",
        "page.html": "<!DOCTYPE html>",
        "notes.txt": "rooms",
        "empty.yaml": "",
        "run/run.json": "{}",
        "run/plan.yaml": "version: 1\n",
        "folder/x": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "run/bundle").symlink_to(GOLDEN / "bundle")
    (tmp_path / "run/dataset").symlink_to(GOLDEN / "dataset")
    (tmp_path / "long/dataset").mkdir(parents=True)
    for name in ("transform.json", "test-00002.parquet", "test-00001.parquet", "train.parquet"):
        (tmp_path / "long/dataset" / name).touch()
    (tmp_path / "none").mkdir()
    (tmp_path / "link").symlink_to("gone")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


IS_IT = {
    "plan.yaml": "a plan",
    "houses.csv": "a CSV table",
    "houses.parquet": "a Parquet table",
    "book.ipynb": "a notebook",
    "page.html": "an HTML page",
    "notes.txt": "a file",
    "empty.yaml": "a file",
    "run": "the folder of a run",
    "run/bundle": "a bundle",
    "folder": "a folder",
    "none": "an empty folder",
    "link": "a link to nothing",
    "gone": "not there",
    "pipe": "a pipe or device",
}


@pytest.mark.parametrize(("name", "is_it"), list(IS_IT.items()))
def test_it_is_called_what_it_is(home: Path, name: str, is_it: str) -> None:
    assert describe_path(home / name) == is_it


def test_a_bundle_and_a_dataset_of_any_format_are_known() -> None:
    assert describe_path(GOLDEN / "bundle") == "a bundle"
    assert describe_path(GOLDEN / "dataset") == "a dataset"
    assert wrong_kind(GOLDEN / "bundle", "bundle") is None
    assert wrong_kind(GOLDEN / "dataset", "dataset") is None


@pytest.mark.parametrize(
    ("name", "wanted", "remedy"),
    [
        ("run", "bundle", "run/bundle"),
        ("run/bundle/model.onnx", "bundle", "Name the folder it is in"),
        ("run", "plan", "run/plan.yaml"),
        ("houses.csv", "plan", "sevenfold init"),
        ("page.html", "plan", "sevenfold init TABLE"),
        ("pipe", "table", "save it to a file"),
        ("plan.yaml", "table", "the file with the rows"),
        ("gone", "dataset", "runs/NAME/NUMBER/dataset"),
        ("run/dataset", "table", "dataset/test.parquet"),
        ("long/dataset", "table", "dataset/test-00001.parquet"),
    ],
)
def test_the_remedy_names_what_is_meant(home: Path, name: str, wanted: Wanted, remedy: str) -> None:
    fault = wrong_kind(home / name, wanted)
    assert fault is not None
    assert remedy in fault[1]


@pytest.mark.parametrize("name", ["notes.txt", "empty.yaml"])
def test_what_shows_nothing_is_left_to_its_reader(home: Path, name: str) -> None:
    assert wrong_kind(home / name, "plan") is None
    assert wrong_kind(home / name, "table") is None


def test_nothing_has_a_code_of_its_own(home: Path) -> None:
    with pytest.raises(DataError, match=r"BUNDLE must be the folder of a bundle, but '.*gone' is not there") as caught:
        require_kind(home / "gone", "bundle", "BUNDLE")
    assert caught.value.code == "missing_file"
