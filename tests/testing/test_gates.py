from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.contracts.evaluation import GateResult, SliceResult
from sevenfold.plan.testing import Gate, TestingSection
from sevenfold.testing import gates
from sevenfold.testing.bounds import Estimate
from sevenfold.testing.evidence import difference, loss, on_other_rows
from sevenfold.testing.sentences import decision_sentence
from sevenfold.testing.slices import JudgedSlice

SECTION = TestingSection(max_overfitting=0.1, max_slice_gap=0.1, margin=0.01, min_slice_rows=200)
NAN = float("nan")
Z = NormalDist().inv_cdf(0.95)


def estimate(value: float, half: float = 0.01, **more: bool) -> Estimate:
    """A value whose 95 % bounds lie about `half` on either side."""
    moved = np.array([1.0, -1.0] * 5_000) * half / Z * 100
    return Estimate(value, moved * (0 if np.isnan(value) else 1), 10_000, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("gate", "value", "verdict"),
    [
        (Gate(metric="roc_auc", at_least=0.7), 0.711, "passed"),
        (Gate(metric="roc_auc", at_least=0.7), 0.705, "undecided"),  # above the limit, but perhaps by chance
        (Gate(metric="roc_auc", at_least=0.7), 0.695, "undecided"),  # below it, but perhaps by chance
        (Gate(metric="roc_auc", at_least=0.7), 0.689, "refused"),
        (Gate(metric="log_loss", at_most=0.5), 0.489, "passed"),
        (Gate(metric="log_loss", at_most=0.5), 0.495, "undecided"),
        (Gate(metric="log_loss", at_most=0.5), 0.511, "refused"),
        (Gate(metric="roc_auc", at_least=0.7), NAN, "undecided"),
    ],
)
def test_a_limit_is_held_or_broken_only_beyond_chance(gate: Gate, value: float, verdict: str) -> None:
    assert gates.limit(gate, estimate(value), SECTION).verdict == verdict


def test_the_sentence_of_a_limit_holds_value_rule_bounds_and_rows() -> None:
    result = gates.limit(Gate(metric="roc_auc", at_least=0.7), estimate(0.705), SECTION)
    assert result.sentence == (
        "roc_auc must be at least 0.7; it is 0.705 (95% bounds: 0.695 and 0.715). "
        "Undecided: about 92,000 rows would show it."
    )
    assert (result.value, result.limit, result.name) == (0.705, 0.7, "roc_auc ≥ 0.7")
    # 10,000 rows, twice the distance, and 80 % power: (2 · (1.645 + 0.842) / 1.645)² times as many.
    assert result.rows_needed == 92_000
    below = gates.limit(Gate(metric="roc_auc", at_least=0.7), estimate(0.695), SECTION)
    assert below.rows_needed is None
    assert below.sentence.endswith("Undecided: these rows show neither.")


@pytest.mark.parametrize(
    ("train", "test", "half", "verdict"),
    [
        (0.80, 0.75, 0.01, "passed"),
        (0.95, 0.75, 0.01, "refused"),
        (0.95, 0.75, 0.30, "undecided"),  # beyond the limit, but not by more than chance
        (0.80, 0.75, 0.30, "undecided"),  # within it, but not beyond chance either
        (0.70, 0.90, 0.01, "passed"),  # better on test rows
        (NAN, 0.75, 0.01, "undecided"),
    ],
)
def test_overfitting(train: float, test: float, half: float, verdict: str) -> None:
    gap = on_other_rows("roc_auc", estimate(test, half), estimate(train, 0))
    assert gates.overfitting("roc_auc", train, test, gap, SECTION).verdict == verdict


