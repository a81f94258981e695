"""What a proposed plan says, key by key, and the remark that explains it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from sevenfold.contracts.schema import Kind, Role, Task
from sevenfold.design.column_text import column_entry, column_remark
from sevenfold.design.decisions import propose_decisions
from sevenfold.design.findings import Findings
from sevenfold.design.moment_parts import parts_entry, parts_remark
from sevenfold.design.outliers import far_remark
from sevenfold.design.plan_text import Path as Keys
from sevenfold.design.proposed_gates import proposed_gates
from sevenfold.design.rare_categories import LEAST, hidden_columns, rare_remark
from sevenfold.design.roles import Proposed
from sevenfold.design.target import TargetFacts
from sevenfold.design.typed_table import TypedTable
from sevenfold.report.quantity import quantity
from sevenfold.tables.field_style import FieldStyle
from sevenfold.tables.moment_formats import names_day

__all__ = ["Findings", "plan_document"]

ROOM: Final = 0.01  # one point: what later data may have more of than this table
SMALL, LARGE = 10_000, 150_000  # rows
MAX_SLICES: Final = 3
SLICE_LEVELS: Final = 12
SLICE_ROWS: Final = 200
TEST_SHARE: Final = 0.2
RESOLVED: Final = 2.5  # standard errors that show a difference at 95 %, with a chance of 80 %
YES_NO: Final = frozenset({("yes", "no"), ("true", "false"), ("1", "0"), ("y", "n"), ("t", "f"), ("1", "-1")})


def plan_document(
    findings: Findings,
    source: str | Sequence[str],
    name: str,
    notebook: str,
    for_cluster: bool,
    max_bad_fraction: float,
) -> tuple[dict[str, Any], dict[Keys, str]]:
    """Return the plan as nested mappings, and the remark above each key by its path.

    Args:
        findings: what design found out about the table.
        source: how the plan names the table.
        name: name of the plan.
        notebook: how the plan names the notebook; empty takes the built-in one.
        for_cluster: propose what a shared cluster wants.
        max_bad_fraction: the largest share of bad rows that may be proposed.
    """
    comments: dict[Keys, str] = {}
    document: dict[str, Any] = {
        "version": 1,
        "name": name,
        "goal": f"Predict {findings.target.name}.",
        "data": _data(findings, source, comments, max_bad_fraction),
        "design": {"notebook": notebook} if notebook else {},
        "preparation": _preparation(findings, comments),
        **_model(findings, comments),
        "testing": _testing(findings, comments),
        "deployment": _deployment(for_cluster, comments),
        "monitoring": {"replay": "test"},
    }
    comments[()] = (
        f"Proposed from {findings.table.source}: {quantity(findings.profile.rows, 'row')}, "
        f"{quantity(len(findings.profile.columns), 'column')}. "
        "Every line is a proposal: change what you know better.\n"
        "What is not written here keeps its default; `sevenfold validate --schema` tells all keys."
    )
    if not findings.table.complete:
        comments[()] += f"\nThe table is large: only its first {findings.profile.rows:,} rows were looked at."
    comments["monitoring", "replay"] = "A local run sends the test rows through the predictor as if they were traffic."
    if notebook:
        comments["design", "notebook"] = "Runs at the start of every run; open it in JupyterLab and make it yours."
    return {key: value for key, value in document.items() if value != {}}, comments


def _data(
    findings: Findings, source: str | Sequence[str], comments: dict[Keys, str], max_bad_fraction: float
) -> dict[str, Any]:
    table, target = findings.table, findings.target
    data: dict[str, Any] = {"source": source, "target": target.name, "task": target.task.value}
    comments["data", "task"] = target.why
    if target.task is Task.BINARY:
        data["positive"], _, why = positive_class(target)
        comments["data", "positive"] = f"{why}: {_positive_share(target):.1%} of the rows with a target."
    for key, value in target.proposal.entry().items():
        data[key] = value
        comments["data", key] = target.proposal.remark()
    if table.dialect.format == "csv":
        data |= {"encoding": table.dialect.encoding, "delimiter": table.dialect.delimiter}
        _quotes(table, data, comments)
        comments["data", "encoding"] = "How the file is written, as far as it can be told from its bytes."
    if table.dialect.format == "csv" or table.notation.decimal != ".":
        data["decimal"] = table.notation.decimal
    if table.notation.thousands:
        data["thousands"] = table.notation.thousands
    data["missing"] = list(table.notation.missing)
    comments["data", "missing"] = _missing_remark(table)
    _limits(findings, data, comments, max_bad_fraction)
    data["columns"] = _columns(findings, comments)
    comments["data", "columns"] = "Only columns without a role are features. A model never sees the others."
    return data


def _quotes(table: TypedTable, data: dict[str, Any], comments: dict[Keys, str]) -> None:
    """Write how quotes stand in the file, where it is not as RFC 4180 has them."""
    changed = table.dialect.style.changed_from(FieldStyle(table.dialect.delimiter))
    data |= changed
    for key in list(changed)[:1]:
        comments["data", key] = "Only so do all records of the file's beginning have the header's fields."


def positive_class(target: TargetFacts) -> tuple[str, int, str]:
    """Return the class of a binary target that is proposed as the positive one, its rows and why."""
    for (label, count), (other, _) in (target.classes, target.classes[::-1]):
        if (label.casefold(), other.casefold()) in YES_NO:
            return label, count, "The class that says yes"
    return *target.classes[-1], "The rarer class"


def _positive_share(target: TargetFacts) -> float:
    """Return the share of positive rows; 0 for another task than binary."""
    if target.task is not Task.BINARY:
        return 0.0
    return positive_class(target)[1] / sum(number for _, number in target.classes)


def _missing_remark(table: TypedTable) -> str:
    if len(table.notation.missing) == 1:
        return "An empty field is a missing value; no other text seems to mean one."
    return "Texts that mean a missing value, in every column. Remove one that is a value of its own somewhere."


def _limits(findings: Findings, data: dict[str, Any], comments: dict[Keys, str], max_bad_fraction: float) -> None:
    usable = findings.usable
    bad, unlabelled = usable.bad / usable.total, usable.unlabelled / usable.total
    data["max_bad_fraction"] = min(max_bad_fraction, _share(bad))
    comments["data", "max_bad_fraction"] = f"{quantity(usable.bad, 'row')} of this table cannot be used ({bad:.2%})."
    data["max_unlabelled"] = _share(unlabelled) if unlabelled else 0.0
    comments["data", "max_unlabelled"] = (
        f"{quantity(usable.unlabelled, 'row has', 'rows have')} no target ({unlabelled:.2%}) and will be left out; "
        "one point more may come."
        if unlabelled
        else "Every row has a target; one that has none is an error."
    )


def _share(observed: float) -> float:
    return min(1.0, math.ceil((observed + ROOM) * 1_000) / 1_000)


def _columns(findings: Findings, comments: dict[Keys, str]) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for name, column in findings.table.columns.items():
        facts = findings.profile.columns[name]
        comments["data", "columns", name] = column_remark(column, facts)
        if name == findings.target.name:
            # its classes may be better names than true and false
            comments["data", "columns", name] = f"The target: {findings.target.why[0].lower()}{findings.target.why[1:]}"
            entries[name] = column_entry(column, facts, Proposed(Role.TARGET), kind=findings.target.kind)
        else:
            entries[name] = column_entry(column, facts, findings.roles[name])
            entries[name] |= parts_entry(name, findings.parts, findings.split)
            dated = names_day(column.guess.date_format)
            remarks = (parts_remark(name, findings.parts, dated=dated), far_remark(findings.far.get(name)))
            comments["data", "columns", name] = " ".join(filter(None, (comments["data", "columns", name], *remarks)))
    return entries


def _preparation(findings: Findings, comments: dict[Keys, str]) -> dict[str, Any]:
    split: dict[str, Any] = {"by": "stratified"}
    comments["preparation", "split"] = "At random, with equal shares of the target on every side."
    if findings.split is not None:
        split = {"by": "time", "column": findings.split.column}
        comments["preparation", "split"] = (
            "The oldest rows train, the newest test, as it will be in use. Dates may stand here instead of shares: "
            "validation_from, test_from, test_until."
        )
    hidden = hidden_columns(findings.profile.columns, findings.roles)
    if hidden:
        comments["preparation", "min_count"] = rare_remark(hidden)
    return {
        "split": {**split, "validation": 0.2, "test": TEST_SHARE},
        **({"min_count": LEAST} if hidden else {}),
    }


def _model(findings: Findings, comments: dict[Keys, str]) -> dict[str, Any]:
    rows = findings.table.rows
    comments["tuning", "trials"] = "More trials find better settings and take longer; 0 skips the search."
    comments["training", "model"] = "Tuning chooses among trees, a network and a linear model; or name one of them."
    comments["training", "max_epochs"] = "Training stops earlier, once `patience` epochs brought nothing better."
    if rows < SMALL:
        return {
            "tuning": {"trials": 12, "max_epochs": 10},
            "training": {"model": "auto", "max_epochs": 60, "patience": 10},
        }
    if rows < LARGE:
        return {
            "tuning": {"trials": 10, "max_epochs": 6},
            "training": {"model": "auto", "max_epochs": 30, "patience": 5},
        }
    comments["tuning", "row_fraction"] = "Trials see a part of the many rows, enough to rank settings."
    fraction = max(0.1, round(min(1.0, LARGE / rows), 2))
    return {
        "tuning": {"trials": 8, "max_epochs": 4, "row_fraction": fraction},
        "training": {"model": "auto", "max_epochs": 15, "patience": 3},
    }


def _testing(findings: Findings, comments: dict[Keys, str]) -> dict[str, Any]:
    task, small = findings.target.task, findings.table.rows < SMALL
    testing: dict[str, Any] = {"metric": _METRIC[task]}
    at = "testing"
    testing["gates"], comments[at, "gates"] = proposed_gates(findings, TEST_SHARE)
    if task is Task.REGRESSION:
        testing |= {"max_overfitting": 1.0, "max_slice_gap": 1.0}
        comments[at, "max_overfitting"] = (
            "As a share of the error on the training rows: where that is tiny, an honest model may double it."
        )
        comments[at, "max_slice_gap"] = "As a share of the error on all test rows: values differ in size by slice."
    elif task is Task.MULTICLASS:
        testing |= {"max_overfitting": 0.5 if small else 0.25, "max_slice_gap": 0.5}
    else:
        testing |= {"max_overfitting": 0.2 if small else 0.1, "max_slice_gap": 0.15}
    testing["margin"], comments[at, "margin"] = _margin(findings)
    decisions, remark = propose_decisions(task, _positive_share(findings.target))
    testing |= decisions
    comments |= {(at, key): remark for key in list(decisions)[:1]}
    slices = _slices(findings)
    if slices:
        testing["slices"] = slices
        comments[at, "slices"] = "The model must hold for every value of these that has rows enough."
    return testing


def _margin(findings: Findings) -> tuple[float, str]:
    """Return a margin that about as many test rows as there will be can resolve between two equal models, and why.

    Two models of one table share most of their errors; what differs is about half the noise of one of them.
    """
    target, rows = findings.target, max(1.0, findings.table.rows * TEST_SHARE)
    if target.task is Task.BINARY:
        shares = [count / sum(number for _, number in target.classes) for _, count in target.classes]
        noise = 0.5 * math.sqrt(sum(1 / (12 * rows * share) for share in shares))
        largest = 0.05
    else:
        noise, largest = 0.3 / math.sqrt(rows), 0.1
    needed = max(0.002, RESOLVED * noise)
    margin = min(largest, math.ceil(needed * 1_000) / 1_000)
    remark = f"How much worse than the serving model a new one may be; it must be shown on about {rows:,.0f} test rows."
    if needed > largest:
        remark += " They are few: a new model that is not clearly better waits for a person."
    return margin, remark


_METRIC: Final = {Task.BINARY: "roc_auc", Task.MULTICLASS: "log_loss", Task.REGRESSION: "rmse"}


def _slices(findings: Findings) -> list[str]:
    """Return a few categories whose values have test rows enough to be judged one by one."""
    suited = []
    for name in findings.features:
        facts = findings.profile.columns[name]
        if facts.kind not in (Kind.CATEGORY, Kind.BOOLEAN) or facts.sensitive or facts.distinct > SLICE_LEVELS:
            continue
        large = [count for _, count in facts.top if count * TEST_SHARE >= SLICE_ROWS]
        if len(large) >= 2:
            suited.append((-len(large), name))
    return [name for _, name in sorted(suited)[:MAX_SLICES]]


def _deployment(for_cluster: bool, comments: dict[Keys, str]) -> dict[str, Any]:
    if for_cluster:
        comments["deployment", "approval"] = (
            "A model that passed is deployed without traffic and waits for a person: sevenfold promote NAME."
        )
        return {"target": "auto", "approval": "manual"}
    comments["deployment", "approval"] = "Who passes the gates serves. Write manual to have a person decide."
    return {"approval": "automatic"}
