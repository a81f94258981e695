"""Six rows in a hundred say yes: from the table over the plan to what is served, one threshold that sees them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from sevenfold.contracts.bundle import BUNDLE_FILES, Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.manifest import seal
from sevenfold.contracts.versioned import write_versioned
from sevenfold.design.propose import propose_plan
from sevenfold.plan import Plan
from sevenfold.plan.costs import Costs
from sevenfold.plan.threshold import ThresholdRule, threshold_rule
from sevenfold.preparation.prepare import prepare
from sevenfold.scoring.cuts import cost_per_row
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Scorer
from sevenfold.scoring.threshold import choose_threshold
from sevenfold.serving.predictor.limits import Limits
from sevenfold.serving.predictor.model import ServedModel
from sevenfold.serving.predictor.v1 import encode_v1, read_v1
from sevenfold.serving.predictor.v2 import encode_v2, metadata, read_v2
from sevenfold.testing.evaluate import evaluate
from sevenfold.training.export.join import with_threshold
from sevenfold.training.report import training_report
from sevenfold.training.train import Trained, train

ROWS = 2_400
COSTS = Costs(false_positive=1, false_negative=10)


@dataclass(frozen=True)
class Made:
    """A table on its way: the proposed plan, the dataset, and a bundle with the threshold that the plan asks for."""

    folder: Path
    plan: Plan
    dataset: Dataset
    trained: Trained
    bundle: Bundle

    def other(self, name: str, rule: ThresholdRule) -> Bundle:
        """The same fit with another threshold."""
        out = self.folder / name
        section = self.plan.training.replaced(max_epochs=8)
        train(self.dataset.folder, None, section, "roc_auc", out, name="rare", digests={}, rule=rule)
        return Bundle.open(out)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder, random = tmp_path_factory.mktemp("rare"), np.random.default_rng(11)
    x, z = random.normal(size=ROWS), random.normal(size=ROWS)
    fraud = random.random(ROWS) < 1 / (1 + np.exp(4 - 1.4 * x - 0.8 * z))
    assert 0.05 < fraud.mean() < 0.08
    lines = [f"{a:.5f},{b:.5f},{'yes' if c else 'no'}" for a, b, c in zip(x, z, fraud, strict=True)]
    (folder / "rare.csv").write_text("\n".join(["amount,hours,fraud", *lines]) + "\n")
    plan = propose_plan(folder / "rare.csv", "fraud").plan
    prepare(folder / "rare.csv", plan.data, plan.preparation, folder / "dataset", max_features=50)
    dataset = Dataset.open(folder / "dataset")
    rule, section = threshold_rule(plan.testing, plan.data.task), plan.training.replaced(max_epochs=8)
    trained = train(dataset.folder, None, section, "roc_auc", folder / "bundle", name="rare", digests={}, rule=rule)
    return Made(folder, plan, dataset, trained, Bundle.open(folder / "bundle"))


def scored(bundle: Bundle, dataset: Dataset, split: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Truth, probability of yes and label of every row."""
    table = dataset.table(split)
    prediction = Scorer(bundle.model_path, bundle.signature).predict(feeds_from_table(table, bundle.signature.inputs))
    assert prediction.probabilities is not None and prediction.labels is not None
    truth = np.array([value == "yes" for value in table["fraud"].to_pylist()], dtype=np.int64)
    return truth, prediction.probabilities[:, 1], prediction.labels.tolist()


def test_the_threshold_is_chosen_on_validation_rows_and_finds_what_half_misses(made: Made) -> None:
    assert made.plan.testing.threshold == "auto"
    choice, threshold = made.bundle.info.threshold_choice, made.bundle.info.threshold
    assert choice is not None and choice.by == "f1"
    truth, given, _ = scored(made.bundle, made.dataset, "validation")
    assert (choice.rows, choice.positives) == (len(truth), int(truth.sum()))
    assert threshold == choose_threshold(truth, given, ThresholdRule()).value
    evaluation = evaluate(made.bundle, made.dataset, made.plan.testing, name="rare").evaluation
    verdicts = {gate.kind: gate.verdict for gate in evaluation.gates}
    assert verdicts["classes"] == "passed"
    assert evaluation.threshold == threshold
    truth, given, _ = scored(made.bundle, made.dataset, "test")
    assert evaluation.scores["recall"] == pytest.approx(float((given >= threshold)[truth == 1].mean()))
    at_half = float((given >= 0.5)[truth == 1].mean())
    assert evaluation.scores["recall"] > max(0.3, 2 * at_half)
    assert evaluation.scores["f1"] > 2 * 0.07 / 1.07  # of always yes
    assert {"recall", "precision", "f1", "balanced_accuracy"} <= set(evaluation.scores)


def test_a_model_that_never_says_yes_is_refused(made: Made) -> None:
    never = made.other("never", ThresholdRule(value=0.99))
    section = made.plan.testing.model_copy(update={"threshold": 0.99})
    evaluation = evaluate(never, made.dataset, section, name="rare").evaluation
    assert evaluation.decision == "refuse"
    gate = next(gate for gate in evaluation.gates if gate.kind == "classes")
    assert gate.verdict == "refused"
    assert "predicts 'no' for all" in gate.sentence
    assert gate.name in evaluation.sentence


