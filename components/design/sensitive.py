"""Which columns may point at a person: proposed as sensitive, so that their values are never shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from sevenfold.contracts.schema import Kind

if TYPE_CHECKING:
    from sevenfold.design.typed_column import TypedColumn

__all__ = ["UNIQUE", "births_beside_names", "name_words", "sensitive_columns", "why_sensitive"]

SAMPLE: Final = 2_000
SHARE: Final = 0.5  # of the sampled texts that look like an address
_DATE: Final = r"^\d{4}-\d\d-\d\d|^\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4}"
MIN_WORDS: Final = 0.9
UNIQUE: Final = 0.95  # share of distinct values from which texts name single rows
_EMAIL: Final = r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$"
_PHONE: Final = r"^\+?[\d][\d\s().\-/]{6,18}\d$"
_ADDRESS: Final = r"^(\d{1,3}\.){3}\d{1,3}$|^[0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{0,4}){5,7}$"
_WORDS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_PERSON: Final = {
    "email": "an e-mail address",
    "mail": "an e-mail address",
    "phone": "a phone number",
    "telephone": "a phone number",
    "mobile": "a phone number",
    "firstname": "a person's name",
    "lastname": "a person's name",
    "surname": "a person's name",
    "forename": "a person's name",
    "fullname": "a person's name",
    "username": "a person's name",
    "maiden": "a person's name",
    "ssn": "a person's number",
    "passport": "a person's number",
    "iban": "an account number",
    "birthdate": "a date of birth",
    "birthday": "a date of birth",
    "dob": "a date of birth",
    "address": "an address",
    "street": "an address",
}
_BIRTH: Final = {"birth", "born", "geburtsdatum", "geburtstag", "naissance", "nacimiento", "nascita", "nascimento"}
LIFETIMES: Final = 15  # years that the middle nine tenths of the dates of birth of people span
DAY: Final = 86_400_000_000  # microseconds
ORDERED: Final = 0.95  # share of the steps from row to row that go one way
_PAIRS: Final = {
    ("first", "name"): "a person's name",
    ("last", "name"): "a person's name",
    ("full", "name"): "a person's name",
    ("family", "name"): "a person's name",
    ("given", "name"): "a person's name",
    ("user", "name"): "a person's name",
    ("customer", "name"): "a person's name",
    ("patient", "name"): "a person's name",
    ("date", "birth"): "a date of birth",
    ("birth", "date"): "a date of birth",
    ("credit", "card"): "an account number",
    ("card", "number"): "an account number",
    ("account", "number"): "an account number",
    ("social", "security"): "a person's number",
    ("ip", "address"): "a network address",
}


def why_sensitive(column: TypedColumn, *, rows: int, unique: bool) -> str:
    """Return what the column seems to hold of a person, or "".

    Args:
        column: the column.
        rows: of the table.
        unique: nearly every value is there once.
    """
    named = _by_name(column.name)
    if named:
        return named
    if column.kind is Kind.DATETIME and _BIRTH & set(name_words(column.name)):
        return "a date of birth"
    if column.kind is not Kind.CATEGORY:
        return ""
    texts = column.values.drop_nulls()
    step = max(1, len(texts) // SAMPLE)
    sample = texts.gather_every(step)
    if len(sample) == 0:
        return ""
    for pattern, what in ((_EMAIL, "e-mail addresses"), (_ADDRESS, "network addresses"), (_PHONE, "phone numbers")):
        looks = sample.str.contains(pattern)
        if what == "phone numbers":
            # a date or a code with leading zeros looks like one too: ask for a plus, or signs between the digits
            looks &= sample.str.contains(r"^\+|[\s().\-/]") & ~sample.str.contains(_DATE)
        if float(looks.mean() or 0.0) > SHARE:  # type: ignore[arg-type]
            return what
    if unique and rows > 1 and float(sample.str.contains(r"\p{L}.*\s.*\p{L}").mean() or 0.0) >= MIN_WORDS:  # type: ignore[arg-type]
        return "texts of their own for nearly every row"
    words = name_words(column.name)
    return "a person's name" if unique and words and words[-1] == "name" else ""


def sensitive_columns(columns: Mapping[str, Sequence[str | None]]) -> set[str]:
    """Return the columns of texts that may point at a person, by their names and values."""
    import polars as pl

    from sevenfold.design.guess import Guess
    from sevenfold.design.typed_column import TypedColumn

    found = set()
    for name, cells in columns.items():
        values = pl.Series(name, cells, dtype=pl.String)
        present = len(values) - values.null_count()
        unique = present > 1 and values.drop_nulls().n_unique() >= UNIQUE * present
        column = TypedColumn(name, Guess(Kind.CATEGORY), values, pl.DataFrame())
        if why_sensitive(column, rows=len(values), unique=unique) or _BIRTH & set(name_words(name)):
            found.add(name)
    return found


def births_beside_names(columns: Iterable[TypedColumn], reasons: Mapping[str, str]) -> list[str]:
    """Return the columns that seem to hold dates of birth by their values alone, in a table that names people.

    They are days, most of them spread over many years, and in no order.

    Args:
        columns: all columns.
        reasons: of each, what it seems to hold of a person, or "".
    """
    if "a person's name" not in reasons.values():
        return []
    return [column.name for column in columns if column.kind is Kind.DATETIME and _like_births(column)]


def _like_births(column: TypedColumn) -> bool:
    import polars as pl

    days = column.values.drop_nulls().cast(pl.Int64).to_numpy()
    if len(days) < 2 or (days % DAY).any():
        return False
    low, high = np.quantile(days, [0.05, 0.95])
    steps = np.diff(days)
    moved = np.count_nonzero(steps)
    forward = np.count_nonzero(steps > 0)
    return bool(high - low >= LIFETIMES * 365 * DAY and max(forward, moved - forward) < ORDERED * moved)


def _by_name(name: str) -> str:
    words = name_words(name)
    for word in words:
        if word in _PERSON:
            return _PERSON[word]
    for pair, what in _PAIRS.items():
        if set(pair) <= set(words):
            return what
    return ""


def name_words(name: str) -> list[str]:
    """Return the words of a column's name in small letters: ``createdAt`` and ``created_at`` are created and at."""
    return [word.casefold() for word in _WORDS.findall(name)]
