from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy import stats

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import DataError
from sevenfold.contracts.evaluation import Evaluation, GateResult
from sevenfold.contracts.schema import Task
from sevenfold.plan.costs import Costs
from sevenfold.plan.testing import TestingSection
from sevenfold.testing.card import model_card
from sevenfold.testing.decisions import cheaper, costs_per_row, several_classes
from sevenfold.testing.evaluate import evaluate
from sevenfold.testing.report import evaluation_report
from sevenfold.testing.rivals import Rival

MakeBundle = Callable[..., Bundle]
MakeDataset = Callable[..., Dataset]
SECTION = TestingSection()
COSTS = Costs(false_positive=1, false_negative=10)


def gate_of(evaluation: Evaluation, kind: str) -> GateResult:
    return next(gate for gate in evaluation.gates if gate.kind == kind)


@pytest.mark.parametrize(
    ("truth", "predicted", "verdict"),
    [
        ([0, 0, 1], [0, 0, 0], "refused"),  # never yes
        ([0, 1, 1], [1, 1, 1], "refused"),  # always yes
        ([0, 1, 1], [1, 0, 0], "passed"),
        ([0, 0, 0], [0, 0, 0], "not_judged"),  # nothing else is there
        ([0, 1, 2], [2, 2, 2], "refused"),
        ([0, 1, 2], [2, 2, 1], "passed"),
    ],
)
def test_a_model_that_always_says_the_same_is_refused(truth: list[int], predicted: list[int], verdict: str) -> None:
    names = ("no", "yes") if max(truth) < 2 else ("red", "green", "blue")
    gate = several_classes(np.array(truth), np.array(predicted), names, "roc_auc", 0.5)
    assert (gate.verdict, gate.value) == (verdict, len(set(predicted)))


def test_the_refusal_says_what_the_model_never_says() -> None:
    truth = np.repeat([0, 1], [1_200, 74])
    gate = several_classes(truth, np.zeros(1_274, dtype=np.int64), ("no", "yes"), "roc_auc", 0.5)
    assert gate.sentence == (
        "The model predicts 'no' for all 1,274 test rows at the threshold 0.5, although 74 of them are 'yes'."
    )
    many = several_classes(np.array([0, 1, 2]), np.array([2, 2, 2]), ("red", "green", "blue"), "log_loss", None)
    assert (
        many.sentence == "The model predicts 'blue' for all 3 test rows, although 2 of them are another of 3 classes."
    )


def test_costs_per_row_are_counted() -> None:
    truth, said = np.array([0, 0, 0, 1]), np.array([1, 0, 0, 1])
    assert costs_per_row(COSTS, truth, said) == {"model": 0.25, "always_no": 2.5, "always_yes": 0.75}


def test_a_cheaper_model_passes_a_dearer_one_is_refused_and_few_rows_decide_nothing() -> None:
    random = np.random.default_rng(0)
    truth = (random.random(2_000) < 0.1).astype(np.int64)
    right = np.where(random.random(2_000) < 0.9, truth, 1 - truth)
    good = cheaper(COSTS, truth, right, SECTION)
    assert (good.verdict, good.kind) == ("passed", "cost")
    best = min(0.9, 10 * 0.1)  # always yes, always no; roughly
    assert good.value == pytest.approx(costs_per_row(COSTS, truth, right)["model"] - best, abs=0.1)
    assert good.interval is not None
    assert good.interval[0] < good.value < good.interval[1] < 0
    assert "always yes costs" in good.sentence
    assert cheaper(COSTS, truth, 1 - right, SECTION).verdict == "refused"
    few = cheaper(COSTS, truth[:30], random.integers(0, 2, 30), SECTION)
    assert few.verdict == "undecided"
    best_constant = np.full(2_000, int(costs_per_row(COSTS, truth, right)["always_yes"] < 10 * truth.mean()))
    same = cheaper(COSTS, truth, best_constant, SECTION)
    assert (same.verdict, same.value) == ("undecided", 0.0)


def test_a_model_must_be_cheaper_than_the_constant_too_that_costs_more_by_chance() -> None:
    # 90 of 1,000 are a yes: always no costs 0.90 and always yes 0.91. The model says no but for nine of the yes.
    costs = Costs(false_positive=1, false_negative=10)
    truth, said = np.repeat([1, 0], [90, 910]), np.repeat([1, 0], [9, 991])
    ours = 10 * truth * (1 - said)
    surer, less_sure = (stats.ttest_rel(ours, one, alternative="less").pvalue for one in (10 * truth, 1 - truth))
    assert surer < 0.05 < less_sure
    result = cheaper(costs, truth, said, SECTION)
    assert (result.verdict, result.value) == ("undecided", pytest.approx(0.81 - 0.91))
    assert result.interval is not None
    assert result.interval[0] < 0 < result.interval[1]
    assert "always yes costs 0.91" in result.sentence


