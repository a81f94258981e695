"""Propose a plan for a table: everything visible in `plan.yaml`, every proposal with its reason."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sevenfold.contracts.canonical import write_whole
from sevenfold.contracts.columns import Kind, Role, Task
from sevenfold.contracts.errors import DataError, PolicyError
from sevenfold.design.column_text import column_entry, column_remark, figure
from sevenfold.design.notebook import built_in_notebook
from sevenfold.design.plan_text import Path as Keys
from sevenfold.design.plan_text import plan_text
from sevenfold.design.profile import Profile, profile_typed
from sevenfold.design.roles import Proposed, TimeSplit, propose_roles, time_split
from sevenfold.design.target import TargetFacts, target_facts
from sevenfold.design.typed import Tell, TypedTable, read_typed
from sevenfold.plan import Plan, parse_plan

__all__ = ["NOTEBOOK", "PLAN", "Proposal", "init_project", "plan_name", "propose_plan"]

PLAN: Final = "plan.yaml"
NOTEBOOK: Final = "explore.ipynb"
ROOM: Final = 0.01  # one point: what later data may have more of than this table
SMALL, LARGE = 10_000, 150_000  # rows
MAX_SLICES: Final = 3
SLICE_LEVELS: Final = 12
SLICE_ROWS: Final = 200
TEST_SHARE: Final = 0.2
YES_NO: Final = frozenset({("yes", "no"), ("true", "false"), ("1", "0"), ("y", "n"), ("t", "f"), ("1", "-1")})
_NOT_LABEL: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Proposal:
    """A plan, its text with the reasons, and what it was proposed from."""

    plan: Plan
    text: str
    profile: Profile


@dataclass(frozen=True)
class _Findings:
    table: TypedTable
    profile: Profile
    target: TargetFacts
    split: TimeSplit | None
    roles: dict[str, Proposed]

    @property
    def features(self) -> list[str]:
        return [name for name, proposed in self.roles.items() if proposed.role is Role.FEATURE]


def propose_plan(
    table: Path,
    target: str,
    *,
    source: str = "",
    name: str = "",
    notebook: str = "",
    for_cluster: bool = False,
    tell: Tell | None = None,
) -> Proposal:
    """Read a table and propose a plan that preparation accepts and that an honest model passes.

    Args:
        table: a CSV or Parquet file.
        target: the column to predict.
        source: how the plan names the table; empty takes its path.
        name: name of the plan; empty makes one of the file's.
        notebook: how the plan names the notebook; empty takes the built-in one.
        for_cluster: propose what a shared cluster wants: a person approves, and no example rows stand for users.
        tell: called with a message, the steps done and their number.

    Raises:
        DataError: the table cannot be used, or its target cannot be predicted; the code says why.
    """
    read = read_typed(table, tell=tell)
    profile = profile_typed(read, tell=tell)
    facts = target_facts(read, target)
    split = time_split(read, profile, facts)
    if tell is not None:
        tell("look for identifiers and leaks", len(read.columns), len(read.columns))
    found = _Findings(read, profile, facts, split, propose_roles(read, profile, facts, split))
    if not found.features:
        why = "; ".join(f"{column}: {proposed.why}" for column, proposed in list(found.roles.items())[:5])
        raise DataError(
            "no_features",
            f"At least one column besides the target must be of use to a model, but none seems to be. {why}",
            remedy="Name another target, or write the plan by hand.",
        )
    document, comments = _document(found, source or str(table), name or plan_name(table.stem), notebook, for_cluster)
    text = plan_text(document, comments, inline=[("data", "columns")])
    return Proposal(parse_plan(text), text, profile)


def plan_name(stem: str) -> str:
    """Return a plan's name made of a file's: a DNS label of at most 30 characters.

    >>> plan_name("House Prices (2013)"), plan_name("2013")
    ('house-prices-2013', 'plan-2013')
    """
    label = _NOT_LABEL.sub("-", stem.casefold()).strip("-")
    if not label or not label[0].isalpha():
        label = f"plan-{label}"
    return label[:30].strip("-")


def _document(
    found: _Findings, source: str, name: str, notebook: str, for_cluster: bool
) -> tuple[dict[str, Any], dict[Keys, str]]:
    comments: dict[Keys, str] = {}
    document: dict[str, Any] = {
        "version": 1,
        "name": name,
        "goal": f"Predict {found.target.name}.",
        "data": _data(found, source, comments),
        "design": {"notebook": notebook} if notebook else {},
        "preparation": _preparation(found, comments),
        **_model(found, comments),
        "testing": _testing(found, comments),
        "deployment": _deployment(for_cluster, comments),
        "monitoring": {"replay": "test"},
    }
    comments[()] = (
        f"Proposed from {found.table.source}: {found.profile.rows:,} rows, {len(found.profile.columns)} columns. "
        "Every line is a proposal: change what you know better.\n"
        "What is not written here keeps its default; `sevenfold validate --schema` tells all keys."
    )
    if not found.table.complete:
        comments[()] += f"\nThe table is large: only its first {found.profile.rows:,} rows were looked at."
    comments["monitoring", "replay"] = "A local run sends the test rows through the predictor as if they were traffic."
    if notebook:
        comments["design", "notebook"] = "Runs at the start of every run; open it in JupyterLab and make it yours."
    return {key: value for key, value in document.items() if value != {}}, comments


def _data(found: _Findings, source: str, comments: dict[Keys, str]) -> dict[str, Any]:
    table, target = found.table, found.target
    data: dict[str, Any] = {"source": source, "target": target.name, "task": target.task.value}
    comments["data", "task"] = target.why
    if target.task is Task.BINARY:
        label, count, why = _positive(target)
        data["positive"] = label
        share = count / sum(number for _, number in target.classes)
        comments["data", "positive"] = f"{why}: {share:.1%} of the rows with a target."
    if table.dialect.format == "csv":
        data |= {"encoding": table.dialect.encoding, "delimiter": table.dialect.delimiter}
        data["decimal"] = table.numerals.decimal
        comments["data", "encoding"] = "How the file is written, as far as it can be told from its bytes."
        if table.numerals.thousands:
            data["thousands"] = table.numerals.thousands
    data["missing"] = list(table.missing)
    comments["data", "missing"] = _missing_remark(table)
    _limits(found, data, comments)
    data["columns"] = _columns(found, comments)
    comments["data", "columns"] = "Only columns without a role are features. A model never sees the others."
    return data


def _positive(target: TargetFacts) -> tuple[str, int, str]:
    for (label, count), (other, _) in (target.classes, target.classes[::-1]):
        if (label.casefold(), other.casefold()) in YES_NO:
            return label, count, "The class that says yes"
    return *target.classes[-1], "The rarer class"


def _missing_remark(table: TypedTable) -> str:
    if len(table.missing) == 1:
        return "An empty field is a missing value; no other text seems to mean one."
    return "Texts that mean a missing value, in every column. Remove one that is a value of its own somewhere."


def _limits(found: _Findings, data: dict[str, Any], comments: dict[Keys, str]) -> None:
    table, target = found.table, found.target
    rows = table.rows + table.refused
    read = [name for name, proposed in found.roles.items() if proposed.role in (Role.FEATURE, Role.TIME, Role.GROUP)]
    bad = table.refused + sum(table.columns[name].bad for name in [*read, target.name])
    if found.split is not None:
        bad += table.columns[found.split.column].missing
    unlabelled = target.unlabelled - table.columns[target.name].bad
    data["max_bad_fraction"] = _share(bad / rows)
    comments["data", "max_bad_fraction"] = (
        f"{bad:,} rows of this table cannot be used ({bad / rows:.2%}); one point more may come."
    )
    data["max_unlabelled"] = _share(unlabelled / rows) if unlabelled else 0.0
    comments["data", "max_unlabelled"] = (
        f"{unlabelled:,} rows have no target ({unlabelled / rows:.2%}) and are left out; one point more may come."
        if unlabelled
        else "Every row has a target; one that has none is an error."
    )


def _share(observed: float) -> float:
    return min(1.0, math.ceil((observed + ROOM) * 1_000) / 1_000)


def _columns(found: _Findings, comments: dict[Keys, str]) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for name, column in found.table.columns.items():
        facts = found.profile.columns[name]
        comments["data", "columns", name] = column_remark(column, facts)
        if name == found.target.name:
            # its classes may be better names than true and false
            comments["data", "columns", name] = f"The target: {found.target.why[0].lower()}{found.target.why[1:]}"
            entries[name] = column_entry(column, facts, Proposed(Role.TARGET), kind=found.target.kind)
        else:
            entries[name] = column_entry(column, facts, found.roles[name])
    return entries


def _preparation(found: _Findings, comments: dict[Keys, str]) -> dict[str, Any]:
    split: dict[str, Any] = {"by": "stratified"}
    comments["preparation", "split"] = "At random, with equal shares of the target on every side."
    if found.split is not None:
        split = {"by": "time", "column": found.split.column}
        comments["preparation", "split"] = (
            "The oldest rows train, the newest test, as it will be in use. Dates may stand here instead of shares: "
            "validation_from, test_from, test_until."
        )
    return {"split": {**split, "validation": 0.2, "test": TEST_SHARE}}


def _model(found: _Findings, comments: dict[Keys, str]) -> dict[str, Any]:
    rows = found.table.rows
    comments["tuning", "trials"] = "More trials find better settings and take longer; 0 skips the search."
    comments["training", "max_epochs"] = "Training stops earlier, once `patience` epochs brought nothing better."
    if rows < SMALL:
        return {"tuning": {"trials": 12, "max_epochs": 10}, "training": {"max_epochs": 60, "patience": 10}}
    if rows < LARGE:
        return {"tuning": {"trials": 10, "max_epochs": 6}, "training": {"max_epochs": 30, "patience": 5}}
    comments["tuning", "row_fraction"] = "Trials see a part of the many rows, enough to rank settings."
    fraction = max(0.1, round(min(1.0, LARGE / rows), 2))
    return {
        "tuning": {"trials": 8, "max_epochs": 4, "row_fraction": fraction},
        "training": {"max_epochs": 15, "patience": 3},
    }


def _testing(found: _Findings, comments: dict[Keys, str]) -> dict[str, Any]:
    task, small = found.target.task, found.table.rows < SMALL
    testing: dict[str, Any] = {"metric": _METRIC[task]}
    at = "testing"
    if task is Task.REGRESSION:
        if found.split is None:
            testing["gates"] = [{"metric": "r2", "at_least": 0.0}]
        else:
            spread = found.profile.columns[found.target.name].deviation or 1.0
            testing["gates"] = [{"metric": "rmse", "at_most": float(figure(1.5 * spread).replace(",", ""))}]
        testing |= {"max_overfitting": 1.0, "max_slice_gap": 1.0}
        comments[at, "max_overfitting"] = (
            "As a share of the error on the training rows: where that is tiny, an honest model may double it."
        )
        comments[at, "max_slice_gap"] = "As a share of the error on all test rows: values differ in size by slice."
    elif task is Task.MULTICLASS:
        testing["gates"] = [{"metric": "roc_auc", "at_least": 0.55}]
        testing |= {"max_overfitting": 0.5 if small else 0.25, "max_slice_gap": 0.5}
    else:
        testing["gates"] = [{"metric": "roc_auc", "at_least": 0.52}]
        testing |= {"max_overfitting": 0.2 if small else 0.1, "max_slice_gap": 0.15}
    comments[at, "gates"] = (
        "A little better than guessing: raise the limit to what the use needs. "
        "A model worse than a constant prediction is refused in any case."
    )
    slices = _slices(found)
    if slices:
        testing["slices"] = slices
        comments[at, "slices"] = "The model must hold for every value of these that has rows enough."
    return testing


_METRIC: Final = {Task.BINARY: "roc_auc", Task.MULTICLASS: "log_loss", Task.REGRESSION: "rmse"}


def _slices(found: _Findings) -> list[str]:
    """Return a few categories whose values have test rows enough to be judged one by one."""
    suited = []
    for name in found.features:
        facts = found.profile.columns[name]
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


def init_project(
    table: Path,
    target: str,
    out: Path,
    *,
    name: str = "",
    force: bool = False,
    for_cluster: bool = False,
    tell: Tell | None = None,
) -> Path:
    """Profile a table and write `plan.yaml` and the notebook `explore.ipynb` that starts from it, both or neither.

    Args:
        table: a CSV or Parquet file.
        target: the column to predict.
        out: folder of the two files, made where needed.
        name: name of the plan; empty makes one of the file's.
        force: replace files that are there.
        for_cluster: propose what a shared cluster wants.
        tell: called with a message, the steps done and their number.

    Returns:
        The path of the plan.

    Raises:
        PolicyError: ``exists`` where a file is there already and `force` is not set.
        DataError: what `propose_plan` raises.
        PlanError: `name` is not one that plans may have.
    """
    plan, notebook = out / PLAN, out / NOTEBOOK
    _refuse_existing([plan, notebook], force)
    proposal = propose_plan(
        table,
        target,
        source=_relative(table, out),
        name=name,
        notebook=NOTEBOOK,
        for_cluster=for_cluster,
        tell=tell,
    )
    before = notebook.read_bytes() if notebook.exists() else None
    write_whole(notebook, built_in_notebook().encode())
    try:
        write_whole(plan, proposal.text.encode())
    except BaseException:
        if before is None:
            notebook.unlink(missing_ok=True)
        else:
            write_whole(notebook, before)
        raise
    return plan


def _refuse_existing(files: list[Path], force: bool) -> None:
    there = [file.name for file in files if file.exists()]
    if there and not force:
        raise PolicyError(
            "exists",
            f"Files that are there are not replaced, but {files[0].parent} has {' and '.join(there)}.",
            remedy="Choose another folder with --out, or replace them with --force.",
        )


def _relative(table: Path, folder: Path) -> str:
    """Return how a plan in `folder` names `table`."""
    try:
        return Path(os.path.relpath(table.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return table.resolve().as_posix()
