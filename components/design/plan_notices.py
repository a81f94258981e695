"""What a person should know of a table under a plan that is there: what `init` says of one, in the same words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Kind, Role
from sevenfold.design.findings import Findings
from sevenfold.design.notices import Notice, notices
from sevenfold.design.profile import Profile
from sevenfold.design.roles import Proposed
from sevenfold.design.settle import Choices, judged_roles, settled
from sevenfold.design.target import TargetFacts, target_facts
from sevenfold.design.time_split import TimeSplit, time_split
from sevenfold.design.typed_table import TypedTable
from sevenfold.plan.preparation import DuplicateRows, SplitBy, SplitSection

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sevenfold.design.typed_column import TypedColumn
    from sevenfold.plan.data import DataSection

__all__ = ["plan_notices"]


def plan_notices(table: TypedTable, profile: Profile, data: DataSection, split: SplitSection) -> list[Notice]:
    """Return what a person should know, the most important first; none where the target cannot be predicted.

    Roles, kinds and split are the plan's. Whether a column reveals the target is judged anew.

    Args:
        table: the table, read as the plan says.
        profile: its profile.
        data: the plan's section about it.
        split: how the plan splits its rows.
    """
    try:
        findings = _findings(table, profile, data, split)
    except DataError:
        return []  # preparation refuses the table, and says why
    known = notices(findings)
    if split.by is SplitBy.TIME or (
        split.by is SplitBy.STRATIFIED and time_split(table, profile, findings.target) is None
    ):
        return known
    return [_split(split) if notice.subject == "split" else notice for notice in known]


def _findings(table: TypedTable, profile: Profile, data: DataSection, split: SplitSection) -> Findings:
    time, answered = _time_split(table, split), _without_answered(table, data)
    dated = _dated(time, table)

    def roles(target: TargetFacts, _: TimeSplit | None) -> dict[str, Proposed]:
        judged = judged_roles(answered, profile, target, dated)
        return {name: _as_planned(name, proposed, data) for name, proposed in judged.items()}

    choices = Choices(
        split=lambda _: time,
        roles=roles,
        drawn=split == SplitSection(),
        together=split.duplicates is DuplicateRows.TOGETHER,
    )
    hidden = data.target in profile.columns and bool(profile.columns[data.target].sensitive)
    findings = settled(table, profile, target_facts(table, data.target, data.task, hidden=hidden), choices)
    seen = {name: column for name, column in data.columns.items() if column.is_feature}
    moments = {name: column for name, column in seen.items() if column.kind is Kind.DATETIME and name in table.columns}
    return replace(
        findings,
        parts={name: column.parts or findings.parts.get(name, ()) for name, column in moments.items()},
        zones={name: column.time_zone for name, column in moments.items() if column.time_zone},
    )


def _without_answered(table: TypedTable, data: DataSection) -> TypedTable:
    """Return the table without the questions of the plan's features: those columns are judged like any other."""
    columns = {
        name: replace(column, guess=replace(column.guess, question=""))
        if name in data.columns and data.columns[name].is_feature
        else column
        for name, column in table.columns.items()
    }
    return replace(table, columns=columns)


def _as_planned(name: str, proposed: Proposed, data: DataSection) -> Proposed:
    column = data.columns.get(name)
    if column is None:
        return Proposed(Role.IGNORE, leak=proposed.leak, why=proposed.why)
    return Proposed(Role.FEATURE if column.is_feature else column.role, proposed.why, proposed.leak)


def _time_split(table: TypedTable, split: SplitSection) -> TimeSplit | None:
    column = table.columns.get(split.column)
    ordered = column is not None and column.kind in (Kind.DATETIME, Kind.NUMBER, Kind.INTEGER)
    if split.by is not SplitBy.TIME or column is None or not ordered or column.values.count() == 0:
        return None
    return TimeSplit(split.column, _oldest(column, split))


def _oldest(column: TypedColumn, split: SplitSection) -> NDArray[np.bool_]:
    """Return the rows that train: those before a date, or the oldest that the shares of the other sides leave."""
    import polars as pl

    moments = column.values.cast(pl.Int64) if column.kind is Kind.DATETIME else column.values
    if split.validation_from:
        at = datetime.fromisoformat(split.validation_from)
        first = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1e6
    else:
        first = float(moments.quantile(1 - split.validation - split.test) or 0)
    return np.asarray((moments < first).fill_null(False).to_numpy(), dtype=np.bool_)


def _dated(time: TimeSplit | None, table: TypedTable) -> TimeSplit | None:
    """Return the split where its column holds moments, with which others can be compared."""
    return time if time is not None and table.columns[time.column].kind is Kind.DATETIME else None


def _split(split: SplitSection) -> Notice:
    if split.by is SplitBy.GROUP:
        return Notice("info", "split", f"by {split.column}: rows with the same value stay together.")
    return Notice("info", "split", "at random, with equal shares of the target.")
