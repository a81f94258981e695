"""Which features seem to be known only after the event: looked for among all that would be proposed, and left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Kind, Role, Task
from sevenfold.design.column_values import column_codes, column_floats
from sevenfold.design.profile import TRAIN_SHARE
from sevenfold.design.roles import Proposed
from sevenfold.design.target import TargetFacts
from sevenfold.design.time_split import TimeSplit
from sevenfold.design.typed_table import TypedTable
from sevenfold.tables.leak_means import mean_share
from sevenfold.tables.leak_search import LeakSearch, Suspect

__all__ = ["leave_suspects_out", "suspects"]


def leave_suspects_out(
    table: TypedTable, roles: Mapping[str, Proposed], target: TargetFacts, split: TimeSplit | None
) -> dict[str, Proposed]:
    """Return the roles with those suspects ignored that seem to be known only with the target, each with its number."""
    changed = dict(roles)
    for suspect in suspects(table, roles, target, split):
        why = f"Known only after the event? It gives the target away: {suspect.text}."
        for name in suspect.known_last:
            if changed[name].role is Role.FEATURE:
                changed[name] = replace(changed[name], role=Role.IGNORE, why=why, leak=True)
    return changed


def suspects(
    table: TypedTable, roles: Mapping[str, Proposed], target: TargetFacts, split: TimeSplit | None
) -> list[Suspect]:
    """Return the suspects among the proposed features.

    All rows with a target are looked at, then without the columns found there those that train; so preparation, which
    sees the latter, refuses none of what is left.

    Args:
        table: the table.
        roles: what is proposed for each column but the target.
        target: what to predict.
        split: the split by time, if there is one.
    """
    names = [name for name, proposed in roles.items() if proposed.role is Role.FEATURE]
    found = _means(table, names, target)
    for rows in _samples(target, split):
        gone = {name for suspect in found for name in suspect.known_last}
        found += _searched(table, [name for name in names if name not in gone], target, rows).suspects()
    return found


def _samples(target: TargetFacts, split: TimeSplit | None) -> list[NDArray[np.int64]]:
    labelled = np.flatnonzero(target.labelled)
    if split is not None:
        return [labelled, np.flatnonzero(target.labelled & split.train)]
    if target.drawn is not None:
        return [labelled, np.flatnonzero(target.drawn)]
    return [labelled, labelled[np.random.default_rng(7).random(len(labelled)) < TRAIN_SHARE]]


def _searched(table: TypedTable, names: Sequence[str], target: TargetFacts, rows: NDArray[np.int64]) -> LeakSearch:
    some = LeakSearch.rows(rows, len(names))
    search = LeakSearch(target.name, target.codes[some], len(target.classes))
    for name in names:
        column = table.columns[name]
        values = column.values.gather(some)
        if column.kind is Kind.CATEGORY:
            search.codes[name] = column_codes(values)
        else:
            search.numbers[name] = column_floats(values)
    return search


def _means(table: TypedTable, names: Sequence[str], target: TargetFacts) -> list[Suspect]:
    found = []
    for name in names:
        column = table.columns[name]
        if column.kind is not Kind.NUMBER:
            continue
        share, groups = mean_share(column_floats(column.values), target.codes, classes=len(target.classes))
        if share:
            what = "share of a class" if target.task is not Task.REGRESSION else "mean"
            text = f"it is the {what} of {target.name} in the rows of its {groups:,} values, in {share:.1%} of all rows"
            found.append(Suspect((name,), False, text, (name,)))
    return found
