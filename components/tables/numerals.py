"""Numbers as texts: how a table writes them, and their values, strictly; what does not fit has a code and no value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import MAX_INTEGER, Notation
from sevenfold.tables.parsed import Parsed

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Notation", "means_missing", "number_texts", "parse_integers", "parse_numbers"]

NUMBER: Final = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
INTEGER: Final = r"[+-]?\d+"
NONFINITE: Final = r"(?i)[+-]?(inf|infinity|nan)"


def number_texts(texts: pl.Series, notation: Notation) -> pl.Series:
    """Rewrite trimmed numbers so that Python's notation reads them; other texts become unreadable or stay so."""
    if notation.thousands:
        # separators count in the right positions only
        point, sign = re.escape(notation.decimal), re.escape(notation.thousands)
        grouped = texts.str.contains(rf"^[+-]?\d{{1,3}}({sign}\d{{3}})+({point}\d*)?$")
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


def parse_numbers(texts: pl.Series, notation: Notation) -> Parsed:
    """Parse texts as float64. Codes: ``not_a_number``, ``float_range``, ``nonfinite``."""
    import polars as pl

    trimmed, missing, count = _trimmed(texts, notation)
    plain = number_texts(trimmed, notation)
    values = plain.cast(pl.Float64, strict=False)
    missing |= means_missing(values, notation)
    unread = (values.is_null() | ~values.is_finite().fill_null(False)) & ~missing
    faults: dict[str, NDArray[np.bool_]] = {}
    if unread.any():
        odd = plain.filter(unread)
        number, nonfinite = odd.str.contains(f"^{NUMBER}$"), odd.str.contains(f"^{NONFINITE}$")
        _add_fault(faults, "float_range", unread, number)
        _add_fault(faults, "nonfinite", unread, nonfinite)
        _add_fault(faults, "not_a_number", unread, ~number & ~nonfinite)
        values = values.set(unread, None)
    return Parsed(values.set(missing, None).to_arrow(), faults, count)


def parse_integers(texts: pl.Series, notation: Notation) -> Parsed:
    """Parse texts as int64 of at most 2^53. Codes: ``not_an_integer``, ``int_range``."""
    import polars as pl

    trimmed, missing, count = _trimmed(texts, notation)
    plain = number_texts(trimmed, notation)
    values = plain.cast(pl.Int64, strict=False)
    missing |= means_missing(values, notation)
    large = ((values > MAX_INTEGER) | (values < -MAX_INTEGER)).fill_null(False)
    unread = (values.is_null() | large) & ~missing
    faults: dict[str, NDArray[np.bool_]] = {}
    if unread.any():
        whole = plain.filter(unread).str.contains(f"^{INTEGER}$")
        _add_fault(faults, "int_range", unread, whole)
        _add_fault(faults, "not_an_integer", unread, ~whole)
        values = values.set(unread, None)
    return Parsed(values.set(missing, None).to_arrow(), faults, count)


def _trimmed(texts: pl.Series, notation: Notation) -> tuple[pl.Series, pl.Series, int]:
    """Return trimmed texts, which of them are missing, and how many were trimmed."""
    plain = texts.str.strip_chars()
    count = int((plain.str.len_bytes() != texts.str.len_bytes()).sum())
    return plain, plain.is_in(list(notation.tokens)), count


def _add_fault(faults: dict[str, NDArray[np.bool_]], code: str, unread: pl.Series, which: Any) -> None:
    if which.any():
        mask = unread.to_numpy().copy()
        mask[mask] = which.to_numpy()
        faults[code] = mask
