"""Texts to the values of a column's declared kind, strictly: what does not fit is named, not guessed.

White space around a text does not count, and a blank text is a missing value, as it is for the model's inputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Column, Kind, Notation
from sevenfold.tables.distinct import DistinctTexts
from sevenfold.tables.masked import masked
from sevenfold.tables.moment_formats import COMPACT, EPOCHS, MOST_MILLISECONDS, SECONDS
from sevenfold.tables.moments import EARLIEST, LATEST, localize, names_offset, parse_moments
from sevenfold.tables.numerals import means_missing, parse_integers, parse_numbers
from sevenfold.tables.parsed import Parsed, arrow_type, with_limits
from sevenfold.tables.usable import all_usable

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

__all__ = ["parse_distinct", "parse_floats", "parse_texts"]

SAMPLE: Final = 1_000
# ISO 8601 as tables have it mostly: (length, pattern, format, whether it says its offset from UTC)
_DAY: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_COMMON: Final = (
    (10, f"^{_DAY}$", "%Y-%m-%d", False),
    (16, f"^{_DAY} [0-9]{{2}}:[0-9]{{2}}$", "%Y-%m-%d %H:%M", False),
    (19, f"^{_DAY} [0-9]{{2}}:[0-9]{{2}}:[0-5][0-9]$", "%Y-%m-%d %H:%M:%S", False),
    (19, f"^{_DAY}T[0-9]{{2}}:[0-9]{{2}}:[0-5][0-9]$", "%Y-%m-%dT%H:%M:%S", False),
    (20, f"^{_DAY}T[0-9]{{2}}:[0-9]{{2}}:[0-5][0-9]Z$", "%Y-%m-%dT%H:%M:%SZ", True),
)


def parse_texts(texts: pl.Series, column: Column, notation: Notation) -> Parsed:
    """Parse texts of any kind of column; a null is a blank text.

    Codes: ``not_a_number``, ``float_range``, ``nonfinite``, ``not_an_integer``, ``int_range``, ``not_a_boolean``,
    ``not_a_date``, ``date_range``, ``ambiguous_time``, ``missing_time``, and those of the column's own limits.
    """
    import polars as pl

    if isinstance(texts.dtype, pl.Categorical):
        return parse_distinct(DistinctTexts.of(texts), column, notation)
    if texts.null_count():
        texts = texts.fill_null("")
    if column.kind is Kind.NUMBER:
        parsed = parse_numbers(texts, notation, column.symbols)
    elif column.kind is Kind.INTEGER:
        parsed = parse_integers(texts, notation, column.symbols)
    else:
        at_once = _moments_at_once(texts, column, notation)
        if at_once is None:
            return parse_distinct(DistinctTexts.of(texts), column, notation)
        parsed = at_once
    return with_limits(parsed, column)


def parse_floats(values: pl.Series, column: Column, notation: Notation) -> Parsed | None:
    """Take numbers that the CSV reader parsed; None where only their texts can say what is wrong."""
    if notation.missing_numbers:
        values = values.set(means_missing(values, notation), None)
    numbers = values.to_arrow()
    return with_limits(Parsed(numbers), column) if all_usable(numbers) else None


def _moments_at_once(texts: pl.Series, column: Column, notation: Notation) -> Parsed | None:
    """Parse moments of one common form that are nearly all different; None for all else."""
    import polars as pl
    import pyarrow as pa

    some = texts.head(SAMPLE)
    at_once = not column.date_format or column.date_format in EPOCHS or column.date_format in COMPACT
    if column.kind is not Kind.DATETIME or not at_once or len(some) < SAMPLE or some.n_unique() < SAMPLE / 2:
        return None
    plain = texts.fill_null("")
    missing = plain.is_in(notation.tokens).to_numpy()
    common = _common_moments(plain, missing, column.date_format)
    if common is None:
        return None
    moments, faults, offsets = _as_declared(*common, missing, column)
    absent = np.logical_or.reduce([missing, *faults.values()])
    values = pl.Series(moments).set(pl.Series(absent, dtype=pl.Boolean), None).to_arrow()
    return Parsed(values.cast(pa.timestamp("us", tz="UTC")), faults, 0, offsets)


def parse_distinct(texts: DistinctTexts, column: Column, notation: Notation) -> Parsed:
    """Parse each distinct text once: categories, booleans, dates. Codes as `parse_texts`.

    Values go to numpy by way of Polars, since Arrow's scalars, lists and `to_numpy` import pandas.
    """
    import polars as pl
    import pyarrow as pa
    import pyarrow.compute as pc

    raw, codes = texts.levels, texts.codes
    plain = pc.utf8_trim_whitespace(raw)
    tokens = pl.Series(sorted(notation.tokens), dtype=pl.String).to_arrow().cast(pa.string())
    missing = pl.Series(pc.is_in(plain, value_set=tokens)).to_numpy()
    changed = pl.Series(pc.not_equal(plain, raw)).to_numpy()
    trimmed = int(changed[codes].sum()) if len(codes) and changed.any() else 0
    values: Any
    if column.kind is Kind.CATEGORY:
        nul = pl.Series(pc.match_substring(plain, "\0")).to_numpy()  # a CSV cannot hold it, and a request must not
        named_levels = pc.if_else(masked(missing | nul), pa.nulls(len(plain), pa.string()), plain)
        faults = {"encoding": nul[codes]} if nul.any() else {}
        return with_limits(Parsed(texts.renamed(named_levels), faults, trimmed), column)
    if column.kind is Kind.BOOLEAN:
        values, bad = _booleans(plain, column)
        named = {"not_a_boolean": bad & ~missing}
        offsets: frozenset[bool] = frozenset()
    else:
        values, named, offsets = _moments(plain, missing, column)
    unknown = missing.copy()
    for mask in named.values():
        unknown |= mask
    out = masked(values, unknown).cast(arrow_type(column.kind)).take(masked(codes))
    faults = {code: mask[codes] for code, mask in named.items() if mask.any()}
    return with_limits(Parsed(out, faults, trimmed, offsets), column)


def _booleans(plain: pa.Array, column: Column) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    import polars as pl

    texts = pl.Series(plain).to_list()
    true, false = set(column.true_values), set(column.false_values)
    values = np.array([text in true for text in texts], dtype=bool)
    bad = np.array([text not in true and text not in false for text in texts], dtype=bool)
    return values, bad


def _moments(
    plain: pa.Array, missing: NDArray[np.bool_], column: Column
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.bool_]], frozenset[bool]]:
    import polars as pl

    common = _common_moments(plain, missing, column.date_format)
    if common is not None:
        return _as_declared(*common, missing, column)
    texts = pl.Series(plain).set(pl.Series(missing, dtype=pl.Boolean), "").to_list()
    moments, _, faults = parse_moments(texts, column.date_format, column.time_zone)
    faults = {_CODES.get(code, code): mask for code, mask in faults.items()}
    if column.date_format or column.time_zone:
        return moments, faults, frozenset()  # every text names its moment, with an offset or without
    bad = np.logical_or.reduce([missing, *faults.values()])
    return moments, faults, frozenset(names_offset(text) for text, ok in zip(texts, ~bad, strict=True) if ok)


_CODES: Final = {"not_a_moment": "not_a_date"}


def _as_declared(
    moments: NDArray[np.int64], says_offset: bool, missing: NDArray[np.bool_], column: Column
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.bool_]], frozenset[bool]]:
    """Return moments of one common form, local times among them in the column's zone."""
    if not column.time_zone:
        return moments, {}, frozenset() if column.date_format else frozenset({says_offset})
    if says_offset:
        return moments, {}, frozenset()
    moments, ambiguous, skipped = localize(moments, column.time_zone)
    outside = (moments < EARLIEST) | (moments > LATEST)
    faults = {"ambiguous_time": ambiguous, "missing_time": skipped, "date_range": outside}
    return moments, {code: mask & ~missing for code, mask in faults.items() if (mask & ~missing).any()}, frozenset()


