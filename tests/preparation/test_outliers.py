"""One absurd value does not flatten a column: neither in training nor in the graph, and people are warned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from sevenfold.contracts.dataset import Dataset
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.training.encode import encode

RANDOM = np.random.default_rng(4)
SIGNAL = RANDOM.normal(50, 9, 300)
LABELS = np.where(SIGNAL + RANDOM.normal(0, 5, 300) > 50, "yes", "no")


def body(tables: Any, **changed: str) -> str:
    values = [f"{value:.4f}" for value in SIGNAL]
    for row, text in changed.items():
        values[int(row.removeprefix("row"))] = text
    return tables.text([[str(i), values[i], "abc"[i % 3], LABELS[i]] for i in range(300)])


def area(outcome: Any) -> float:
    """ROC AUC of a logistic regression on the encoded column, as an independent model sees it."""
    dataset = Dataset.open(outcome.folder)
    at = dataset.transform().numeric_names.index("x")
    sides = {}
    for split in ("train", "test"):
        table = dataset.table(split)
        inputs = encode(dataset.transform(), feeds_from_table(table, dataset.schema.features)).numeric
        sides[split] = inputs[:, [at]], np.array(table["y"].to_pylist()) == "yes"
    model = LogisticRegression().fit(*sides["train"])
    return float(roc_auc_score(sides["test"][1], model.decision_function(sides["test"][0])))


@pytest.mark.parametrize("scaling", ["standard", "robust"])
def test_a_sentinel_does_not_flatten_its_column(tables: Any, scaling: str) -> None:
    clean = area(tables.outcome(body(tables), preparation={"scaling": scaling}))
    absurd = tables.outcome(body(tables, row9="3.4e38"), preparation={"scaling": scaling})
    assert clean > 0.85
    assert area(absurd) == pytest.approx(clean, abs=0.02)
    feature = next(item.feature for item in absurd.prepared.features if item.name == "x")
    assert 0.3 < feature.scale / SIGNAL.std() < 2.0
    assert feature.clip == 10.0


def test_the_warning_names_column_value_and_count(tables: Any) -> None:
    far = {f"row{row}": "3.4e38" for row in range(9, 19)}
    outcome = tables.outcome(body(tables, **far))
    count = Dataset.open(outcome.folder).table("train")["x"].to_pylist().count(3.4e38)
    assert outcome.prepared.warnings == [
        f"Column 'x': {count} training values lie so far from all others that they alone would decide its scale, and "
        f"are cut; 3.4e+38 is there {count} times. If it means missing, write '3.4e+38' into data.missing."
    ]


def test_the_remedy_makes_it_a_missing_value(tables: Any) -> None:
    outcome = tables.outcome(body(tables, row9="3.4e38"), missing=["", "3.4e+38"])
    assert outcome.prepared.warnings == []
    assert outcome.column("x").count(None) == 1


def test_a_sensitive_value_is_not_shown(tables: Any) -> None:
    outcome = tables.outcome(body(tables, row9="3.4e38"), {"x": {"kind": "number", "sensitive": True}})
    assert "e+38" not in " ".join(outcome.prepared.warnings) and "'x'" in outcome.prepared.warnings[0]


def test_without_outliers_the_scale_is_mean_and_deviation(tables: Any) -> None:
    outcome = tables.outcome(body(tables))
    feature = next(item.feature for item in outcome.prepared.features if item.name == "x")
    train = Dataset.open(outcome.folder).table("train")["x"].to_numpy()
    assert (feature.center, feature.scale) == (train.mean(), train.std())
