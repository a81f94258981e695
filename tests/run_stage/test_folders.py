import shutil
from pathlib import Path

import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.run_stage.folders import JobFolders


def put(path: Path, text: str = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("training", "where", "bundle", "report", "message"),
    [
        (False, "processing/input/a", "processing/output/bundle", "processing/output/report", "output/message"),
        (True, "input/data/a", "model", "output/data/report", "output/failure"),
    ],
)
def test_the_folders_are_those_that_sagemaker_mounts(
    tmp_path: Path, training: bool, where: str, bundle: str, report: str, message: str
) -> None:
    put(tmp_path / where / "file")
    folders = JobFolders(tmp_path, training)
    assert folders.input("a") == tmp_path / where
    assert folders.message == tmp_path / message
    for name in ("bundle", "report"):
        put(folders.output(name) / "deep/made", name)
    folders.deliver()
    assert (tmp_path / bundle / "deep/made").read_text() == "bundle"
    assert (tmp_path / report / "deep/made").read_text() == "report"


def test_an_output_is_replaced_by_a_stage_and_fills_a_folder_that_cannot_be(tmp_path: Path) -> None:
    mounted = tmp_path / "elsewhere"
    mounted.mkdir()
    (tmp_path / "processing/output").mkdir(parents=True)
    (tmp_path / "processing/output/dataset").symlink_to(mounted)
    folders = JobFolders(tmp_path)
    shutil.rmtree(folders.output("dataset"))
    put(folders.output("dataset") / "train.parquet")
    folders.deliver()
    assert [path.name for path in mounted.iterdir()] == ["train.parquet"]


def test_nothing_is_delivered_where_nothing_was_made(tmp_path: Path) -> None:
    JobFolders(tmp_path).deliver()
    assert not list(tmp_path.iterdir())


def test_only_a_training_job_keeps_unfinished_work(tmp_path: Path) -> None:
    assert JobFolders(tmp_path, training_job=True).checkpoints == str(tmp_path / "checkpoints")
    assert JobFolders(tmp_path).checkpoints is None


def test_an_input_that_is_not_mounted_is_missing_or_none(tmp_path: Path) -> None:
    folders = JobFolders(tmp_path)
    with pytest.raises(DataError, match="'dataset'") as caught:
        folders.input("dataset")
    assert (caught.value.code, folders.optional("dataset"), folders.file("recipe")) == ("missing_input", None, None)


def test_an_input_of_one_file_is_that_file(tmp_path: Path) -> None:
    put(tmp_path / "processing/input/recipe/deep/history.json")
    assert JobFolders(tmp_path).file("recipe") == tmp_path / "processing/input/recipe/deep/history.json"


def test_an_object_whose_address_only_begins_the_same_is_not_taken_for_the_table(tmp_path: Path) -> None:
    mounted = tmp_path / "processing/input/table-1"
    for name in ("flights.csv", "flights.csv.bak", "flights.csv.d/part"):
        put(mounted / name)
    assert JobFolders(tmp_path).file("table-1", "s3://bucket/flights.csv") == mounted / "flights.csv"
    put(mounted / "trains.csv")  # then a folder was meant
    with pytest.raises(DataError, match="holds 4"):
        JobFolders(tmp_path).file("table-1", "s3://bucket/flights.csv")


@pytest.mark.parametrize("names", [[], ["1.csv", "2.csv"]])
def test_which_of_several_files_is_meant_is_not_guessed(tmp_path: Path, names: list[str]) -> None:
    (tmp_path / "processing/input/table-1").mkdir(parents=True)
    for name in names:
        put(tmp_path / "processing/input/table-1" / name)
    with pytest.raises(DataError) as caught:
        JobFolders(tmp_path).file("table-1")
    assert caught.value.code == "one_file"