@pytest.mark.parametrize(
    ("candidate", "other", "half", "verdict"),
    [
        (0.75, 0.72, 0.001, "passed"),
        (0.75, 0.72, 0.039, "passed"),  # perhaps no better, but not worse by more than the margin
        (0.715, 0.72, 0.001, "passed"),  # worse for certain, but within the margin
        (0.70, 0.72, 0.001, "refused"),  # worse by more than the margin, and for certain
        (0.70, 0.72, 0.050, "undecided"),  # worse by more than the margin, but perhaps by chance
        (0.72, 0.72, 0.050, "undecided"),  # equal as it seems, but the rows could not show a loss of the margin
        (NAN, 0.72, 0.001, "undecided"),
    ],
)
@pytest.mark.parametrize("kind", ["serving", "best"])
def test_a_comparison_promotes_on_evidence_alone(
    kind: gates.Rival, candidate: float, other: float, half: float, verdict: str
) -> None:
    gap = difference("roc_auc", estimate(candidate, half), estimate(other, 0))
    assert gates.comparison(kind, "roc_auc", (candidate, other), gap, SECTION).verdict == verdict


def test_an_undecided_comparison_says_what_the_rows_can_show_and_how_many_the_margin_needs() -> None:
    gap = difference("roc_auc", estimate(0.72, 0.05), estimate(0.72, 0))
    result = gates.comparison("serving", "roc_auc", (0.72, 0.72), gap, SECTION)
    assert (result.resolves, result.rows_needed) == (0.05, 580_000)  # 10,000 · (5 · 1.512)², rounded up
    assert "these rows can show differences from 0.05 on" in result.sentence
    assert result.sentence.endswith("Undecided: about 580,000 rows would show it.")


def test_a_model_against_itself_passes_whatever_the_margin() -> None:
    gap = difference("roc_auc", estimate(0.72, 0.05), estimate(0.72, 0.05), exact=True)
    result = gates.comparison("serving", "roc_auc", (0.72, 0.72), gap, SECTION.replaced(margin=0.0))
    assert (result.verdict, result.interval) == ("passed", (0.0, 0.0))


@pytest.mark.parametrize(
    ("candidate", "half", "verdict"),
    [(0.55, 0.04, "passed"), (0.55, 0.06, "undecided"), (0.5, 0.0, "undecided"), (0.45, 0.04, "refused")],
)
def test_a_first_model_must_be_better_than_a_constant(candidate: float, half: float, verdict: str) -> None:
    gap = difference("roc_auc", estimate(candidate, half), estimate(0.5, 0), exact=half == 0)
    assert gates.comparison("baseline", "roc_auc", (candidate, 0.5), gap, SECTION).verdict == verdict


def test_errors_with_a_unit_are_compared_by_share() -> None:
    assert loss("rmse", 1_100.0, 1_000.0) == pytest.approx(0.1)
    assert loss("mae", 0.9, 1.0) == pytest.approx(-0.1)
    gap = on_other_rows("rmse", estimate(1_000.0, 1), estimate(900.0, 1))
    result = gates.overfitting("rmse", 900.0, 1_000.0, gap, SECTION)
    assert result.verdict == "refused"
    assert "11.11% worse" in result.sentence


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_loss_of_one_is_the_gain_of_the_other(one: float, other: float) -> None:
    assert loss("roc_auc", one, other) == -loss("roc_auc", other, one)
    assert (loss("log_loss", one, other) > 0) == (round(one - other, 12) > 0)


def part(value: str, rows: int, score: float | None, half: float = 0.01, whole: float = 0.75) -> JudgedSlice:
    ends = None if score is None else (score - half, score + half)
    result = SliceResult(column="region", value=value, rows=rows, score=score, interval=ends)
    return JudgedSlice(
        result, difference("roc_auc", estimate(NAN if score is None else score, half), estimate(whole, 0))
    )


def test_slices_refuse_what_is_worse_beyond_chance_and_name_it() -> None:
    parts = [part("north", 900, 0.75), part("south", 300, 0.55), part("west", 250, 0.60, 0.2), part("east", 199, 0.1)]
    result = gates.slices("region", parts, "roc_auc", SECTION, judged=3)
    assert result.verdict == "refused"
    assert result.value == pytest.approx(0.2)
    assert "Of 3 slices" in result.sentence
    assert "which 'south' exceeds." in result.sentence
    assert "'west'" not in result.sentence


