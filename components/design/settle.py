"""Settle what design makes of a table: each step looks at what another one decides, so they take turns until all fit.

Roles depend on the rows that train, these on the split, a random split on the duplicates it keeps together, duplicates
on the features, and the usable rows on the roles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sevenfold.design.drawn import duplicates_of, same_records, with_drawn
from sevenfold.design.feasible import require_feasible
from sevenfold.design.findings import Findings
from sevenfold.design.moment_parts import moment_parts
from sevenfold.design.outliers import far_columns
from sevenfold.design.profile import Profile
from sevenfold.design.roles import Proposed, propose_roles
from sevenfold.design.suspects import leave_suspects_out
from sevenfold.design.target import TargetFacts
from sevenfold.design.time_split import TimeSplit, unordered_dates
from sevenfold.design.typed_table import TypedTable
from sevenfold.design.usable import usable_rows

__all__ = ["Choices", "judged_roles", "settled"]

MAX_ROUNDS: Final = 4

Roles = dict[str, Proposed]


@dataclass(frozen=True)
class Choices:
    """How split and roles are chosen: from the table for a proposal, or from the plan that is there.

    `split` returns the split by time, given the target, and `roles` the role of every column but the target. `drawn`
    says that rows without a split by time are drawn at random as a plan does by default, `together` that duplicates
    stay on one side. `max_bad_fraction` is the largest share of bad rows; None refuses no table, since preparation
    will.
    """

    split: Callable[[TargetFacts], TimeSplit | None]
    roles: Callable[[TargetFacts, TimeSplit | None], Roles]
    drawn: bool = True
    together: bool = True
    max_bad_fraction: float | None = None


def settled(table: TypedTable, profile: Profile, target: TargetFacts, choices: Choices) -> Findings:
    """Return what design finds, from the rows alone that preparation will use, and for the split that it will draw.

    Raises:
        DataError: the rows cannot be split, or, with a largest share of bad rows, no plan can be proposed.
    """
    hidden = {name: column.sensitive for name, column in profile.columns.items()}
    limit, duplicates = choices.max_bad_fraction, None
    for _ in range(MAX_ROUNDS):
        split = choices.split(target)
        drawn = choices.drawn and split is None
        if drawn:
            target = with_drawn(table, target, duplicates, hidden=target.hidden)
        roles = choices.roles(target, split)
        usable = usable_rows(table, target, roles, split)
        if limit is not None:
            usable.check(limit, table, hidden)
        if (target.labelled & ~usable.rows).any():
            # without these a class may be too rare, or a column reveal more
            target, duplicates = target.restricted(usable.rows), None
            continue
        before, duplicates = duplicates, duplicates_of(table, target, roles, hidden) if choices.together else None
        if not drawn or duplicates is None or same_records(before, duplicates):
            break
    if limit is not None:
        require_feasible(table, roles, target, split)
    return Findings(
        table,
        profile,
        target,
        split,
        roles,
        usable,
        duplicates,
        parts=moment_parts(table, roles, target, split),
        far=far_columns(table, roles, target),
        unordered=unordered_dates(table, profile, target) if split is None else [],
    )


def judged_roles(table: TypedTable, profile: Profile, target: TargetFacts, split: TimeSplit | None) -> Roles:
    """Return the role that each column's name and values suggest, without those that give the target away together."""
    return leave_suspects_out(table, propose_roles(table, profile, target, split), target, split)
