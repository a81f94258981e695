"""Rules about single columns: symbols belong to numbers, a time zone to moments, and names must not collide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sevenfold.contracts.schema import Column, Kind, Role
from sevenfold.contracts.signature import MISSING

__all__ = ["Breach", "column_breaches", "some"]

Breach = tuple[tuple[str, ...], str, str, str]  # key, rule, value, remedy


def some(names: Iterable[str]) -> str:
    """Return the first twelve names in order, for a remedy."""
    listed = sorted(names)
    return ", ".join(listed[:12]) + (" …" if len(listed) > 12 else "")


def column_breaches(columns: Mapping[str, Column]) -> Iterator[Breach]:
    """Yield every rule about single columns that `data.columns` breaks."""
    for name, column in columns.items():
        at = ("data", "columns", name)
        if column.symbols and column.kind not in (Kind.NUMBER, Kind.INTEGER):
            yield (*at, "symbols"), "belongs to kind number or integer", repr(column.kind.value), "Remove it."
        for symbol in column.symbols:
            if not symbol or symbol != symbol.strip() or not set(symbol).isdisjoint("0123456789+-\n"):
                rule = "a symbol is a text without digits, signs and white space around"
                yield (*at, "symbols"), rule, repr(symbol), "Write it as the table does, such as $ or %."
        yield from _parts((*at, "parts"), column)
        if column.time_zone and column.kind is not Kind.DATETIME:
            yield (*at, "time_zone"), "belongs to kind datetime", repr(column.kind.value), "Remove it."
        elif column.time_zone and not _is_zone(column.time_zone):
            rule = "must name a time zone of the IANA database"
            yield (*at, "time_zone"), rule, repr(column.time_zone), "Write it like Europe/Oslo."
    yield from _flag_names(columns)


def _parts(key: tuple[str, ...], column: Column) -> Iterator[Breach]:
    written = repr([part.value for part in column.parts])
    if column.parts and column.kind is not Kind.DATETIME:
        yield key, "belongs to kind datetime", repr(column.kind.value), "Remove it."
    elif column.parts and not column.is_feature:
        remedy = "Write also_feature: true." if column.role in (Role.TIME, Role.GROUP) else "Remove it."
        yield key, "belongs to a column that the model sees", f"role: {column.role.value}", remedy
    elif len(set(column.parts)) < len(column.parts):
        yield key, "must name each part once", written, "Remove the second."


def _flag_names(columns: Mapping[str, Column]) -> Iterator[Breach]:
    """A model has a flag beside each moment, whose name no other column may have."""
    for name, column in columns.items():
        other = columns.get(name + MISSING)
        if column.kind is Kind.DATETIME and column.is_feature and other is not None and other.is_feature:
            yield (
                ("data", "columns", name + MISSING),
                f"the name of the flag that says where {name!r} is missing, so no other feature may have it",
                repr(name + MISSING),
                "Rename the column in the table, or give one of both role: ignore.",
            )


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
