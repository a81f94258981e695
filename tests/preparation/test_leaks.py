"""What gives the target away is refused, alone or together, unless it is allowed; what almost does is said."""

from __future__ import annotations

import numpy as np
import pytest

NUMBERS = {name: {"kind": "number"} for name in ("x", "c")}


def body(tables, value, *, rows: int = 600):
    random = np.random.default_rng(0)
    pairs = np.column_stack([random.normal(10, 2, rows), random.normal(5, 3, rows)]).tolist()
    return tables.text([[str(i), repr(a), repr(b), str(value(a, b, random))] for i, (a, b) in enumerate(pairs)])


@pytest.mark.parametrize(
    ("value", "formula"),
    [
        (lambda a, b, _: a + b, "y ≈ "),
        (lambda a, b, _: b - a, "y ≈ c - x"),
        (lambda a, b, _: b / a, "y ≈ c x x^-1"),
        (lambda a, b, _: a * b, "y ≈ "),
    ],
)
def test_a_value_of_two_columns_is_refused_unless_both_are_allowed(tables, value, formula):
    content = body(tables, value)
    columns = {**NUMBERS, "y": {"kind": "number", "role": "target"}}
    refused = tables.outcome(content, columns, task="regression")
    assert refused.code == "leakage_suspect"
    assert formula in refused.message
    assert "R² 1.000000" in refused.message
    assert tables.outcome(content, columns, task="regression", allow_leakage=["c"]).code == "leakage_suspect"
    allowed = tables.outcome(content, columns, task="regression", allow_leakage=["c", "x"])
    assert any("together almost give the target away" in text for text in allowed.prepared.warnings)
    ignored = {**columns, "c": {"kind": "number", "role": "ignore"}}
    assert tables.outcome(content, ignored, task="regression").code == ""


def test_a_class_of_two_columns_is_refused(tables):
    content = body(tables, lambda a, b, _: "yes" if b - a > -4 else "no", rows=1_500)
    refused = tables.outcome(content, NUMBERS)
    assert refused.code == "leakage_suspect"
    assert "thresholds on" in refused.message


def test_what_almost_gives_the_target_away_is_said(tables):
    columns = {**NUMBERS, "y": {"kind": "number", "role": "target"}}
    content = body(tables, lambda a, b, random: a + random.normal() * 0.1)
    outcome = tables.outcome(content, columns, task="regression")
    (warning,) = [text for text in outcome.prepared.warnings if "target away" in text]
    assert warning.startswith("Column 'x' almost gives the target away: alone it has R² 0.99")
    honest = body(tables, lambda a, b, random: a + b + random.normal())
    assert tables.outcome(honest, columns, task="regression").prepared.warnings == []


def test_means_of_the_target_are_said(tables):
    random = np.random.default_rng(0)
    group, y = random.integers(0, 12, 600), random.normal(size=600)
    means = [y[group == label].mean() for label in range(12)]
    rows = [[str(i), str(means[label]), "a", str(y[i])] for i, label in enumerate(group)]
    columns = {"x": {"kind": "number"}, "y": {"kind": "number", "role": "target"}}
    outcome = tables.outcome(tables.text(rows), columns, task="regression")
    assert any("Column 'x' holds what the target is on average" in text for text in outcome.prepared.warnings)
