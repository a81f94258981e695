"""Parts of moments, such as the hour and the weekday, proposed as features where they vary among the rows that train.

The column that orders the rows gives its parts too, and not itself: a later date than any in training says nothing,
but its hour and its weekday were seen. Where rows are split at random, a moment is itself a number, its trend, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sevenfold.contracts.schema import Kind, Part, Role
from sevenfold.design.dates import MONTHS
from sevenfold.design.roles import Proposed
from sevenfold.design.target import TargetFacts
from sevenfold.design.time_split import TimeSplit
from sevenfold.design.typed_column import TypedColumn
from sevenfold.design.typed_table import TypedTable
from sevenfold.tables.leakage import number_evidence
from sevenfold.tables.moment_formats import names_day
from sevenfold.tables.moment_parts import part_steps, varying_parts

__all__ = ["moment_parts", "parts_entry", "parts_remark"]

Parts = Mapping[str, tuple[Part, ...]]


def moment_parts(
    table: TypedTable, roles: Mapping[str, Proposed], target: TargetFacts, split: TimeSplit | None
) -> dict[str, tuple[Part, ...]]:
    """Return the parts of each column of moments that is a feature, and of the one that orders the rows.

    The latter is left out where one of its parts would reveal the target.
    """
    proposal: dict[str, tuple[Part, ...]] = {}
    for name, proposed in roles.items():
        column = table.columns[name]
        if column.kind is Kind.DATETIME and (proposed.role is Role.FEATURE or _orders(name, split)):
            parts = _parts(column, target, split)
            if parts:
                proposal[name] = parts
    return proposal


def parts_entry(name: str, parts: Parts, split: TimeSplit | None) -> dict[str, Any]:
    """Return what `data.columns` says of a column's parts; nothing of one whose parts the model does not see."""
    if name not in parts:
        return {}
    entry: dict[str, Any] = {"also_feature": True} if _orders(name, split) else {}
    return {**entry, "parts": [part.value for part in parts[name]]}


def parts_remark(name: str, parts: Parts, *, dated: bool) -> str:
    """Return what the remark above a column says of its parts, "" where the model sees none; `dated` ones have days."""
    if name not in parts:
        return ""
    names = [part.value.replace("_", " ") for part in parts[name]]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"The model sees its {listed}{', in UTC; write time_zone: for local ones' if dated else ''}."


def _parts(column: TypedColumn, target: TargetFacts, split: TimeSplit | None) -> tuple[Part, ...]:
    known = target.labelled & column.values.is_not_null().to_numpy()
    rows = np.flatnonzero(known if split is None else known & split.train)
    moments = column.values.gather(rows).to_physical().to_numpy().astype(np.int64)
    parts = varying_parts(moments)
    if column.guess.date_format in MONTHS:  # the first of each month is what was read, and no day that anything was on
        parts = tuple(part for part in parts if part is not Part.WEEKDAY)
    if not names_day(column.guess.date_format):
        return parts
    if split is None:  # no row is later than all that train, so the moment itself says something too
        return (*parts, Part.TREND) if parts else ()
    if _orders(column.name, split):
        codes, classes = target.codes[rows], len(target.classes)
        seen = (part_steps(moments, part).astype(np.float64) for part in parts)
        if any(number_evidence(values, codes, classes=classes).exact for values in seen):
            return ()
    return parts


def _orders(name: str, split: TimeSplit | None) -> bool:
    return split is not None and name == split.column
