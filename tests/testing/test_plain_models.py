"""The score beside a constant prediction's and a linear model's: scores, bounds, verdicts, and the words for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.evaluation import Evaluation, PlainModel
from sevenfold.contracts.manifest import seal
from sevenfold.contracts.schema import Task
from sevenfold.plan.testing import TestingSection
from sevenfold.scoring.scores import score
from sevenfold.testing.bounds import two_sided
from sevenfold.testing.evaluate import EvaluatedModel, evaluate
from sevenfold.testing.evidence import measured
from sevenfold.testing.plain_models import beside
from sevenfold.testing.report import evaluation_report
from sevenfold.testing.scored_rows import ScoredRows
from sevenfold.testing.standing import standing, warnings

MakeBundle = Callable[..., Bundle]
MakeDataset = Callable[..., Dataset]
QUICK = TestingSection(max_slice_gap=1)


def with_linear(bundle: Bundle, other: Bundle) -> Bundle:
    """Return the bundle with another's model as its linear one."""
    (bundle.folder / "linear.onnx").write_bytes(other.model_path.read_bytes())
    seal(bundle.folder, expected=[])
    return Bundle.open(bundle.folder)


def judged(make_bundle: MakeBundle, dataset: Dataset, task: Task, slope: float, linear: float) -> EvaluatedModel:
    bundle = with_linear(make_bundle(task, slope=slope), make_bundle(task, slope=linear, name="plain"))
    return evaluate(bundle, dataset, QUICK, name="demo")


@pytest.mark.parametrize("task", list(Task))
def test_the_linear_model_is_scored_on_the_same_rows(
    task: Task, make_bundle: MakeBundle, make_dataset: MakeDataset
) -> None:
    dataset = make_dataset(task)
    evaluation = judged(make_bundle, dataset, task, 2.0, 0.2).evaluation
    alone = evaluate(make_bundle(task, slope=0.2, name="alone"), dataset, QUICK, name="demo").evaluation
    constant, linear = evaluation.plain
    assert evaluation.linear_scores == alone.scores
    assert (linear.score, linear.interval) == (alone.scores[alone.metric], alone.intervals[alone.metric])
    assert linear.name == ("ridge regression" if task is Task.REGRESSION else "logistic regression")
    assert constant.score == pytest.approx(evaluation.baseline_scores[evaluation.metric])
    assert (linear.verdict, constant.verdict) == ("better", "better")
    assert linear.bounds is not None and linear.gain is not None
    assert 0 < linear.bounds[0] < linear.gain < linear.bounds[1]
    assert list(warnings(evaluation)) == []


def test_a_worse_model_is_warned_of_and_one_that_is_the_plain_model_is_not(
    make_bundle: MakeBundle, make_dataset: MakeDataset
) -> None:
    dataset = make_dataset()
    worse = judged(make_bundle, dataset, Task.BINARY, 0.2, 2.0).evaluation
    assert worse.plain[1].verdict == "worse"
    assert "A plain logistic regression does better: its roc_auc is" in next(warnings(worse))
    same = evaluate(
        with_linear(make_bundle(name="same"), make_bundle(name="twin")), dataset, QUICK, name="demo"
    ).evaluation
    assert (same.plain[1].verdict, same.plain[1].bounds) == ("alike", (0.0, 0.0))
    assert list(warnings(same)) == [], "where tuning chose the linear model, it is no news that a line does as well"
    assert standing(same)[1].candidate == "no different: it predicts the same"
    assert worse.decision == same.decision == "promote"  # a warning, not a gate


def test_the_verdict_and_the_bounds_are_those_of_the_baseline_gate(
    make_bundle: MakeBundle, make_dataset: MakeDataset
) -> None:
    evaluation = evaluate(make_bundle(), make_dataset(), QUICK, name="demo").evaluation
    gate = next(gate for gate in evaluation.gates if gate.kind == "baseline")
    assert gate.interval is not None
    assert evaluation.plain[0].bounds == (-gate.interval[1], -gate.interval[0])
    assert (gate.verdict, evaluation.plain[0].verdict) == ("passed", "better")