def test_a_slice_that_may_break_the_limit_leaves_it_undecided() -> None:
    parts = [part("north", 900, 0.75), part("west", 250, 0.70, 0.2)]
    result = gates.slices("region", parts, "roc_auc", SECTION, judged=2)
    assert result.verdict == "undecided"
    assert result.sentence.endswith("and the rows do not show whether 'west' holds it.")


def test_among_many_slices_one_must_be_clearer_to_refuse() -> None:
    lone = [part("south", 300, 0.639, 0.01)]  # 1.81 standard errors beyond the limit
    assert gates.slices("region", lone, "roc_auc", SECTION, judged=1).verdict == "refused"
    assert gates.slices("region", lone, "roc_auc", SECTION, judged=20).verdict == "undecided"


def test_slices_near_the_whole_pass_and_small_ones_are_not_judged() -> None:
    assert gates.slices("region", [part("north", 900, 0.74)], "roc_auc", SECTION, judged=1).verdict == "passed"
    small = [part("north", 100, 0.1), part("south", 900, None)]
    judged = gates.slices("region", small, "roc_auc", SECTION, judged=0)
    assert (judged.verdict, judged.value) == ("not_judged", None)


def gate(name: str, verdict: str, **more: int) -> GateResult:
    return GateResult(kind="limit", name=name, metric="f1", value=1, limit=1, verdict=verdict, sentence="", **more)  # type: ignore[arg-type]


def test_the_decision_names_every_gate_that_fails() -> None:
    mixed = [gate("a", "passed"), gate("b", "refused"), gate("c", "undecided"), gate("d", "refused")]
    assert decision_sentence(mixed, "f1", 0.5, 1_000) == ("f1 is 0.5 on 1,000 test rows; 2 of 4 gates fail: b, d.")
    assert decision_sentence(mixed[:1], "f1", None, 10).startswith("f1 is undefined on 10 test rows")


def test_the_decision_names_what_is_undecided_and_the_rows_that_would_decide() -> None:
    mixed = [gate("a", "passed"), gate("b", "undecided", rows_needed=3_000), gate("c", "undecided")]
    assert decision_sentence(mixed, "f1", 0.5, 100) == (
        "f1 is 0.5 on 100 test rows; the rows do not decide 2 of 3 gates: b, c. "
        "About 3,000 test rows would decide 1 of them."
    )
    both = [mixed[1], gate("c", "undecided", rows_needed=800)]
    assert decision_sentence(both, "f1", 0.5, 100).endswith("b, c. About 3,000 test rows would decide them.")
    assert decision_sentence(both[:1], "f1", 0.5, 100).endswith("b. About 3,000 test rows would decide it.")


def test_the_decision_says_what_the_model_before_it_is_worth_on_the_same_rows() -> None:
    """A score alone reads as a loss to whoever saw a higher one, on the rows of another time."""
    gaps = {-0.16: "0.16 better than", 0.01: "0.01 worse than", 0.0: "equal to"}
    for gap, told in gaps.items():
        result = gates.comparison("serving", "roc_auc", (0.7, 0.7 + gap), estimate(gap, 0.001), SECTION)
        elsewhere = result.model_copy(update={"name": "better on the newest rows", "value": -0.3})
        sentence = decision_sentence([elsewhere, result], "roc_auc", 0.7, 1_000)
        assert sentence.startswith(f"roc_auc is 0.7 on 1,000 test rows, {told} the model before it; ")
    none = gates.not_compared("serving", "roc_auc", "its copy is gone.", SECTION)
    assert "before it" not in decision_sentence([none], "roc_auc", 0.7, 1_000)


def test_a_gate_that_could_not_be_judged_does_not_count_as_one_that_holds() -> None:
    result = [gates.not_compared("serving", "roc_auc", "its copy is gone.", SECTION)]
    assert result[0].verdict == "undecided"
    small = gates.slices("region", [], "roc_auc", SECTION, judged=0)
    assert decision_sentence([small], "roc_auc", 0.7, 100).endswith("0 of 1 gates hold, 1 could not be judged.")
