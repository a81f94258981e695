"""Labels too rare to be split: `init` proposes one class of them, or to leave them out, and preparation agrees."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Task
from sevenfold.design.notices import notices
from sevenfold.design.rare_classes import propose_classes

FREQUENT = (("hen", 90), ("duck", 60))


def test_rare_labels_that_have_rows_together_are_merged() -> None:
    proposal = propose_classes("y", (*FREQUENT, ("owl", 3), ("swan", 2), ("crow", 1)), hidden=False)
    assert proposal.classes == (("hen", 90), ("duck", 60), ("other", 6))
    assert proposal.entry() == {"merged_classes": {"other": ["owl", "swan", "crow"]}}
    assert "'owl' has 3, 'swan' has 2, 'crow' has 1" in proposal.remark()


def test_others_are_left_out() -> None:
    proposal = propose_classes("y", (*FREQUENT, ("owl", 3), ("swan", 2)), hidden=False)
    assert (proposal.classes, proposal.entry()) == (FREQUENT, {"left_out_classes": ["owl", "swan"]})


def test_the_class_has_a_name_of_its_own() -> None:
    proposal = propose_classes("y", (("Other", 90), ("duck", 60), ("owl", 5), ("swan", 5)), hidden=False)
    assert list(proposal.merged) == ["other classes"]


@pytest.mark.parametrize(
    ("labels", "hidden"),
    [
        ((("hen", 90), ("owl", 5), ("swan", 5)), False),  # one frequent label only
        ((*FREQUENT, *((f"name {number}", 1) for number in range(60))), False),  # names, no classes
        ((*FREQUENT, ("owl", 3)), True),  # a plan would name it
    ],
)
def test_what_is_no_class_is_refused(labels: tuple[tuple[str, int], ...], hidden: bool) -> None:
    with pytest.raises(DataError) as refused:
        propose_classes("y", labels, hidden=hidden)
    assert refused.value.code == "rare_class"
    assert ("owl" in refused.value.message) is (("owl", 5) in labels)


def test_a_plan_with_six_rare_of_sixteen_classes_goes_through(tmp_path: Path, accept: Callable) -> None:
    labels = [f"bird {number % 10}" for number in range(300)]
    for at, label in enumerate(["owl", "owl", "swan", "crow", "crow", "wren", "kite", "gull"]):
        labels[7 + at * 31] = label
    rows = [f"{(at * 37) % 101},{'abc'[at % 3]},{label}" for at, label in enumerate(labels)]
    path = tmp_path / "birds.csv"
    path.write_text("x,c,y\n" + "\n".join(rows) + "\n")
    proposal, prepared = accept(path, "y")
    assert proposal.plan.data.task is Task.MULTICLASS
    assert proposal.plan.data.merged_classes == {"other": ("crow", "owl", "gull", "kite", "swan", "wren")}
    assert prepared.schema.classes[-1] == "other" and prepared.kept == 300
    (rare,) = [notice for notice in notices(proposal.findings) if notice.subject == "rare class"]
    assert "'owl' has 2" in rare.text


def test_one_rare_label_of_three_leaves_two_classes(tmp_path: Path, accept: Callable) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,y\n" + "".join(f"{i % 7},{'xz'[i * 7919 % 10 < 4]}\n" for i in range(200)) + "3,w\n")
    proposal, prepared = accept(path, "y")
    assert (proposal.plan.data.task, proposal.plan.data.left_out_classes) == (Task.BINARY, ("w",))
    assert prepared.refused == {"class_left_out": 1}
