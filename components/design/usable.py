"""Which rows a proposed plan could use, why not the others, and how many of those are too many."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Role
from sevenfold.design.roles import Proposed
from sevenfold.design.target import TargetFacts
from sevenfold.design.time_split import TimeSplit
from sevenfold.design.typed_table import TypedTable
from sevenfold.report.quantity import quantity
from sevenfold.tables.class_choice import LEFT_OUT

__all__ = ["MAX_BAD_FRACTION", "Usable", "allowed_share", "refuse_broken_records", "usable_rows"]

MAX_BAD_FRACTION: Final = 0.01  # of the rows, unless a person allows more
FEW_ROWS: Final = 5  # that a small table may lose, up to twice the share
LABEL_MISSING: Final = "label_missing"
NOT_BAD: Final = (LABEL_MISSING, LEFT_OUT)
MAX_REASONS: Final = 5
MAX_SHOWN: Final = 40  # characters of a value


@dataclass(frozen=True)
class Usable:
    """Which rows preparation will use.

    `rows` has True for them, shape ``[n]``. `reasons` counts the others by column and code, each row once, as the
    quarantine does; records that are no rows have no column.
    """

    rows: NDArray[np.bool_]
    reasons: Counter[tuple[str, str]]
    total: int

    @property
    def unlabelled(self) -> int:
        """Rows without a target."""
        return sum(count for (_, code), count in self.reasons.items() if code == LABEL_MISSING)

    @property
    def bad(self) -> int:
        """Rows refused for what is wrong with them: neither without a target nor of a class that is left out."""
        return sum(count for (_, code), count in self.reasons.items() if code not in NOT_BAD)

    def check(self, limit: float, table: TypedTable, hidden: Mapping[str, str]) -> None:
        """Refuse a table of which too many rows cannot be used.

        Args:
            limit: the largest share of bad rows.
            table: the table.
            hidden: of each column, why its values must not be shown, or "".

        Raises:
            DataError: ``too_many_bad_rows``.
        """
        if self.bad <= limit * self.total:
            return
        reasons = [(key, count) for key, count in self.reasons.most_common() if key[1] not in NOT_BAD]
        shown = ", ".join(_reason(*key, count, table, hidden) for key, count in reasons[:MAX_REASONS])
        more = f" and {quantity(len(reasons) - MAX_REASONS, 'reason')} more" if len(reasons) > MAX_REASONS else ""
        raise _too_many(self.bad, self.total, limit, shown + more, "Correct these values, or leave them empty")


def allowed_share(limit: float, rows: int) -> float:
    """Return the share of bad rows that a plan may be proposed for: `limit`, or by default a few rows of a small table.

    >>> allowed_share(0.01, 300), allowed_share(0.01, 100), allowed_share(0.01, 100_000), allowed_share(0.05, 300)
    (0.0167, 0.02, 0.01, 0.05)
    """
    if limit != MAX_BAD_FRACTION or not rows:
        return limit
    return max(limit, math.ceil(min(FEW_ROWS / rows, 2 * MAX_BAD_FRACTION) * 10_000) / 10_000)


def usable_rows(
    table: TypedTable, target: TargetFacts, roles: Mapping[str, Proposed], split: TimeSplit | None
) -> Usable:
    """Return which rows preparation will use, in the order in which it looks at the columns."""
    free = np.ones(table.rows, dtype=np.bool_)
    reasons: Counter[tuple[str, str]] = Counter()

    def refuse(rows: NDArray[np.bool_], name: str, code: str) -> None:
        count = int(np.count_nonzero(rows & free))
        if count:
            reasons[name, code] += count
            free[rows] = False

    for code, count in table.refused_by.items():
        reasons["", code] = count
    for name in (target.name, *(name for name in table.columns if name != target.name)):
        column = table.columns[name]
        if name != target.name and roles[name].role in (Role.IGNORE, Role.IDENTIFIER):
            continue
        for (code,), faults in column.faults.group_by("code", maintain_order=True) if column.bad else ():
            rows = np.zeros(table.rows, dtype=np.bool_)
            rows[faults["row"].to_numpy()] = True
            refuse(rows, name, str(code))
        if name == target.name or (split is not None and name == split.column):
            code = LABEL_MISSING if name == target.name else "missing_value"
            refuse(column.values.is_null().to_numpy(), name, code)
        if name == target.name:
            refuse(target.left_out, name, LEFT_OUT)
    return Usable(free, reasons, table.rows + table.refused)


def refuse_broken_records(table: TypedTable, limit: float, likely: str = "") -> None:
    """Refuse a table of which too many records cannot be cut into fields.

    Args:
        table: the table.
        limit: the largest share of such records.
        likely: how the file seems to be written instead, as a sentence.

    Raises:
        DataError: ``too_many_bad_rows``.
    """
    total = table.rows + table.refused
    if table.refused > limit * total:
        shown = ", ".join(f"{code} {count:,}" for code, count in table.refused_by.items())
        raise _too_many(table.refused, total, limit, shown, likely.rstrip(".") or "Export the table again as CSV")


def _too_many(bad: int, total: int, limit: float, shown: str, remedy: str) -> DataError:
    wanted = -(-bad * 1_000 // total) / 1_000
    return DataError(
        "too_many_bad_rows",
        f"At most {limit:.2%} of the rows may be refused, but {bad:,} of {total:,} would be ({bad / total:.2%}): "
        f"{shown}.",
        remedy=f"{remedy}; or allow it with --max-bad-fraction {wanted:g}.",
    )


def _reason(name: str, code: str, count: int, table: TypedTable, hidden: Mapping[str, str]) -> str:
    if not name:
        return f"{code} {count:,}"
    faults = table.columns[name].faults
    texts = faults.filter(faults["code"] == code)["text"].unique(maintain_order=True).head(3).to_list()
    samples = f" ({', '.join(repr(str(text)[:MAX_SHOWN]) for text in texts)})" if texts and not hidden[name] else ""
    return f"{code} {count:,} in {name!r}{samples}"