def _common_moments(
    plain: pa.Array | pl.Series, missing: NDArray[np.bool_], date_format: str
) -> tuple[NDArray[np.int64], bool] | None:
    """Return the moments of texts that all have one common form, and whether it says the offset from UTC; else None."""
    import polars as pl

    if date_format and date_format not in EPOCHS and date_format not in COMPACT:
        return None
    texts = pl.Series(plain).set(pl.Series(missing, dtype=pl.Boolean), None)
    if date_format and texts.str.contains(".", literal=True).any():
        texts = texts.str.replace(r"\.0+$", "")
    if date_format in EPOCHS:
        return _counts(texts, date_format)
    lengths = texts.str.len_bytes()
    if lengths.min() is None or lengths.min() != lengths.max():
        return None
    digits = COMPACT.get(date_format, 0)
    for length, pattern, form, says_offset in ((digits, "^[0-9]+$", date_format, False),) if digits else _COMMON:
        if length != lengths.max() or not texts.str.contains(pattern).all():
            continue
        moments = texts.str.to_datetime(form, strict=False, time_unit="us")
        if moments.null_count() == texts.null_count() and moments.dt.year().is_between(1678, 2261).all():
            return moments.cast(pl.Int64).fill_null(0).to_numpy(), says_offset
    return None


def _counts(texts: pl.Series, date_format: str) -> tuple[NDArray[np.int64], bool] | None:
    """Return the moments of counts since 1970, which leave nothing open; None where any text is another one."""
    import polars as pl

    if texts.null_count() == len(texts):
        return None
    counts: NDArray[np.int64]
    parts: NDArray[np.int64] = np.zeros(1, dtype=np.int64)
    if texts.str.contains("^[0-9]{1,16}$").all():
        counts = texts.cast(pl.Int64).fill_null(0).to_numpy()
    elif date_format == SECONDS and texts.str.contains(r"^[0-9]{1,16}(?:\.[0-9]+)?$").all():
        counts = texts.str.extract("^([0-9]+)").cast(pl.Int64).fill_null(0).to_numpy()
        micros = texts.str.extract(r"\.([0-9]+)$").fill_null("").str.pad_end(6, "0").str.slice(0, 6)
        parts = micros.cast(pl.Int64).to_numpy()
    else:
        return None
    if date_format == SECONDS:
        return (counts * 1_000_000 + parts, True) if counts.max() <= LATEST // 1_000_000 else None
    moments: NDArray[np.int64] = np.where(counts < MOST_MILLISECONDS, counts * 1_000, counts)
    return (moments, True) if moments.max() <= LATEST else None
