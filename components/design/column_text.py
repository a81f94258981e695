"""How one column stands in a proposed plan: its entry, and the remark above it."""

from __future__ import annotations

from typing import Any

from sevenfold.contracts.schema import Column, Kind, Role
from sevenfold.design.profile import ColumnProfile
from sevenfold.design.roles import Proposed
from sevenfold.design.typed_column import TypedColumn
from sevenfold.tables.moment_formats import names_day

__all__ = ["column_entry", "column_remark", "figure", "moment"]


def column_entry(
    column: TypedColumn, facts: ColumnProfile, proposed: Proposed, *, kind: Kind | None = None
) -> dict[str, Any]:
    """Return what `data.columns` says of a column: its kind, and what differs from the defaults."""
    kind = kind or column.kind
    entry: dict[str, Any] = {"kind": kind.value}
    if proposed.role is not Role.FEATURE:
        entry["role"] = proposed.role.value
    if facts.sensitive:
        entry["sensitive"] = True
    guess, plain = column.guess, Column(kind=kind)
    if kind is Kind.BOOLEAN and not set(guess.true_values) <= set(plain.true_values):
        entry["true_values"] = list(guess.true_values)
    if kind is Kind.BOOLEAN and not set(guess.false_values) <= set(plain.false_values):
        entry["false_values"] = list(guess.false_values)
    if kind is Kind.DATETIME and guess.date_format:
        entry["date_format"] = guess.date_format
    if guess.symbols:
        entry |= {"symbols": list(guess.symbols), "unit": guess.symbols[0]}
    if proposed.why:
        entry["note"] = proposed.why
    return entry


def column_remark(column: TypedColumn, facts: ColumnProfile) -> str:
    """Return in a line what the column holds; of a sensitive one how many values, never which."""
    parts = [f"{facts.distinct:,} different" if facts.distinct != facts.present else "all different"]
    if facts.missing:
        parts.append(f"{facts.missing / facts.rows:.1%} missing")
    if facts.bad:
        parts.append(f"{facts.bad:,} not of this kind")
    if facts.sensitive:
        parts.append(f"looks like {facts.sensitive}: values are never shown")
    elif facts.low is not None and facts.high is not None:
        form = column.guess.date_format
        low, high = (
            moment(value, form) if column.kind is Kind.DATETIME else figure(value) for value in (facts.low, facts.high)
        )
        parts.append(f"{low} to {high}")
    elif facts.top:
        named = ", ".join(name for name, _ in facts.top[:3])
        parts.append(f"mostly {named}" if facts.distinct > 3 else named)
    if column.guess.symbols:
        parts.append(f"numbers with {column.guess.symbols[0]}")
    if column.guess.question:
        parts.append(column.guess.question.rstrip("."))
    elif column.guess.why:
        parts.append(column.guess.why[0].lower() + column.guess.why[1:].rstrip("."))
    if facts.distinct == 0:
        parts = ["no values"]
    return "; ".join(parts) + "."


def figure(value: float) -> str:
    """Return a number as people read it: whole from ten thousand on, else with at most five digits.

    >>> figure(1234567.0), figure(0.012345678), figure(2013.0)
    ('1,234,567', '0.012346', '2013')
    """
    if 10_000 <= abs(value) < 1e15:
        return f"{value:,.0f}"
    if float(value).is_integer() and abs(value) < 10_000:
        return str(int(value))
    return f"{value:.5g}"


def moment(microseconds: float, date_format: str = "") -> str:
    """Return a moment as a date, with its time where it has one, or as a time where its format says no day.

    >>> moment(0), moment(60e6), moment(60e6, "%H:%M")
    ('1970-01-01', '1970-01-01 00:01:00', '00:01:00')
    """
    import numpy as np

    text = str(np.datetime64(int(microseconds), "us").astype("datetime64[s]"))
    if not names_day(date_format):
        return text.partition("T")[2]
    return text.removesuffix("T00:00:00").replace("T", " ")