def test_costs_choose_a_cheaper_threshold(made: Made) -> None:
    by_costs = made.other("costs", ThresholdRule(by="costs", costs=COSTS))
    choice = by_costs.info.threshold_choice
    assert choice is not None
    assert choice.calibrated == pytest.approx(1 / 11)
    truth, given, _ = scored(by_costs, made.dataset, "validation")
    assert choice.score == cost_per_row(COSTS, truth, (given >= by_costs.info.threshold).astype(np.int64))
    assert choice.score <= cost_per_row(COSTS, truth, (given >= 0.5).astype(np.int64))
    assert by_costs.digest != made.bundle.digest
    section = made.plan.testing.model_copy(update={"costs": COSTS})
    evaluation = evaluate(by_costs, made.dataset, section, name="rare").evaluation
    costs = evaluation.cost_per_row
    truth, _, labels = scored(by_costs, made.dataset, "test")
    said = np.array(labels) == "yes"
    assert costs["model"] == pytest.approx(float(((truth == 0) & said).mean() + 10 * ((truth == 1) & ~said).mean()))
    assert costs["always_no"] == pytest.approx(10 * truth.mean())
    assert costs["always_yes"] == pytest.approx(1 - truth.mean())
    gate = next(gate for gate in evaluation.gates if gate.kind == "cost")
    assert gate.value == pytest.approx(costs["model"] - min(costs["always_no"], costs["always_yes"]))


def test_the_report_shows_the_curve_and_what_other_thresholds_reach(made: Made) -> None:
    report = training_report(made.trained)
    charts = [block for block in report.blocks if block.block == "chart" and block.title == "Threshold"]
    assert len(charts) == 1
    table = next(block for block in report.blocks if block.block == "table" and block.title == "Thresholds compared")
    truth, given, _ = scored(made.bundle, made.dataset, "validation")
    rows = {row[0]: row for row in table.rows}
    assert set(rows) == {"taken", "best if the probabilities were exact", "usual"}
    recall = table.columns.index("recall")
    for label, threshold in (("taken", made.bundle.info.threshold), ("usual", 0.5)):
        expected = float((given >= np.float32(threshold))[truth == 1].mean())
        assert rows[label][recall] == pytest.approx(expected, rel=1e-3)


def with_its_threshold_at_a_row(made: Made, row: int) -> Bundle:
    """The bundle with a threshold that is exactly the probability of one test row."""
    _, given, _ = scored(made.bundle, made.dataset, "test")
    folder, threshold = made.folder / f"at-{row}", float(given[row])
    folder.mkdir()
    for name in BUNDLE_FILES:
        (folder / name).write_bytes((made.bundle.folder / name).read_bytes())
    (folder / "model.onnx").write_bytes(with_threshold(made.bundle.model_path.read_bytes(), threshold))
    write_versioned(folder / "bundle.json", made.bundle.info.model_copy(update={"threshold": threshold}))
    seal(folder, expected=BUNDLE_FILES)
    return Bundle.open(folder)


def binary_body(instances: list[dict[str, Any]]) -> tuple[bytes, bytes]:
    raw, entries = b"", []
    for name in instances[0]:
        data = struct.pack(f"<{len(instances)}d", *(row[name] for row in instances))
        parameters = {"binary_data_size": len(data)}
        entries.append({"name": name, "shape": [len(instances)], "datatype": "FP64", "parameters": parameters})
        raw += data
    head = orjson.dumps({"inputs": entries, "parameters": {"binary_data_output": True}})
    return head + raw, str(len(head)).encode()


def served_labels(model: ServedModel, instances: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The labels that each protocol answers."""
    limits = Limits(max_batch=ROWS)
    feeds, *_ = read_v1(orjson.dumps({"instances": instances}), model, limits)
    answer = orjson.loads(encode_v1(model, model.predict(feeds), {}))
    labels = {"V1": [row["label"] for row in answer["predictions"]]}
    columns = [
        {"name": name, "shape": [len(instances)], "datatype": "FP64", "data": [row[name] for row in instances]}
        for name in instances[0]
    ]
    request = read_v2(orjson.dumps({"inputs": columns}), None, model, limits)
    body, _ = encode_v2(model, request, model.predict(request.feeds), {})
    outputs = {output["name"]: output for output in orjson.loads(body)["outputs"]}
    labels["V2 JSON"] = outputs["label"]["data"]
    request = read_v2(*binary_body(instances), model, limits)
    body, length = encode_v2(model, request, model.predict(request.feeds), {})
    data, names = body[length:], []
    for _ in instances:  # the label is the first output: a length and a text per row
        size = struct.unpack("<I", data[:4])[0]
        names.append(data[4 : 4 + size].decode())
        data = data[4 + size :]
    labels["V2 binary"] = names
    return labels


@pytest.mark.parametrize("at_row", [None, 7, 100])
def test_every_protocol_serves_the_class_that_testing_counted(made: Made, at_row: int | None) -> None:
    bundle = made.bundle if at_row is None else with_its_threshold_at_a_row(made, at_row)
    section = made.plan.testing
    tested = evaluate(bundle, made.dataset, section, name="rare")
    truth, given, labels = scored(bundle, made.dataset, "test")
    expected = ["yes" if yes else "no" for yes in tested.predictions[:, 1] >= np.float32(bundle.info.threshold)]
    assert labels == expected
    if at_row is not None:
        assert (expected[at_row], float(given[at_row])) == ("yes", bundle.info.threshold)
    said = np.array(expected) == "yes"
    assert tested.evaluation.confusion[1][1] == int((said & (truth == 1)).sum())
    model = ServedModel.load(bundle.folder)
    instances = made.dataset.table("test", ["amount", "hours"]).to_pylist()
    for protocol, served in served_labels(model, instances).items():
        assert served == expected, protocol
    assert metadata(model)["parameters"] == {"positive": "yes", "threshold": bundle.info.threshold}