def rare(split: str, rows: pa.Table) -> pa.Table:
    """One row in twenty-five of those that say yes: about 4 % of all."""
    yes = pc.equal(rows["y"], "yes").to_numpy(zero_copy_only=False)
    return rows.filter(pa.array(~yes | (np.cumsum(yes) % 25 == 0)))


def test_the_bundles_threshold_decides_everywhere(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    dataset = make_dataset(change=rare)
    never, often = make_bundle(name="never", threshold=1.0), make_bundle(name="often", threshold=0.8)
    refused = evaluate(never, dataset, SECTION, name="demo").evaluation
    assert (refused.decision, refused.threshold) == ("refuse", 1.0)
    assert gate_of(refused, "classes").verdict == "refused"
    assert "The model predicts 'no' for all" in model_card(refused, never.info)
    assert refused.scores["recall"] == 0
    section = TestingSection(metric="f1", slices=("region",), costs=COSTS, threshold="auto")
    tested = evaluate(often, dataset, section, name="demo", rivals=[Rival("serving", never)])
    evaluation, rows = tested.evaluation, tested.test
    said = rows.predicted[:, 1] >= np.float32(0.8)
    assert evaluation.confusion[1][1] == int((said & (rows.truth == 1)).sum())
    assert evaluation.scores["recall"] == pytest.approx(float(said[rows.truth == 1].mean()))
    assert sum(part.rows for part in evaluation.slices) == len(rows)
    assert evaluation.cost_per_row == costs_per_row(COSTS, rows.truth, said.astype(np.int64))
    # The serving model is judged by its own threshold, at which its f1 is 0.
    serving = gate_of(evaluation, "serving")
    assert serving.value == pytest.approx(-evaluation.scores["f1"])
    blocks = [block for block in evaluation_report(tested).blocks if block.block == "facts"]
    facts = {fact.label: fact for block in blocks for fact in block.facts}
    assert facts["Cost per row"].value == pytest.approx(evaluation.cost_per_row["model"], rel=1e-3)
    assert "always no" in facts["Cost per row"].hint
    assert facts["Recall"].value == pytest.approx(evaluation.scores["recall"], rel=1e-3)
    assert "precision" in facts["Recall"].hint
    assert "0.8 on" in model_card(evaluation, often.info)


def test_another_number_in_the_plan_is_refused(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    with pytest.raises(DataError) as refused:
        evaluate(make_bundle(), make_dataset(), TestingSection(threshold=0.3), name="demo")
    assert refused.value.code == "other_threshold"


def test_a_model_of_three_classes_that_says_one_is_refused(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    evaluation = evaluate(make_bundle(Task.MULTICLASS), make_dataset(Task.MULTICLASS), SECTION, name="demo").evaluation
    assert gate_of(evaluation, "classes").verdict == "passed"
    regression = evaluate(
        make_bundle(Task.REGRESSION, name="values"), make_dataset(Task.REGRESSION, name="more"), SECTION, name="demo"
    ).evaluation
    assert not [gate for gate in regression.gates if gate.kind == "classes"]


@pytest.mark.parametrize(
    ("no_of_negatives", "allowed"), [(0.4, {"passed": 0.06, "refused": 0.06}), (0.7, {"refused": 0.005})]
)
def test_chance_seldom_promotes_what_is_no_cheaper(no_of_negatives: float, allowed: dict[str, float]) -> None:
    """A tenth says yes, a missed yes costs 20: at 0.4 the model costs what always yes costs, at 0.7 it costs less."""
    costs, random = Costs(false_positive=1, false_negative=20), np.random.default_rng(9)
    truth = (random.random((1_000, 300)) < 0.1).astype(np.int64)
    no = random.random(truth.shape) < np.where(truth == 1, 0.18, no_of_negatives)
    verdicts = [cheaper(costs, one, said, SECTION).verdict for one, said in zip(truth, 1 - no, strict=True)]
    for verdict, share in allowed.items():
        assert verdicts.count(verdict) / len(verdicts) <= share, verdict
    if no_of_negatives > 0.4:
        assert verdicts.count("passed") > 0.25 * len(verdicts)
