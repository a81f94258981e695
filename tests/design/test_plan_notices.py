"""The report of a run says of a table what `init` said of it, while the plan is as `init` proposed it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sevenfold.contracts.schema import Role
from sevenfold.design.notices import Notice, notices
from sevenfold.design.plan_notices import plan_notices
from sevenfold.design.profile import profile_typed
from sevenfold.design.propose import propose_plan
from sevenfold.design.report import design_report
from sevenfold.design.typed_table import read_typed
from sevenfold.plan import Plan, SplitSection
from sevenfold.report import Finding


def known_of(path: Path, plan: Plan) -> list[Notice]:
    table = read_typed(path, plan.data, ask=True)
    return plan_notices(table, profile_typed(table, plan.data), plan.data, plan.preparation.split)


def findings_of(path: Path, plan: Plan) -> tuple[Finding, ...]:
    table = read_typed(path, plan.data, ask=True)
    profile = profile_typed(table, plan.data)
    known = plan_notices(table, profile, plan.data, plan.preparation.split)
    report = design_report(profile, plan.data, "n.ipynb", known)
    (block,) = (block for block in report.blocks if block.block == "findings")
    return block.findings


@pytest.fixture
def shop(written) -> Path:
    """A table with one of everything that a person should know."""
    rows = []
    for i in range(600):
        label = "no" if (i * 7919) % 10 < 6 else "yes"
        number = "#REF!" if i in (7, 9) else str((i * 37) % 101)
        rows.append(
            f'{7 + i * 3},a{i}@ex.org,"${1_000 + i * 7:,}",{1 + i % 12:02d}/{1 + i % 9:02d}/2024,{number},'
            f"{'n/a' if i % 9 == 0 else i % 89 / 4},2024-{1 + i % 12:02d}-{1 + i % 28:02d},R{label},"
            f"{'n.v.' if i % 25 == 0 else i % 90},{label}"
        )
    return written("nr_id,mail,price,when,n,size,day,receipt,mixed,left\n" + "\n".join(rows) + "\n1,2\n")


def test_a_run_says_what_init_said(shop: Path) -> None:
    proposal = propose_plan(shop, "left")
    said = notices(proposal.findings)
    assert [(known.level, known.subject, known.text) for known in known_of(shop, proposal.plan)] == [
        (known.level, known.subject, known.text) for known in said
    ]
    assert {known.subject for known in said} == {
        *("leak", "question", "unread", "sensitive", "left out", "read as", "split", "moments", "target")
    }


def test_a_parquet_and_a_regression_too(people: Path, tmp_path: Path) -> None:
    import polars as pl

    pl.read_csv(people).with_row_index("row").write_parquet(tmp_path / "people.parquet")
    proposal = propose_plan(tmp_path / "people.parquet", "spent")
    assert known_of(tmp_path / "people.parquet", proposal.plan) == notices(proposal.findings)


def test_the_report_says_the_most_important_first_in_the_same_words(shop: Path) -> None:
    proposal = propose_plan(shop, "left")
    findings = findings_of(shop, proposal.plan)
    assert [finding.text for finding in findings] == [
        f"{known.subject}: {known.text}" for known in notices(proposal.findings)
    ]
    assert "ex.org" not in " ".join(finding.text for finding in findings)
    levels = {finding.text.split(":")[0]: finding.level for finding in findings}
    assert levels["unread"] == "warning"
    assert levels["leak"] == levels["sensitive"] == "info"  # the plan sees to them


def test_what_is_missing_or_alike_stands_before_what_is_only_good_to_know(written) -> None:
    rows = "".join(f"{at % 7},{'x' if at % 4 == 0 else ''},{'yes' if at % 3 else 'no'}\n" for at in range(200))
    path = written("a,b,y\n" + rows)
    texts = [finding.text for finding in findings_of(path, propose_plan(path, "y").plan)]
    assert texts[0] == "b: missing in 75% of the rows."
    assert texts[-1].startswith("y: binary") or texts[-1].startswith("target: y: binary")


def test_a_leak_that_a_person_takes_as_a_feature_is_a_warning(shop: Path) -> None:
    plan = propose_plan(shop, "left").plan
    receipt = plan.data.columns["receipt"].model_copy(update={"role": Role.FEATURE})
    data = plan.data.model_copy(update={"columns": {**plan.data.columns, "receipt": receipt}})
    first = findings_of(shop, plan.model_copy(update={"data": data}))[0]
    assert first.level == "warning"
    assert first.text.startswith("leak: receipt: Known only after the event?")
    assert first.text.endswith("It is a feature all the same.")


@pytest.mark.parametrize(
    ("split", "words"),
    [
        (SplitSection(by="group", column="n"), "by n: rows with the same value stay together."),
        (
            SplitSection(by="stratified"),
            "at random, with equal shares of the target: no column orders the rows in time. They are not in the order "
            "of day; write by: time and the column to split by it.",
        ),
        (SplitSection(by="time", column="day"), "by day: the oldest rows train, the newest test."),
        (SplitSection(by="time", column="nr_id"), "by nr_id: the oldest rows train, the newest test."),
        (
            SplitSection(by="time", column="day", validation_from="2024-08-01", test_from="2024-10-01"),
            "by day: the oldest rows train, the newest test.",
        ),
    ],
)
def test_the_split_is_the_plans(shop: Path, split: SplitSection, words: str) -> None:
    plan = propose_plan(shop, "left").plan
    preparation = plan.preparation.model_copy(update={"split": split})
    known = known_of(shop, plan.model_copy(update={"preparation": preparation}))
    assert [notice.text for notice in known if notice.subject == "split"] == [words]


def test_a_target_that_cannot_be_predicted_leaves_the_rest_of_the_report(written) -> None:
    rows = "".join(f"{at % 7 if at else 'x'},yes\n" for at in range(80))
    fine = propose_plan(written("a,y\n" + rows.replace("yes", "no", 40)), "y").plan
    path = written("a,y\n" + rows)
    assert known_of(path, fine) == []
    assert "a: 1 value is no integer." in [finding.text for finding in findings_of(path, fine)]
