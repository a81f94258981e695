from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from kfp import dsl

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.evaluation import Evaluation
from sevenfold.contracts.manifest import verify
from sevenfold.contracts.registry import LocalRegistry, Record
from sevenfold.contracts.schema import Task
from sevenfold.plan.testing import Gate, TestingSection
from sevenfold.report.page import read_report
from sevenfold.testing.component import test_model as component

MakeBundle = Callable[..., Bundle]
MakeDataset = Callable[..., Dataset]
component.__test__ = False


class Called:
    """One call of the wrapper with real artifacts under a folder."""

    def __init__(self, bundle: Bundle, dataset: Dataset, section: TestingSection, home: Path) -> None:
        home.mkdir()
        made = {
            "evaluation": dsl.Artifact,
            "report": dsl.HTML,
            "summary": dsl.Markdown,
            "metrics": dsl.Metrics,
            "curves": dsl.ClassificationMetrics,
        }
        self.out: dict[str, Any] = {name: kind(name=name, uri=str(home / name)) for name, kind in made.items()}
        self.decision = component.python_func(
            dataset=dsl.Dataset(uri=str(dataset.folder)),
            bundle=dsl.Model(uri=str(bundle.folder)),
            settings=json.dumps({"testing": section.model_dump(mode="json"), "name": "demo"}),
            **self.out,
        )

    def path(self, name: str) -> Path:
        return Path(self.out[name].path)


@pytest.mark.parametrize("task", list(Task))
def test_leaves_a_sealed_evaluation_a_page_and_a_card(
    make_bundle: MakeBundle, make_dataset: MakeDataset, tmp_path: Path, task: Task
) -> None:
    bundle, dataset = make_bundle(task), make_dataset(task)
    done = Called(bundle, dataset, TestingSection(slices=("region",)), tmp_path / "out")
    assert done.decision == "promote"
    evaluation = Evaluation.open(done.path("evaluation"))
    assert evaluation.decision == "promote"
    rows = pq.read_table(done.path("evaluation") / "predictions.parquet")
    assert rows.num_rows == dataset.rows("test")
    assert rows.column_names == (
        ["value"] if task is Task.REGRESSION else [f"p{i}" for i in range(len(evaluation.classes))]
    )
    report = read_report(done.path("report"))
    assert report.headline.endswith(evaluation.sentence)
    charts = {block.title for block in report.blocks if block.block == "chart"}
    expected = {
        Task.BINARY: {"ROC curve", "Precision and recall", "Calibration", "Confusion matrix"},
        Task.MULTICLASS: {"ROC curve", "Calibration", "Confusion matrix"},
        Task.REGRESSION: {"Predicted against true", "Residuals", "Distribution of residuals"},
    }
    assert expected[task] <= charts
    card = done.path("summary").read_text()
    assert card.startswith("# Model card: demo\n")
    assert all(gate.name in card for gate in evaluation.gates)
    assert done.out["metrics"].metadata.keys() == evaluation.scores.keys()
    if task is Task.BINARY:
        points = done.out["curves"].metadata["confidenceMetrics"]
        assert 2 <= len(points) <= 200
        assert all(np.isfinite(list(point.values())).all() for point in points)
    assert ("confusionMatrix" in done.out["curves"].metadata) is (task is not Task.REGRESSION)


def test_a_refusal_is_a_decision_and_not_a_failure(
    make_bundle: MakeBundle, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    section = TestingSection(gates=(Gate(metric="roc_auc", at_least=0.999),))
    done = Called(make_bundle(), make_dataset(), section, tmp_path / "out")
    assert done.decision == "refuse"
    assert read_report(done.path("report")).level == "bad"
    assert "**refused**" in done.path("summary").read_text()


def test_the_sealed_folder_is_equal_on_every_run(
    make_bundle: MakeBundle, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    bundle, dataset, section = make_bundle(), make_dataset(), TestingSection()
    digests = {verify(Called(bundle, dataset, section, tmp_path / str(i)).path("evaluation")).digest for i in range(2)}
    assert len(digests) == 1


def test_the_registry_beside_the_run_gives_the_rivals(
    make_bundle: MakeBundle, make_dataset: MakeDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = make_bundle(), make_bundle(slope=0.3, name="bad")
    registry = LocalRegistry(tmp_path / "registry")
    for bundle, value in ((good, 0.9), (bad, 0.6)):
        record = Record(name="demo", bundle=bundle.digest, metric="roc_auc", scores={"roc_auc": value}, who="test")
        registry.promote(record, bundle.folder)
    monkeypatch.setenv("SEVENFOLD_RUN_DIR", str(tmp_path / "3"))
    done = Called(bad, make_dataset(), TestingSection(), tmp_path / "out")
    evaluation = Evaluation.open(done.path("evaluation"))
    verdicts = {gate.kind: gate.verdict for gate in evaluation.gates}
    assert (verdicts["serving"], verdicts["best"], done.decision) == ("passed", "refused", "refuse")


def test_damaged_input_fails_with_one_line_and_writes_nothing(
    make_bundle: MakeBundle, make_dataset: MakeDataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = make_bundle()
    (bundle.folder / "model.onnx").write_bytes(b"other")
    with pytest.raises(SystemExit):
        Called(bundle, make_dataset(), TestingSection(), tmp_path / "out")
    last = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert (last["code"], last["stage"]) == ("digest_mismatch", "testing")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_card_takes_names_of_the_data_as_text(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    from sevenfold.testing.card import model_card
    from sevenfold.testing.evaluate import evaluate

    bundle = make_bundle()
    evaluation = evaluate(bundle, make_dataset(), TestingSection(), name="demo").evaluation
    hostile = evaluation.model_copy(update={"name": "a|b\n# <script>", "classes": ("no | \n", "<b>")})
    card = model_card(hostile, bundle.info)
    assert "<script>" not in card and "<b>" not in card
    assert card.count("\n# ") == 0


@pytest.mark.parametrize("task", list(Task))
def test_a_tiny_table_is_judged_without_being_refused_for_noise(
    make_bundle: MakeBundle, make_dataset: MakeDataset, tmp_path: Path, task: Task
) -> None:
    section = TestingSection(slices=("region", "x", "at"))
    done = Called(make_bundle(task), make_dataset(task, 24, seed=2), section, tmp_path / "out")
    evaluation = Evaluation.open(done.path("evaluation"))
    assert done.decision == "promote"
    assert {gate.verdict for gate in evaluation.gates if gate.kind == "slice"} == {"not_judged"}