def test_a_bundle_without_one_says_why(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    evaluation = evaluate(make_bundle(), make_dataset(), QUICK, name="demo").evaluation
    linear = evaluation.plain[1]
    assert (linear.verdict, linear.score, evaluation.linear_scores) == ("unknown", None, {})
    assert "the bundle has none" in standing(evaluation)[1].candidate


def test_a_linear_model_that_cannot_be_read_stops_nothing(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    bundle = make_bundle()
    (bundle.folder / "linear.onnx").write_bytes(b"no model")
    seal(bundle.folder, expected=[])
    evaluation = evaluate(Bundle.open(bundle.folder), make_dataset(), QUICK, name="demo").evaluation
    assert evaluation.decision == "promote"
    assert "ONNX Runtime loads" in evaluation.plain[1].reason


@pytest.mark.parametrize(("metric", "exact"), [("roc_auc", True), ("log_loss", False), ("accuracy", False)])
def test_only_what_a_constant_scores_by_definition_has_no_interval(metric: str, exact: bool) -> None:
    rng = np.random.default_rng(3)
    truth = (rng.random(400) < 0.3).astype(np.int64)
    chance = np.clip(0.3 + 0.4 * (truth - 0.3) + 0.1 * rng.normal(size=400), 0.01, 0.99)
    ours = ScoredRows(truth, np.stack([1 - chance, chance], axis=1))
    constant = ScoredRows(truth, np.tile([0.7, 0.3], (400, 1)))
    main = measured(metric, ours, threshold=0.5)
    plain = beside(
        metric, (ours, main), constant, kind="constant", name="constant prediction", threshold=0.5, confidence=0.95
    )
    assert plain.score == score(metric, truth, constant.predicted)
    assert (plain.interval is None) is exact
    if not exact:
        assert plain.interval == two_sided(measured(metric, constant, threshold=0.5), 0.95)


@pytest.mark.parametrize(
    ("verdict", "bounds", "words"),
    [
        ("better", (0.01, 0.03), "better by 0.02 (0.01 to 0.03)"),
        ("worse", (-0.03, -0.01), "worse by 0.02 (0.01 to 0.03)"),
        ("alike", (-0.01, 0.03), "no different as far as these rows show (0.01 worse to 0.03 better)"),
    ],
)
def test_the_words_of_a_verdict(verdict: str, bounds: tuple[float, float], words: str) -> None:
    plain = PlainModel.model_validate(
        {"kind": "linear", "name": "logistic regression", "score": 0.7, "verdict": verdict, "bounds": bounds}
        | {"gain": -0.02 if verdict == "worse" else 0.02}
    )
    evaluation = Evaluation(
        name="t",
        task=Task.BINARY,
        metric="roc_auc",
        decision="promote",
        digests={},
        rows={"test": 100},
        scores={"roc_auc": 0.72},
        plain=(plain,),
    )
    assert standing(evaluation)[1].candidate == words


def test_the_report_begins_with_the_score_and_its_neighbours(
    make_bundle: MakeBundle, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    report = evaluation_report(judged(make_bundle, make_dataset(), Task.BINARY, 2.0, 0.2))
    table, chart = report.blocks[:2]
    assert table.block == "table" and chart.block == "chart"
    assert table.columns[:3] == ("model", "roc_auc", "this model is")
    assert table.rows[1][2] == "better"
    assert [row[0] for row in table.rows] == ["this model", "logistic regression", "constant prediction"]
    values = chart.spec["data"]["values"]
    assert [row["label"] for row in values] == [row[0] for row in table.rows]
    assert values[0]["low"] < values[0]["value"] < values[0]["high"]
    assert values[2]["low"] is None
