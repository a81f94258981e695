"""What init refuses, and that preparation refuses no row and no plan that init did not foresee."""

from __future__ import annotations

import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Task
from sevenfold.design.propose import propose_plan
from sevenfold.design.usable import MAX_BAD_FRACTION, allowed_share
from sevenfold.preparation.prepare import prepare


def rows_of(count: int, **odd: dict[int, str]) -> list[str]:
    """Return rows `a,b,y` of a number, a number and a class, with some cells replaced."""
    rows = []
    for i in range(count):
        cells = {"a": f"{(i * 37) % 101 / 7:.3f}", "b": f"{(i * 53) % 97}", "y": "ab"[(i * 7919) % 10 < 4]}
        cells |= {name: texts[i] for name, texts in odd.items() if i in texts}
        rows.append(",".join(cells.values()))
    return rows


def text_of(rows: list[str]) -> str:
    return "a,b,y\n" + "\n".join(rows) + "\n"


def refusal(call) -> DataError:
    with pytest.raises(DataError) as refused:
        call()
    return refused.value


def test_odd_cells_within_the_limit_are_quarantined(written, accept):
    proposal, prepared = accept(written(text_of(rows_of(600, a={3: "oops"}, b={3: "x", 9: "y", 10: "9.5.1"}))), "y")
    assert proposal.plan.data.max_bad_fraction == 0.01
    assert proposal.findings.usable.bad == 3  # one row has two
    assert prepared.refused == {"not_a_number": 1, "not_an_integer": 2}
    assert dict(proposal.findings.usable.reasons) == prepared.refused_by_column


FOUR = {0: "oops", 100: "n.v.", 200: "1.2.3", 299: "#REF!"}
SIX = {**FOUR, 50: "a", 150: "b"}


def test_a_small_table_may_lose_five_rows(written, accept):
    proposal, prepared = accept(written(text_of(rows_of(300, a=FOUR))), "y")
    assert proposal.plan.data.max_bad_fraction == 0.0167
    assert (prepared.kept, prepared.refused) == (296, {"not_a_number": 4})
    assert allowed_share(MAX_BAD_FRACTION, 40) == 0.02


def test_more_odd_cells_than_that_are_refused_with_their_values(written, tmp_path):
    path = written(text_of(rows_of(300, a=SIX)))
    error = refusal(lambda: propose_plan(path, "y"))
    assert error.code == "too_many_bad_rows"
    assert "6 of 300" in str(error) and "not_a_number 6 in 'a' ('oops', 'a', 'n.v.')" in str(error)
    assert "--max-bad-fraction 0.02" in error.remedy
    proposal = propose_plan(path, "y", max_bad_fraction=0.05)
    assert proposal.plan.data.max_bad_fraction == pytest.approx(0.03)
    prepared = prepare(path, proposal.plan.data, proposal.plan.preparation, tmp_path / "dataset")
    assert (prepared.kept, prepared.refused) == (294, {"not_a_number": 6})


@pytest.mark.parametrize("limit", [0.02, 0.0134])
def test_no_plan_allows_more_than_was_asked_for(written, limit):
    path = written(text_of(rows_of(300, a={0: "oops", 100: "n.v.", 200: "1.2.3", 299: "#REF!"})))
    assert propose_plan(path, "y", max_bad_fraction=limit).plan.data.max_bad_fraction == limit


def test_ragged_rows_are_refused_before_all_else(written):
    rows = [row + ",1" if row.endswith("a") else row for row in rows_of(300)]  # a whole class goes
    error = refusal(lambda: propose_plan(written(text_of(rows)), "y"))
    assert error.code == "too_many_bad_rows"
    assert "ragged_row" in str(error)


def test_values_of_a_sensitive_column_are_not_repeated(written):
    cells = {i: f"never {i}" for i in range(0, 300, 50)}
    text = text_of(rows_of(300, a=cells)).replace("a,b,y", "dob,b,y")
    error = refusal(lambda: propose_plan(written(text), "dob"))
    assert "not_a_number 6 in 'dob'" in str(error)
    assert "never" not in str(error)


def test_a_class_that_only_bad_rows_have_is_missed_before_the_run(written):
    labels = dict.fromkeys(range(0, 60, 10), "c")
    whole = written(text_of(rows_of(1_000, y=labels)))
    assert propose_plan(whole, "y").plan.data.task is Task.MULTICLASS
    broken = written(text_of(rows_of(1_000, y=labels, a={0: "oops"})))
    proposal = propose_plan(broken, "y")
    assert (proposal.plan.data.task, proposal.plan.data.left_out_classes) == (Task.BINARY, ("c",))
    assert "'c' has 5" in proposal.text


def test_rows_without_a_target_count_apart(written, accept):
    proposal, prepared = accept(written(text_of(rows_of(600, y={3: "", 4: "", 5: ""}, a={3: "oops", 7: "x"}))), "y")
    assert (proposal.findings.usable.unlabelled, proposal.findings.usable.bad) == (3, 1)
    assert prepared.refused == {"not_a_number": 1, "label_missing": 3}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x,y\n1.5,2\n2.5,3\n3.5,5\n4.5,8\n5.5,13\n", "too_few_rows"),
        # a category of ten rows each has none that is frequent among the rows that train
        ("x,y\n" + "".join(f"k{i // 10},{'ab'[i % 2]}\n" for i in range(100)), "no_features"),
        # the one other value may be in the rows that test
        ("x,y\n" + "".join(f"{i == 7:d},{'ab'[i % 2]}\n" for i in range(100)), "no_features"),
    ],
)
def test_what_preparation_might_refuse_is_refused(written, text, code):
    assert refusal(lambda: propose_plan(written(text), "y")).code == code


@pytest.mark.parametrize("labels", [("1.0", "2.0", "3.0"), ("1", "2", "3")])
def test_whole_labels_are_classes_however_they_are_written(written, accept, labels):
    rows = "".join(f"{(i * 37) % 101},{labels[(i * 7919) % 10 // 4]}\n" for i in range(300))
    proposal, prepared = accept(written("x,y\n" + rows), "y")
    assert proposal.plan.data.task is Task.MULTICLASS
    assert prepared.schema.classes == ("1", "2", "3")
    assert {label for label, _ in proposal.findings.target.classes} == {"1", "2", "3"}


def test_two_whole_labels_have_a_positive_one_that_preparation_knows(written, accept):
    rows = "".join(f"{(i * 37) % 101},{'1.0' if (i * 7919) % 10 < 4 else '0.0'}\n" for i in range(300))
    proposal, prepared = accept(written("x,y\n" + rows), "y")
    assert (proposal.plan.data.positive, prepared.schema.classes) == ("1", ("0", "1"))


def test_money_is_a_target(written, accept):
    rows = "".join(f'{(i * 37) % 101},"${90_000 + i * 731:,}"\n' for i in range(300))
    proposal, prepared = accept(written("x,y\n" + rows), "y")
    column = proposal.plan.data.columns["y"]
    assert (proposal.plan.data.task, column.symbols, column.unit) == (Task.REGRESSION, ("$",), "$")
    assert prepared.kept == 300


def test_a_target_that_could_be_read_in_two_ways_is_asked_about(written):
    rows = "".join(f'{(i * 37) % 101},"{1 + i % 9},{100 + i}"\n' for i in range(300))
    error = refusal(lambda: propose_plan(written("x,y\n" + rows), "y"))
    assert error.code == "ambiguous_target"
    assert "1234 or 1.234" in str(error)
