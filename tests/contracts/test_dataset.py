import json
import shutil
from pathlib import Path

import pytest

from sevenfold.contracts.dataset import DATASET_FILES, Dataset
from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.manifest import seal

GOLDEN = Path(__file__).parents[1] / "golden" / "1" / "dataset"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOLDEN, tmp_path / "dataset"))


def refusal(folder: Path) -> IntegrityError:
    with pytest.raises(IntegrityError) as refused:
        Dataset.open(folder)
    return refused.value


def change(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_dataset_moves_and_keeps_its_digest(folder: Path) -> None:
    digest = Dataset.open(GOLDEN).digest
    assert Dataset.open(folder, digest=digest).digest == digest


@pytest.mark.parametrize("name", ["train.parquet", "validation.parquet", "test.parquet", *DATASET_FILES])
def test_a_file_that_was_never_sealed_is_missed(folder: Path, name: str) -> None:
    (folder / name).unlink()
    seal(folder, expected=[])
    refused = refusal(folder)
    assert refused.code == "missing_file"
    assert name in refused.message


def test_rows_after_the_test_period_are_optional(folder: Path) -> None:
    (folder / "later.parquet").unlink()
    seal(folder, expected=DATASET_FILES)
    dataset = Dataset.open(folder)
    assert not dataset.has_later
    assert dataset.rows("train") == 0  # the manifest has no count


@pytest.mark.parametrize(
    "changes", [{"version": 6}, {"version": 6, "tables": {}}, {"surprise": 1}, {"task": "ranking"}]
)
def test_another_schema_format_is_refused(folder: Path, changes: dict[str, object]) -> None:
    change(folder / "schema.json", **changes)
    seal(folder, expected=[])
    refused = refusal(folder)
    assert refused.code == "unknown_format"
    assert ("got 6" in refused.message) == ("version" in changes)


def test_another_format_may_have_other_files(folder: Path) -> None:
    change(folder / "schema.json", version=6)
    (folder / "train.parquet").rename(folder / "train.arrow")
    seal(folder, expected=[])
    assert refusal(folder).code == "unknown_format"


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "\xff"])
def test_a_schema_that_is_no_schema_is_refused(folder: Path, content: str) -> None:
    (folder / "schema.json").write_bytes(content.encode("latin-1"))
    seal(folder, expected=[])
    assert refusal(folder).code == "unknown_format"


@pytest.mark.parametrize("name", ["transform", "reference"])
def test_other_formats_of_the_other_documents_are_refused(folder: Path, name: str) -> None:
    change(folder / f"{name}.json", version=6, more=1)
    seal(folder, expected=[])
    dataset = Dataset.open(folder)
    with pytest.raises(IntegrityError, match=rf"{name}\.json: formats 1 to 5 are read, but got 6"):
        getattr(dataset, name)()
