from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.contracts.evaluation import GateResult, SliceResult
from sevenfold.plan.testing import Gate, TestingSection
from sevenfold.testing import gates
from sevenfold.testing.sentences import decision_sentence

SECTION = TestingSection(max_overfitting=0.1, max_slice_gap=0.1, margin=0.01, min_slice_rows=200)
NAN = float("nan")


def around(centre: float, width: float = 0.01) -> np.ndarray:
    return centre + np.linspace(-width, width, 200)


@pytest.mark.parametrize(
    ("gate", "value", "verdict"),
    [
        (Gate(metric="roc_auc", at_least=0.7), 0.7, "passed"),
        (Gate(metric="roc_auc", at_least=0.7), 0.6999, "refused"),
        (Gate(metric="log_loss", at_most=0.5), 0.5, "passed"),
        (Gate(metric="log_loss", at_most=0.5), 0.5001, "refused"),
        (Gate(metric="roc_auc", at_least=0.7), NAN, "refused"),
    ],
)
def test_a_limit_compares_the_measured_value(gate: Gate, value: float, verdict: str) -> None:
    assert gates.limit(gate, value, (0.6, 0.8), SECTION).verdict == verdict


def test_the_sentence_of_a_limit_holds_value_rule_and_interval() -> None:
    result = gates.limit(Gate(metric="roc_auc", at_least=0.7), 0.68, (0.65, 0.71), SECTION)
    assert result.sentence == (
        "roc_auc must be at least 0.7, but is 0.68 (95% interval: 0.65 to 0.71); "
        "the limit lies inside the interval, so chance has a part in this."
    )
    assert (result.value, result.limit, result.interval, result.name) == (0.68, 0.7, (0.65, 0.71), "roc_auc ≥ 0.7")


@pytest.mark.parametrize(
    ("train", "test", "spread", "verdict"),
    [
        (0.80, 0.75, 0.01, "passed"),
        (0.95, 0.75, 0.01, "refused"),
        (0.95, 0.75, 0.30, "passed"),  # beyond the limit, but not by more than chance
        (0.70, 0.90, 0.01, "passed"),  # better on test rows
        (NAN, 0.75, 0.01, "refused"),
    ],
)
def test_overfitting(train: float, test: float, spread: float, verdict: str) -> None:
    drawn = (around(train, 0), around(test, spread))
    assert gates.overfitting("roc_auc", train, test, drawn, SECTION).verdict == verdict


def test_overfitting_beyond_the_limit_by_chance_says_so() -> None:
    result = gates.overfitting("roc_auc", 0.95, 0.75, (around(0.95, 0), around(0.75, 0.3)), SECTION)
    assert result.sentence.endswith("which is exceeded, but not by more than chance.")


@pytest.mark.parametrize(
    ("candidate", "other", "spread", "verdict"),
    [
        (0.72, 0.72, 0.0, "passed"),
        (0.75, 0.72, 0.001, "passed"),
        (0.715, 0.72, 0.001, "passed"),  # worse for certain, but within the margin
        (0.70, 0.72, 0.001, "refused"),  # worse by more than the margin, and for certain
        (0.70, 0.72, 0.050, "passed"),  # worse by more than the margin, but perhaps by chance
        (NAN, 0.72, 0.001, "refused"),
    ],
)
@pytest.mark.parametrize("kind", ["serving", "best"])
def test_a_comparison_refuses_a_loss_that_is_large_and_certain(
    kind: str, candidate: float, other: float, spread: float, verdict: str
) -> None:
    drawn = (around(candidate, spread), around(other, 0))
    result = gates.comparison(kind, "roc_auc", (candidate, other), drawn, SECTION)  # type: ignore[arg-type]
    assert result.verdict == verdict


def test_against_a_constant_there_is_no_margin() -> None:
    drawn = (around(0.715, 0.001), around(0.72, 0))
    assert gates.comparison("baseline", "accuracy", (0.715, 0.72), drawn, SECTION).verdict == "refused"


def test_errors_with_a_unit_are_compared_by_share() -> None:
    assert float(gates.loss("rmse", 1_100.0, 1_000.0)) == pytest.approx(0.1)
    assert float(gates.loss("mae", 0.9, 1.0)) == pytest.approx(-0.1)
    result = gates.overfitting("rmse", 900.0, 1_000.0, (around(900.0, 1), around(1_000.0, 1)), SECTION)
    assert result.verdict == "refused"
    assert "11.11% worse" in result.sentence


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_loss_of_one_is_the_gain_of_the_other(one: float, other: float) -> None:
    assert float(gates.loss("roc_auc", one, other)) == -float(gates.loss("roc_auc", other, one))
    assert (float(gates.loss("log_loss", one, other)) > 0) == (round(one - other, 12) > 0)


def part(value: str, rows: int, score: float | None, width: float = 0.01) -> SliceResult:
    ends = None if score is None else (score - width, score + width)
    return SliceResult(column="region", value=value, rows=rows, score=score, interval=ends)


def test_slices_refuse_what_is_worse_beyond_chance_and_name_it() -> None:
    result = gates.slices(
        "region",
        [part("north", 900, 0.75), part("south", 300, 0.55), part("west", 250, 0.60, 0.2), part("east", 199, 0.1)],
        "roc_auc",
        0.75,
        SECTION,
    )
    assert result.verdict == "refused"
    assert result.value == pytest.approx(0.2)
    assert "Of 3 slices" in result.sentence
    assert "which 'south' exceeds." in result.sentence
    assert "'west'" not in result.sentence


def test_slices_near_the_whole_pass_and_small_ones_are_not_judged() -> None:
    assert gates.slices("region", [part("north", 900, 0.74)], "roc_auc", 0.75, SECTION).verdict == "passed"
    judged = gates.slices("region", [part("north", 100, 0.1), part("south", 900, None)], "roc_auc", 0.75, SECTION)
    assert (judged.verdict, judged.value) == ("not_judged", None)


def test_for_a_loss_the_larger_slice_is_the_worse() -> None:
    result = gates.slices("region", [part("north", 900, 0.9), part("south", 900, 0.3)], "log_loss", 0.5, SECTION)
    assert (result.verdict, result.value) == ("refused", pytest.approx(0.4))


def test_the_decision_names_every_gate_that_fails() -> None:
    def gate(name: str, verdict: str) -> GateResult:
        return GateResult(kind="limit", name=name, metric="f1", value=1, limit=1, verdict=verdict, sentence="")  # type: ignore[arg-type]

    mixed = [gate("a", "passed"), gate("b", "refused"), gate("c", "not_judged"), gate("d", "refused")]
    assert decision_sentence(mixed, "f1", 0.5, 1_000) == ("f1 is 0.5 on 1,000 test rows; 2 of 4 gates fail: b, d.")
    assert decision_sentence(mixed[:1], "f1", None, 10).startswith("f1 is undefined on 10 test rows")


def test_a_gate_that_could_not_be_judged_does_not_count_as_one_that_holds() -> None:
    result = [gates.not_compared("serving", "roc_auc", "its copy is gone.", SECTION)]
    assert decision_sentence(result, "roc_auc", 0.7, 100).endswith("0 of 1 gates hold, 1 could not be judged.")
