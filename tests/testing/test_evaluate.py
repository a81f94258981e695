from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics as oracle

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import DataError, IntegrityError
from sevenfold.contracts.schema import Task
from sevenfold.plan.metrics import metric_names
from sevenfold.plan.testing import Gate, TestingSection
from sevenfold.testing.evaluate import evaluate
from sevenfold.testing.rivals import Rival

MakeBundle = Callable[..., Bundle]
MakeDataset = Callable[..., Dataset]
QUICK = TestingSection(max_slice_gap=1)
SHIFT = {"a": 1.0, "b": -1.0}


def law_by_hand(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """z and target of the test rows, row by row in plain Python."""
    rows = dataset.table("test").to_pylist()
    z = [2 * (row["x"] or 0.0) + SHIFT.get(row["kind"] or "", 0.0) for row in rows]
    return np.array(z), np.array([row["y"] for row in rows])


def test_binary_scores_agree_with_the_oracle(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    dataset = make_dataset()
    tested = evaluate(make_bundle(), dataset, QUICK, name="demo")
    z, target = law_by_hand(dataset)
    positive, chance = target == "yes", 1 / (1 + np.exp(-z))
    evaluation = tested.evaluation
    assert set(evaluation.scores) == metric_names(Task.BINARY)
    assert evaluation.scores["roc_auc"] == pytest.approx(oracle.roc_auc_score(positive, chance), abs=1e-6)
    assert evaluation.scores["log_loss"] == pytest.approx(oracle.log_loss(positive, chance), abs=1e-6)
    assert evaluation.scores["f1"] == pytest.approx(oracle.f1_score(positive, chance >= 0.5))
    np.testing.assert_array_equal(evaluation.confusion, oracle.confusion_matrix(positive, chance >= 0.5))
    np.testing.assert_allclose(tested.predictions[:, 1], chance, atol=1e-6)
    low, high = evaluation.intervals["roc_auc"]
    assert low < evaluation.scores["roc_auc"] < high < low + 0.1
    assert evaluation.decision == "promote"
    assert evaluation.digests["dataset"] == dataset.digest
    assert evaluation.baseline_scores["roc_auc"] == 0.5
    assert evaluation.rows == {"test": 2_000, "train": 2_000}


def test_multiclass_scores_agree_with_the_oracle(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    dataset = make_dataset(Task.MULTICLASS)
    evaluation = evaluate(make_bundle(Task.MULTICLASS), dataset, QUICK, name="demo").evaluation
    z, target = law_by_hand(dataset)
    odds = np.exp(np.stack([z, -z, 0 * z], axis=1))
    chance = odds / odds.sum(axis=1, keepdims=True)
    truth = np.array([["red", "green", "blue"].index(name) for name in target])
    assert evaluation.metric == "log_loss"
    assert evaluation.scores["log_loss"] == pytest.approx(oracle.log_loss(truth, chance), abs=1e-6)
    expected = oracle.roc_auc_score(truth, chance, multi_class="ovr")
    assert evaluation.scores["roc_auc"] == pytest.approx(expected, abs=1e-6)
    assert evaluation.scores["accuracy"] == pytest.approx((truth == chance.argmax(axis=1)).mean())
    shares = np.bincount([["red", "green", "blue"].index(n) for n in dataset.table("train")["y"].to_pylist()]) / 2_000
    constant = oracle.log_loss(truth, np.tile(shares, (2_000, 1)))
    assert evaluation.baseline_scores["log_loss"] == pytest.approx(constant)


def test_regression_scores_agree_with_the_oracle(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    dataset = make_dataset(Task.REGRESSION)
    tested = evaluate(make_bundle(Task.REGRESSION), dataset, QUICK, name="demo")
    z, target = law_by_hand(dataset)
    evaluation = tested.evaluation
    assert evaluation.scores["rmse"] == pytest.approx(oracle.root_mean_squared_error(target, 10 * z + 100))
    assert evaluation.scores["r2"] == pytest.approx(oracle.r2_score(target, 10 * z + 100))
    assert evaluation.scores["mae"] == pytest.approx(oracle.mean_absolute_error(target, 10 * z + 100))
    assert evaluation.baseline_scores["rmse"] == pytest.approx(np.std(target), rel=0.01)
    assert (evaluation.confusion, evaluation.classes) == ((), ())
    np.testing.assert_allclose(tested.predictions, 10 * z + 100)


def test_features_that_the_model_ignores_do_not_matter(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    evaluation = evaluate(make_bundle(), make_dataset(), QUICK, name="demo").evaluation
    assert list(evaluation.importance) == ["x", "kind", "at"]
    assert evaluation.importance["at"] == 0
    assert evaluation.importance["x"] > 3 * evaluation.importance["kind"] > 0


def test_a_worse_model_than_the_serving_or_the_best_one_is_refused(
    make_bundle: MakeBundle, make_dataset: MakeDataset
) -> None:
    dataset, good, bad = make_dataset(), make_bundle(), make_bundle(slope=0.1, name="bad")
    rivals = [Rival("serving", bad), Rival("best", good)]
    evaluation = evaluate(bad, dataset, QUICK, name="demo", rivals=rivals).evaluation
    verdicts = {gate.kind: gate.verdict for gate in evaluation.gates}
    # As good as the serving model, which is itself: only the best ever promoted shows that both are bad.
    others = dict.fromkeys(("baseline", "overfitting", "classes", "serving"), "passed")
    assert verdicts == {**others, "best": "refused"}
    assert evaluation.decision == "refuse"
    assert evaluation.gates[2].interval == (0.0, 0.0)
    assert evaluate(good, dataset, QUICK, name="demo", rivals=[Rival("serving", bad)]).evaluation.decision == "promote"


def test_models_that_cannot_be_compared_are_named_and_leave_it_undecided(
    make_bundle: MakeBundle, make_dataset: MakeDataset
) -> None:
    rivals = [
        Rival("serving", make_bundle(classes=("a", "b"), name="other")),
        Rival("best", None, "its kept copy cannot be read: gone."),
    ]
    evaluation = evaluate(make_bundle(), make_dataset(), QUICK, name="demo", rivals=rivals).evaluation
    serving, best = (gate for gate in evaluation.gates if gate.kind in ("serving", "best"))
    assert (serving.verdict, best.verdict) == ("undecided", "undecided")
    assert "other classes" in serving.sentence
    assert "gone" in best.sentence
    assert evaluation.decision == "undecided"


def test_all_gates_are_judged_also_after_one_refused(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    limits = (
        Gate(metric="roc_auc", at_least=0.99),
        Gate(metric="log_loss", at_most=0.9),
        Gate(metric="f1", at_least=1),
    )
    section = TestingSection(gates=limits, slices=("region", "secret"))
    evaluation = evaluate(make_bundle(), make_dataset(), section, name="demo").evaluation
    verdicts = [(gate.kind, gate.verdict) for gate in evaluation.gates]
    assert verdicts == [
        ("limit", "refused"),
        ("limit", "passed"),
        ("limit", "refused"),
        ("baseline", "passed"),
        ("overfitting", "passed"),
        ("slice", "passed"),
        ("slice", "passed"),
        ("classes", "passed"),
    ]
    assert "2 of 8 gates fail: roc_auc ≥ 0.99, f1 ≥ 1" in evaluation.sentence
    assert "alice" not in evaluation.model_dump_json()
    assert {part.value for part in evaluation.slices} == {"north", "south", "value 1", "value 2"}


def test_a_model_worse_than_a_constant_is_refused(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    evaluation = evaluate(make_bundle(slope=-4.0), make_dataset(), QUICK, name="demo").evaluation
    assert [gate.kind for gate in evaluation.gates if gate.verdict == "refused"] == ["baseline"]


def test_overfitting_is_seen(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    def blurred(split: str, rows: pa.Table) -> pa.Table:
        if split != "test":
            return rows
        truth = rows["y"].to_pylist()
        half = [value if i % 2 else ("yes", "no")[i // 2 % 2] for i, value in enumerate(truth)]
        return rows.set_column(rows.column_names.index("y"), "y", pa.array(half))

    evaluation = evaluate(make_bundle(), make_dataset(change=blurred), QUICK, name="demo").evaluation
    assert [gate.kind for gate in evaluation.gates if gate.verdict == "refused"] == ["overfitting"]


@pytest.mark.parametrize("task", [Task.BINARY, Task.REGRESSION])
def test_rows_without_a_target_are_predicted_but_not_scored(
    make_bundle: MakeBundle, make_dataset: MakeDataset, task: Task
) -> None:
    def gaps(split: str, rows: pa.Table) -> pa.Table:
        values = [None if i % 4 == 0 else value for i, value in enumerate(rows["y"].to_pylist())]
        return rows.set_column(rows.column_names.index("y"), "y", pa.array(values))

    dataset = make_dataset(task, change=gaps)
    tested = evaluate(make_bundle(task), dataset, QUICK, name="demo")
    assert tested.evaluation.rows == {"test": 1_500, "train": 1_500}
    assert len(tested.predictions) == 2_000


def test_equal_inputs_give_an_equal_evaluation(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    bundle, dataset = make_bundle(), make_dataset()
    section = TestingSection(slices=("region",))
    one, other = (evaluate(bundle, dataset, section, name="demo").evaluation for _ in range(2))
    assert one.model_dump_json() == other.model_dump_json()


def test_a_sensitive_target_is_not_named(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    evaluation = evaluate(make_bundle(), make_dataset(sensitive_target=True), QUICK, name="demo").evaluation
    assert evaluation.classes == ("class 1", "class 2")
    assert "yes" not in evaluation.model_dump_json()


def test_a_class_the_model_does_not_know(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    with pytest.raises(DataError, match=r"2 classes the model knows, but .* rows have another") as caught:
        evaluate(make_bundle(classes=("no", "perhaps")), make_dataset(), QUICK, name="demo")
    assert caught.value.code == "unknown_class"


def test_a_bundle_for_another_task(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    with pytest.raises(IntegrityError, match="same target and task") as caught:
        evaluate(make_bundle(Task.REGRESSION), make_dataset(), QUICK, name="demo")
    assert caught.value.code == "other_dataset"


@pytest.mark.parametrize(
    ("section", "code", "named"),
    [
        (TestingSection(slices=("city", "kind")), "no_such_column", "'city'"),
        (TestingSection(metric="rmse"), "no_such_metric", "'rmse'"),
        (TestingSection(gates=(Gate(metric="r2", at_least=0.5),)), "no_such_metric", "'r2'"),
    ],
)
def test_limits_of_another_plan_are_refused_by_name(
    make_bundle: MakeBundle, make_dataset: MakeDataset, section: TestingSection, code: str, named: str
) -> None:
    with pytest.raises(DataError) as caught:
        evaluate(make_bundle(), make_dataset(), section, name="demo")
    assert caught.value.code == code
    assert named in caught.value.message
    assert "'kind'" not in caught.value.message


@pytest.mark.parametrize("split", ["train", "test"])
def test_no_row_with_a_target(make_bundle: MakeBundle, make_dataset: MakeDataset, split: str) -> None:
    def none(name: str, rows: pa.Table) -> pa.Table:
        empty: Any = pa.nulls(rows.num_rows, pa.string())
        return rows.set_column(rows.column_names.index("y"), "y", empty) if name == split else rows

    with pytest.raises(DataError, match=f"needs {split} rows with a 'y', but the dataset has none"):
        evaluate(make_bundle(), make_dataset(change=none), QUICK, name="demo")


def test_testing_needs_neither_torch_nor_scikit_learn() -> None:
    script = """
import sys, sevenfold.testing.stage, sevenfold.testing.report
print({"torch", "sklearn", "scipy", "pandas", "kfp", "onnxruntime", "polars"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, timeout=60, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
