"""`sevenfold bundle`: a model of another tool becomes a bundle that testing and serving take like any other."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import onnx
import pytest
from foreign_models import graph
from sealed_folders import running_predictor
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.canonical import file_digest
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import SevenfoldError
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Scorer
from sevenfold.training.finished import bundle_model

# late where x + the number of red things is large; a missing x counts 0
MODEL = """(string[rows, 1] color, float[rows, 1] x) => (string[rows] label, float[rows, 2] probabilities) {
    zero = Constant <value_float = 0.0> ()   one = Constant <value_float = 1.0> ()
    red = Constant <value_string = "red"> ()
    is_red = Equal (color, red)   reds = Cast <to = 1> (is_red)   gone = IsNaN (x)   known = Where (gone, zero, x)
    sum = Add (reds, known)   yes = Sigmoid (sum)   no = Sub (one, yes)
    probabilities = Concat <axis = 1> (yes, no)
    best = ArgMax <axis = 1, keepdims = 0> (probabilities)
    label = ai.onnx.ml.LabelEncoder <keys_int64s = [0, 1], values_strings = ["yes", "no"]> (best) }"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The columns of its probabilities stand the wrong way round, as its labels show."""
    path = tmp_path_factory.mktemp("model") / "late-or-not.onnx"
    onnx.save(graph(MODEL, opsets='"": 21, "ai.onnx.ml": 3'), path)
    return path


@pytest.fixture(scope="module")
def bundle(model: Path, mixed: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "bundle"
    arguments = ["bundle", str(model), "--dataset", str(mixed.folder), "--out", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "roc_auc" in result.output and f"{mixed.rows('validation')} validation rows" in result.output
    return out


def expected(dataset: Dataset, split: str) -> np.ndarray:
    table = dataset.table(split).to_pandas()
    total = (table["color"] == "red").to_numpy(dtype=float) + table["x"].fillna(0).to_numpy()
    return np.asarray(1 / (1 + np.exp(-total)))


def test_the_bundle_predicts_what_the_model_does(bundle: Path, model: Path, mixed: Dataset) -> None:
    opened = Bundle.open(bundle)
    info = opened.info
    assert (info.name, info.model, info.framework) == ("late-or-not", "onnx", "onnx")
    assert info.digests == {"source": file_digest(model), "dataset": mixed.digest}
    assert opened.linear_path is None
    feeds = feeds_from_table(mixed.table("test"), info.signature.inputs)
    given = Scorer(opened.model_path, info.signature).predict(feeds)
    assert given.probabilities is not None and given.labels is not None
    np.testing.assert_allclose(given.probabilities[:, 1], expected(mixed, "test"), atol=1e-6)
    assert info.signature.classes == ("no", "yes")
    np.testing.assert_array_equal(given.labels == "yes", given.probabilities[:, 1] >= 0.5)


def test_the_same_file_gives_the_same_digest(bundle: Path, model: Path, mixed: Dataset, tmp_path: Path) -> None:
    again = bundle_model(model, mixed.folder, tmp_path / "again")
    assert again.digest == Bundle.open(bundle).digest
    assert bundle_model(model, mixed.folder, tmp_path / "other", name="other").digest != again.digest


def test_it_is_scored_on_the_test_rows(bundle: Path, mixed: Dataset, tmp_path: Path) -> None:
    page = tmp_path / "evaluation.html"
    result = CliRunner().invoke(app, ["evaluate", str(bundle), str(mixed.folder), "--out", str(page)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    assert page.stat().st_size > 10_000


def test_it_serves(bundle: Path, mixed: Dataset, tmp_path: Path) -> None:
    rows = json.loads((bundle / "example_request.json").read_text())["instances"]
    rows[0].update(x=None, color="red")
    rows[1].update(x=-2.5, color="blue")
    with running_predictor(bundle, tmp_path / "server") as (_, port, _):
        body = json.dumps({"instances": rows}).encode()
        address = f"http://127.0.0.1:{port}/v1/models/late-or-not:predict"
        with urlopen(Request(address, body, {"content-type": "application/json"}), timeout=10) as reply:
            predictions = json.load(reply)["predictions"]
    given = [prediction["probabilities"]["yes"] for prediction in predictions]
    assert given == pytest.approx([1 / (1 + np.exp(-1)), 1 / (1 + np.exp(2.5))], abs=1e-6)
    assert [prediction["label"] for prediction in predictions] == ["yes", "no"]


@pytest.mark.parametrize(
    ("content", "name", "code", "message"),
    [
        (b"no model", "m", "model_graph", "must be a file that onnx reads"),
        (b"", "m", "model_graph", "must load the model"),
        (None, "Late", "plan_name", "but got 'Late'"),
    ],
)
def test_what_is_no_model_leaves_nothing(
    content: bytes | None, name: str, code: str, message: str, model: Path, mixed: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "m.onnx").write_bytes(model.read_bytes() if content is None else content)
    with pytest.raises(SevenfoldError, match=message) as caught:
        bundle_model(tmp_path / "m.onnx", mixed.folder, tmp_path / "out", name=name)
    assert caught.value.code == code
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]


def test_a_full_folder_is_not_written_to(model: Path, mixed: Dataset, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SevenfoldError, match="must be a new or empty folder"):
        bundle_model(model, mixed.folder, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_weights_beside_the_file_come_with_it(mixed: Dataset, tmp_path: Path) -> None:
    net = graph("""(float[rows, 1] small) => (float[rows, 2] logits) <float[1, 2] w = {0.5, -0.5}> {
        logits = MatMul (small, w) }""")
    net.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(np.array([[0.5, -0.5]], np.float32), "w"))
    onnx.save(net, tmp_path / "net.onnx", save_as_external_data=True, location="net.weights", size_threshold=0)
    assert (tmp_path / "net.weights").exists()
    made = bundle_model(tmp_path / "net.onnx", mixed.folder, tmp_path / "out")
    assert made.validation_rows == mixed.rows("validation")
    opened = Bundle.open(tmp_path / "out")
    table = mixed.table("test")
    given = Scorer(opened.model_path, opened.signature).predict(feeds_from_table(table, opened.signature.inputs))
    assert given.probabilities is not None
    small = table["small"].to_numpy()
    np.testing.assert_allclose(given.probabilities[:, 1], 1 / (1 + np.exp(small)), atol=1e-6)
