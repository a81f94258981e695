"""A score that one column carries alone is an alarm; one that several share, or that is allowed, is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from sevenfold.contracts.schema import Column, Kind, Task
from sevenfold.contracts.signature import MISSING, Signature
from sevenfold.scoring.scorer import Prediction
from sevenfold.testing.suspect import suspect_column, suspect_gate

ROWS = 600
INPUTS = {name: Column(kind=Kind.NUMBER) for name in ("week", "age", "height")}
Law = Callable[[Mapping[str, np.ndarray]], np.ndarray]


class Model:
    """Predicts by a law of the columns, missing ones as 0."""

    def __init__(self, law: Law, task: Task = Task.BINARY, inputs: Mapping[str, Column] = INPUTS) -> None:
        classes = () if task is Task.REGRESSION else ("no", "yes")
        self.signature = Signature(task=task, target="y", classes=classes, inputs=dict(inputs))
        self.law = law

    def predict(self, feeds: Mapping[str, Any]) -> Prediction:
        filled = {name: np.nan_to_num(values) if values.dtype.kind == "f" else values for name, values in feeds.items()}
        values = self.law(filled)
        if self.signature.task is Task.REGRESSION:
            return Prediction(values=values)
        chance = 1 / (1 + np.exp(-values))
        return Prediction(probabilities=np.stack([1 - chance, chance], axis=1).astype(np.float32))


def rows(seed: int = 1) -> tuple[pa.Table, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    columns = {name: rng.normal(size=ROWS) for name in INPUTS}
    return pa.table(columns), columns


def test_a_column_that_alone_gives_a_perfect_score_is_named_with_its_numbers() -> None:
    # Week < 52 exactly when arrested: the week alone gives nearly everything, the rest nothing.
    table, columns = rows()
    truth = (columns["week"] > 0.5).astype(np.int64)
    suspect = suspect_column(
        Model(lambda c: 8 * (c["week"] - 0.5) + 0.3 * c["age"]), table, truth, ["week", "age"], seed=1
    )
    assert suspect is not None
    assert suspect.column == "week"
    assert suspect.alone == pytest.approx(roc_auc_score(truth, columns["week"]))
    assert suspect.without == pytest.approx(max(0.5, roc_auc_score(truth, columns["age"])))
    gate = suspect_gate(suspect, ())
    assert (gate.kind, gate.verdict) == ("suspect", "undecided")
    assert "'week' alone reaches a roc_auc of 1" in gate.sentence
    assert "data.allow_leakage" in gate.sentence
    allowed = suspect_gate(suspect, ("week",))
    assert allowed.verdict == "passed" and "names it" in allowed.sentence


def test_a_score_that_two_columns_share_is_no_alarm() -> None:
    table, columns = rows()
    truth = (columns["week"] + columns["age"] > 0).astype(np.int64)
    model = Model(lambda c: 9 * (c["week"] + c["age"]))
    assert suspect_column(model, table, truth, ["week", "age"], seed=1) is None


def test_a_column_whose_place_another_can_take_is_no_alarm() -> None:
    _, columns = rows()
    columns["age"] = columns["week"] + 0.1 * columns["height"]
    truth = (columns["week"] > 0).astype(np.int64)
    model = Model(lambda c: 9 * (c["week"] + c["age"]))
    assert suspect_column(model, pa.table(columns), truth, ["week", "age"], seed=1) is None


def test_a_score_that_is_not_nearly_perfect_is_no_alarm() -> None:
    table, columns = rows()
    truth = (columns["week"] + 0.5 * np.random.default_rng(2).normal(size=ROWS) > 0).astype(np.int64)
    assert 0.9 < roc_auc_score(truth, columns["week"]) < 0.98
    assert suspect_column(Model(lambda c: c["week"]), table, truth, ["week"], seed=1) is None


@pytest.mark.parametrize(("noise", "named"), [(0.05, True), (0.5, False)])
def test_a_value_that_is_a_copy_with_noise(noise: float, named: bool) -> None:
    table, columns = rows()
    truth = 100 + 20 * columns["week"] + 20 * noise * columns["height"]
    suspect = suspect_column(Model(lambda c: 100 + 20 * c["week"], Task.REGRESSION), table, truth, ["week"], seed=1)
    assert (suspect is not None) is named
    if suspect is not None:
        correlation = np.corrcoef(truth, columns["week"])[0, 1] ** 2
        assert suspect.alone == suspect.whole == pytest.approx(correlation)
        assert suspect.without == 0


def test_texts_and_dates_are_made_missing_too() -> None:
    rng = np.random.default_rng(4)
    flags = rng.random(ROWS) < 0.5
    moments = rng.integers(0, 10**15, ROWS)
    inputs = {"what": Column(kind=Kind.CATEGORY), "at": Column(kind=Kind.DATETIME)}
    table = pa.table({"what": np.where(flags, "a", "b"), "at": pa.array(moments, pa.timestamp("us", tz="UTC"))})

    def by_text(columns: Mapping[str, np.ndarray]) -> np.ndarray:
        known = np.where(columns["what"] == "a", 5.0, -5.0)
        return np.where(columns["what"] == "", 0.0, known)

    def by_date(columns: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.where(columns["at" + MISSING], 0.0, (columns["at"] - 5e14) / 1e14)

    named = suspect_column(Model(by_text, inputs=inputs), table, flags.astype(np.int64), ["what"], seed=1)
    assert named is not None and named.column == "what" and named.without == 0.5
    late = (moments > 5 * 10**14).astype(np.int64)
    named = suspect_column(Model(by_date, inputs=inputs), table, late, ["at"], seed=1)
    assert named is not None and named.column == "at"


def test_few_rows_are_no_alarm() -> None:
    table, columns = rows()
    truth = (columns["week"] > 0).astype(np.int64)
    assert suspect_column(Model(lambda c: 9 * c["week"]), table[:19], truth[:19], ["week"], seed=1) is None


def test_testing_leaves_the_decision_to_a_person(tmp_path: Path, make_dataset: Any, make_bundle: Any) -> None:
    # The law of the conftest, without its noise: x alone decides.
    from sevenfold.plan.testing import TestingSection
    from sevenfold.testing.evaluate import evaluate

    def decided(split: str, table: pa.Table) -> pa.Table:
        sure = np.where(np.nan_to_num(table["x"].to_numpy(zero_copy_only=False)) > 0.3, "yes", "no")
        return table.set_column(table.schema.get_field_index("y"), "y", pa.array(sure))

    dataset, bundle = make_dataset(change=decided), make_bundle(slope=30.0)
    section = TestingSection(max_slice_gap=1)
    evaluation = evaluate(bundle, dataset, section, name="demo").evaluation
    assert evaluation.decision == "undecided"
    assert evaluation.gates[-1].kind == "suspect" and "'x' alone" in evaluation.gates[-1].sentence
    assert evaluate(bundle, dataset, section, name="demo", allow_leakage=("x",)).evaluation.decision == "promote"
