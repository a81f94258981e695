"""Every format ever written still opens, and today's writers still write the newest one."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.manifest import verify
from sevenfold.drift.bins import build_reference
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.raw_rows import feeds_of_request
from sevenfold.scoring.scorer import Scorer
from sevenfold.training.encode import encode

GOLDEN = Path(__file__).parents[1] / "golden"
VERSIONS = sorted(path for path in GOLDEN.iterdir() if (path / "expected.json").is_file())
NEWEST = VERSIONS[-1]


@pytest.fixture(params=VERSIONS, ids=lambda path: path.name)
def golden(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def test_the_dataset_opens(golden: Path) -> None:
    dataset = Dataset.open(golden / "dataset")
    assert list(dataset.schema.columns)[:3] == ["late", "distance", "seats"]
    assert dataset.schema.classes == ("on time", "late")
    assert [dataset.rows(split) for split in ("train", "validation", "test", "later")] == [24, 4, 6, 2]
    assert dataset.has_later
    assert dataset.table("train").num_rows == 24
    assert dataset.table("test", ["due"]).schema.names == ["due"]
    assert dataset.reference().rows == 24


def test_the_transform_encodes_as_on_the_day_it_was_written(golden: Path) -> None:
    dataset = Dataset.open(golden / "dataset")
    expected = json.loads((golden / "expected.json").read_text())
    encoded = encode(dataset.transform(), feeds_from_table(dataset.table("test"), dataset.schema.features))
    assert encoded.numeric.tolist() == expected["numeric"]
    assert encoded.categorical.tolist() == expected["categorical"]


def test_the_bundle_scores_as_on_the_day_it_was_written(golden: Path) -> None:
    bundle = Bundle.open(golden / "bundle")
    expected = json.loads((golden / "expected.json").read_text())
    feeds = feeds_from_table(Dataset.open(golden / "dataset").table("test"), bundle.signature.inputs)
    prediction = Scorer(bundle.model_path, bundle.signature).predict(feeds)
    assert prediction.labels is not None
    assert prediction.labels.tolist() == expected["labels"]
    assert prediction.probabilities == pytest.approx(np.array(expected["probabilities"]), abs=1e-6)


def test_raw_rows_score_as_on_the_day_their_recipe_was_written(golden: Path) -> None:
    bundle = Bundle.open(golden / "bundle")
    assert (bundle.signature.refinement is not None) == (int(golden.name) >= 5)
    if bundle.signature.refinement is None:
        return
    expected = json.loads((golden / "expected.json").read_text())
    rows = Dataset.open(golden / "dataset").table("test").to_pylist()
    raw = [
        {**row, "Carrier": f" {row['carrier'] or ''}\t", "due": row["due"] and row["due"].isoformat()} for row in rows
    ]
    prediction = Scorer(bundle.model_path, bundle.signature).predict(feeds_of_request(raw, bundle.signature))
    assert prediction.probabilities == pytest.approx(np.array(expected["probabilities"]), abs=1e-6)


def test_the_linear_model_beside_it_scores_as_on_that_day(golden: Path) -> None:
    bundle = Bundle.open(golden / "bundle")
    expected = json.loads((golden / "expected.json").read_text())
    assert (bundle.linear_path is not None) == ("linear" in expected) == (int(golden.name) >= 3)
    if bundle.linear_path is not None:
        feeds = feeds_from_table(Dataset.open(golden / "dataset").table("test"), bundle.signature.inputs)
        prediction = Scorer(bundle.linear_path, bundle.signature).predict(feeds)
        assert prediction.probabilities == pytest.approx(np.array(expected["linear"]), abs=1e-6)


def test_the_bins_count_as_on_the_day_they_were_written(golden: Path) -> None:
    dataset, bundle = Dataset.open(golden / "dataset"), Bundle.open(golden / "bundle")
    assert build_reference(dataset.table("train"), dataset.schema) == dataset.reference()
    assert bundle.reference().features == dataset.reference().features
    assert bundle.reference().prediction is not None


def test_todays_documents_are_those_of_the_newest_format() -> None:
    dataset, bundle = Dataset.open(NEWEST / "dataset"), Bundle.open(NEWEST / "bundle")
    documents = {
        "dataset/schema.json": dataset.schema,
        "dataset/transform.json": dataset.transform(),
        "dataset/reference.json": dataset.reference(),
        "bundle/bundle.json": bundle.info,
        "bundle/reference.json": bundle.reference(),
    }
    for name, document in documents.items():
        # a key that came or went is another format, even where it has a default: older readers refuse it
        assert json.loads(document.model_dump_json()) == json.loads((NEWEST / name).read_text()), name


def test_today_writes_what_the_newest_format_is(tmp_path: Path) -> None:
    command = [sys.executable, str(GOLDEN / "write_golden.py"), str(tmp_path / "new")]
    subprocess.run(command, check=True, timeout=120)
    old, new = verify(NEWEST / "dataset"), verify(tmp_path / "new" / "dataset")
    assert list(old.files) == list(new.files)
    for name in old.files:
        if name.endswith(".json"):  # the bytes of Parquet and ONNX name the libraries that wrote them
            assert old.files[name] == new.files[name], name


@pytest.mark.parametrize("kind", ["dataset", "bundle"])
def test_one_changed_bit_is_noticed_in_any_file(golden: Path, tmp_path: Path, kind: str) -> None:
    opens = Dataset.open if kind == "dataset" else Bundle.open
    for name in verify(golden / kind).files:
        copy = tmp_path / name.replace("/", "-")
        shutil.copytree(golden / kind, copy)
        content = bytearray((copy / name).read_bytes())
        content[len(content) // 2] ^= 1
        (copy / name).write_bytes(content)
        with pytest.raises(IntegrityError) as refused:
            opens(copy)
        assert refused.value.code == "digest_mismatch"
