from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Kind
from sevenfold.plan.training import TrainingSection
from sevenfold.scoring.feeds import feeds_from_rows, feeds_from_table
from sevenfold.scoring.scorer import Prediction, Scorer
from sevenfold.scoring.scores import score
from sevenfold.training.compare import compare
from sevenfold.training.encode import encode_target
from sevenfold.training.pytorch.predict import predict
from sevenfold.training.pytorch.tensors import Tensors
from sevenfold.training.train import Trained, train

Made = tuple[Trained, Bundle]


def trained(dataset: Dataset, out: Path, section: TrainingSection, metric: str) -> Trained:
    return train(dataset.folder, None, section, metric, out, name="t", digests={"data": "d", "plan": "p"})


@pytest.fixture(scope="module")
def binary(mixed: Dataset, section: TrainingSection, tmp_path_factory: pytest.TempPathFactory) -> Made:
    out = tmp_path_factory.mktemp("binary") / "bundle"
    made = trained(mixed, out, section, "roc_auc")
    return made, Bundle.open(out, digest=made.digest)


def test_the_file_predicts_what_torch_predicts(binary: Made, mixed: Dataset, tensors: Tensors) -> None:
    made, bundle = binary
    feeds = feeds_from_table(mixed.table("validation"), bundle.signature.inputs)
    prediction = Scorer(bundle.model_path, bundle.signature).predict(feeds)
    expected, _ = predict(made.fitted.network, tensors.validation, tensors.signature)
    assert prediction.probabilities is not None
    assert np.abs(prediction.probabilities - expected).max() <= 1e-6
    assert made.difference <= 1e-6
    truth = encode_target(mixed.transform(), mixed.table("validation")["target"])
    assert score("roc_auc", truth, prediction.probabilities) == pytest.approx(made.metrics["roc_auc"], abs=1e-5)


def test_one_row_predicts_the_same_as_many(binary: Made, mixed: Dataset) -> None:
    _, bundle = binary
    scorer, table = Scorer(bundle.model_path, bundle.signature), mixed.table("test")
    many = scorer.predict(feeds_from_table(table, bundle.signature.inputs)).probabilities
    one = scorer.predict(feeds_from_table(table.slice(3, 1), bundle.signature.inputs)).probabilities
    assert many is not None and one is not None
    assert np.abs(many[3] - one[0]).max() <= 1e-6


def test_the_bundle_says_what_it_is(binary: Made, mixed: Dataset) -> None:
    made, bundle = binary
    info = bundle.info
    assert info.digests == {"data": "d", "plan": "p", "dataset": mixed.digest}
    assert (
        info.settings["dropout"] == made.fitted.settings["dropout"]
        and info.settings["epochs"] == made.fitted.best.number
    )
    assert info.signature.classes == mixed.schema.classes
    reference = bundle.reference()
    assert reference.prediction is not None
    assert reference.prediction.rows == mixed.rows("validation")
    assert reference.features == mixed.reference().features


def test_the_weights_are_those_of_the_network(binary: Made) -> None:
    made, bundle = binary
    stored = load_file(bundle.folder / "model.safetensors")
    state = made.fitted.network.state_dict()
    assert stored.keys() == state.keys()
    assert all(np.array_equal(stored[name], state[name].numpy()) for name in stored)


def test_the_example_request_is_made_up_and_works(binary: Made, mixed: Dataset) -> None:
    _, bundle = binary
    text = (bundle.folder / "example_request.json").read_text()
    rows = json.loads(text)["instances"]
    assert "example.org" not in text
    feeds = feeds_from_rows(rows, bundle.signature.inputs, bundle.signature.notation)
    prediction = Scorer(bundle.model_path, bundle.signature).predict(feeds)
    assert prediction.labels is not None and len(prediction.labels) == len(rows) > 0
    names = [name for name, column in bundle.signature.inputs.items() if column.kind is not Kind.DATETIME]
    real = {
        tuple(row[name] for name in names)
        for split in ("train", "validation", "test")
        for row in mixed.table(split).to_pylist()
    }
    assert not real & {tuple(row[name] for name in names) for row in rows}


@pytest.mark.parametrize(("name", "metric"), [("iris", "log_loss"), ("diabetes", "rmse")])
def test_other_tasks(name: str, metric: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    dataset: Dataset = request.getfixturevalue(name)
    made = trained(dataset, tmp_path / "bundle", TrainingSection(threads=1, max_epochs=2), metric)
    bundle = Bundle.open(tmp_path / "bundle")
    prediction = Scorer(bundle.model_path, bundle.signature).predict(
        feeds_from_table(dataset.table("validation"), bundle.signature.inputs)
    )
    if name == "iris":
        assert prediction.probabilities is not None and prediction.probabilities.shape == (
            dataset.rows("validation"),
            3,
        )
        assert set(prediction.labels.tolist()) <= set(dataset.schema.classes)  # type: ignore[union-attr]
    else:
        truth = dataset.table("validation")["target"].to_numpy()
        assert score("rmse", truth, prediction.values) == pytest.approx(made.fitted.score, rel=1e-4)  # type: ignore[arg-type]


def test_another_process_makes_the_same_bytes(binary: Made, mixed: Dataset, tmp_path: Path) -> None:
    made, bundle = binary
    program = """
import sys
from pathlib import Path
from sevenfold.plan.training import TrainingSection
from sevenfold.training.train import train
train(Path(sys.argv[1]), None, TrainingSection.from_settings(sys.argv[3]), "roc_auc", Path(sys.argv[2]), name="t",
      digests={"data": "d", "plan": "p"})
compilers = {"torch._dynamo", "onnxscript", "sympy"} & set(sys.modules)
assert not compilers, f"{compilers} cost seconds, and the built-in network needs none of them"
"""
    arguments = [str(mixed.folder), str(tmp_path / "b"), made.section.to_settings()]
    subprocess.run([sys.executable, "-c", program, *arguments], check=True, timeout=300, cwd=tmp_path)
    again = Bundle.open(tmp_path / "b")
    assert again.model_path.read_bytes() == bundle.model_path.read_bytes()
    assert again.digest == bundle.digest


@pytest.mark.parametrize(("off", "refused"), [(0.5e-6, False), (2e-6, True), (float("nan"), True)])
def test_a_file_that_predicts_something_else_is_refused(tensors: Tensors, off: float, refused: bool) -> None:
    expected = np.full((4, 2), 0.5)
    prediction = Prediction(labels=None, probabilities=expected + off)
    if not refused:
        assert compare(expected, prediction, tensors.target.scale) == pytest.approx(off)
        return
    with pytest.raises(TrainingError, match="must predict what the model predicts") as caught:
        compare(expected, prediction, tensors.target.scale)
    assert caught.value.code == "export_differs"
