"""Numbers as texts: how a table writes them, and their values, strictly; what does not fit has a code and no value.

The rule for one text (`parse_number`) and the one for a column (`parse_numbers`, `parse_integers`) are the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import InputError
from sevenfold.contracts.schema import MAX_INTEGER, Column, Kind, Notation
from sevenfold.tables.parsed import Parsed

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "Notation",
    "means_missing",
    "number_texts",
    "parse_integers",
    "parse_number",
    "parse_numbers",
]

# every pattern is one that Python and Polars (Rust) read alike: no \d and \s, whose letters differ
NUMBER: Final = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
INTEGER: Final = r"[+-]?[0-9]+"
NONFINITE: Final = r"[+-]?(?i:inf|infinity|nan)"
SPACE: Final = "[ \t\u00a0\u2009\u202f]*"
WHITE: Final = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
)
MAX_CHARACTERS: Final = 64


def parse_number(text: str, column: Column, notation: Notation) -> float | None:
    """Return the number that one text names, None where it means a missing value.

    Args:
        text: the text; white space around it does not count.
        column: its kind (number or integer) and its symbols count.
        notation: how numbers are written, and which texts mean a missing value.

    Raises:
        InputError: with a code of `parse_numbers` or, for an integer, of `parse_integers`.

    >>> parse_number("$1,200.50", Column(kind=Kind.NUMBER, symbols=("$",)), Notation(thousands=","))
    1200.5
    """
    trimmed = text.strip(WHITE)
    if trimmed in notation.tokens:
        return None
    plain = _plain(trimmed, notation, column.symbols)
    whole = column.kind is Kind.INTEGER
    if re.fullmatch(INTEGER if whole else NUMBER, plain):
        value = float(plain)
        if value in notation.missing_numbers:
            return None
        if (abs(int(plain)) <= MAX_INTEGER) if whole else abs(value) < float("inf"):
            return value
        code = "int_range" if whole else "float_range"
    elif whole:
        code = "not_an_integer"
    elif re.fullmatch(NONFINITE, plain):
        if float(plain) in notation.missing_numbers:
            return None
        code = "nonfinite"
    else:
        code = "not_a_number"
    rule = "A whole number up to 2^53" if whole else "A finite number"
    shown = "a text that is never shown" if column.sensitive else repr(text[:MAX_CHARACTERS])
    raise InputError(code, f"{rule} must be written as the table writes it, but got {shown}.")


def number_texts(texts: pl.Series, notation: Notation, symbols: Sequence[str] = ()) -> pl.Series:
    """Rewrite trimmed numbers so that Python's notation reads them; other texts become unreadable or stay so.

    Args:
        texts: the trimmed texts.
        notation: how numbers are written.
        symbols: texts of which one may stand before or after a number, such as a sign of money.
    """
    if symbols:
        before, after = _symbol_patterns(tuple(symbols))
        leading = texts.str.contains(_whole(before))
        bare = texts.str.replace(_whole(after), "${1}")
        texts = texts.str.replace(_whole(before), "${1}${2}").zip_with(leading, bare)
    if notation.thousands:
        grouped = texts.str.contains(_whole(_groups(notation.decimal, notation.thousands)))
        texts = texts.str.replace_all(notation.thousands, "", literal=True).zip_with(grouped, texts)
    if notation.decimal == ",":
        # a point is no decimal sign here: make what has one unreadable
        texts = texts.str.replace_all(".", "x", literal=True).str.replace(",", ".", literal=True)
    return texts


def means_missing(numbers: pl.Series, notation: Notation) -> pl.Series:
    """Return which numbers stand for a missing value; a null does not, and needs no one to say so."""
    import polars as pl

    if not notation.missing_numbers:
        return pl.repeat(False, len(numbers), eager=True)
    tokens = pl.Series(notation.missing_numbers, dtype=pl.Float64)
    return numbers.cast(pl.Float64).is_in(tokens.implode()).fill_null(False)


def _plain(text: str, notation: Notation, symbols: Sequence[str]) -> str:
    """Do for one text what `number_texts` does for a column."""
    if symbols:
        before, after = _symbol_patterns(tuple(symbols))
        match = re.fullmatch(before, text) or re.fullmatch(after, text)
        text = "".join(match.groups()) if match else text
    if notation.thousands and re.fullmatch(_groups(notation.decimal, notation.thousands), text):
        text = text.replace(notation.thousands, "")
    if notation.decimal == ",":
        text = text.replace(".", "x").replace(",", ".", 1)
    return text


@lru_cache(maxsize=64)
def _symbol_patterns(symbols: tuple[str, ...]) -> tuple[str, str]:
    """Return the patterns of a symbol before a number (its sign on either side) and of one after it."""
    either = "|".join(re.escape(symbol) for symbol in sorted(symbols, key=lambda symbol: (-len(symbol), symbol)))
    line = r"[^\n]*"
    return f"([+-]?){SPACE}(?:{either}){SPACE}({line})", f"({line}?){SPACE}(?:{either})"


@lru_cache(maxsize=64)
def _groups(decimal: str, thousands: str) -> str:
    """Return the pattern of a number in groups of three digits, of which the first begins with none of value 0."""
    point, sign = re.escape(decimal), re.escape(thousands)
    return rf"[+-]?[1-9][0-9]{{0,2}}(?:{sign}[0-9]{{3}})+(?:{point}[0-9]*)?"


def _whole(pattern: str) -> str:
    """Return the pattern of a text that matches from its first to its last letter, for Polars."""
    return f"^(?:{pattern})$"


def parse_numbers(texts: pl.Series, notation: Notation, symbols: Sequence[str] = ()) -> Parsed:
    """Parse texts as float64. Codes: ``not_a_number``, ``float_range``, ``nonfinite``."""
    import polars as pl

    trimmed, missing, count = _trimmed(texts, notation)
    plain = number_texts(trimmed, notation, symbols)
    values = plain.cast(pl.Float64, strict=False)
    missing |= means_missing(values, notation)
    unread = (values.is_null() | ~values.is_finite().fill_null(False)) & ~missing
    faults: dict[str, NDArray[np.bool_]] = {}
    if unread.any():
        odd = plain.filter(unread)
        number, nonfinite = odd.str.contains(_whole(NUMBER)), odd.str.contains(_whole(NONFINITE))
        _add_fault(faults, "float_range", unread, number)
        _add_fault(faults, "nonfinite", unread, nonfinite)
        _add_fault(faults, "not_a_number", unread, ~number & ~nonfinite)
        values = values.set(unread, None)
    return Parsed(values.set(missing, None).to_arrow(), faults, count)


def parse_integers(texts: pl.Series, notation: Notation, symbols: Sequence[str] = ()) -> Parsed:
    """Parse texts as int64 of at most 2^53. Codes: ``not_an_integer``, ``int_range``."""
    import polars as pl

    trimmed, missing, count = _trimmed(texts, notation)
    plain = number_texts(trimmed, notation, symbols)
    values = plain.cast(pl.Int64, strict=False)
    missing |= means_missing(values, notation)
    large = ((values > MAX_INTEGER) | (values < -MAX_INTEGER)).fill_null(False)
    unread = (values.is_null() | large) & ~missing
    faults: dict[str, NDArray[np.bool_]] = {}
    if unread.any():
        whole = plain.filter(unread).str.contains(_whole(INTEGER))
        _add_fault(faults, "int_range", unread, whole)
        _add_fault(faults, "not_an_integer", unread, ~whole)
        values = values.set(unread, None)
    return Parsed(values.set(missing, None).to_arrow(), faults, count)


def _trimmed(texts: pl.Series, notation: Notation) -> tuple[pl.Series, pl.Series, int]:
    """Return trimmed texts, which of them are missing, and how many were trimmed."""
    texts = texts.fill_null("")
    plain = texts.str.strip_chars()
    lengths = plain.str.len_bytes()
    count = int((lengths != texts.str.len_bytes()).sum())
    tokens = [token for token in notation.tokens if token]
    missing = lengths == 0
    return plain, missing | plain.is_in(tokens) if tokens else missing, count


def _add_fault(faults: dict[str, NDArray[np.bool_]], code: str, unread: pl.Series, which: Any) -> None:
    if which.any():
        mask = unread.to_numpy().copy()
        mask[mask] = which.to_numpy()
        faults[code] = mask
