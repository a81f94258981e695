"""Texts and Arrow values to the values of a column's declared kind, strictly: what does not fit is named, not guessed.

White space around a text does not count, and a blank text is a missing value, as it is for the model's inputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import MAX_INTEGER, Column, Kind
from sevenfold.plan.data import DataSection
from sevenfold.tables.moments import EARLIEST, LATEST, names_offset, parse_moments

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

__all__ = ["Parsed", "arrow_type", "parse_arrow", "parse_floats", "parse_texts"]

NUMBER: Final = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
INTEGER: Final = r"[+-]?\d+"
NONFINITE: Final = r"(?i)[+-]?(inf|infinity|nan)"


@dataclass
class Parsed:
    """A column's values, Arrow of `arrow_type`, null where missing or bad.

    `faults` holds per code a bool mask of shape ``[n]``; the masks do not overlap. `trimmed` counts texts that had
    white space around.
    """

    values: pa.Array
    faults: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    trimmed: int = 0
    offsets: frozenset[bool] = frozenset()  # of dates: whether texts say their offset from UTC


def arrow_type(kind: Kind) -> pa.DataType:
    """Return the Arrow type that a column of a kind is stored as; categories as a dictionary."""
    import pyarrow as pa

    return {
        Kind.NUMBER: pa.float64(),
        Kind.INTEGER: pa.int64(),
        Kind.BOOLEAN: pa.bool_(),
        Kind.CATEGORY: pa.dictionary(pa.int32(), pa.string()),
        Kind.DATETIME: pa.timestamp("us", tz="UTC"),
    }[kind]


def parse_texts(texts: pl.Series, column: Column, data: DataSection) -> Parsed:
    """Parse texts of any kind of column.

    Codes: ``not_a_number``, ``float_range``, ``nonfinite``, ``not_an_integer``, ``int_range``, ``not_a_boolean``,
    ``not_a_date``, ``date_range``, and those of the column's own limits.
    """
    if column.kind is Kind.NUMBER:
        parsed = _floats(texts, data)
    elif column.kind is Kind.INTEGER:
        parsed = _integers(texts, data)
    else:
        parsed = _by_distinct(texts.to_arrow(), column, data)
    return _limited(parsed, column)


def parse_floats(values: pl.Series, column: Column) -> Parsed | None:
    """Take numbers that the CSV reader parsed; None where their texts must be seen to tell what is wrong."""
    import polars as pl

    if values.dtype == pl.Float64 and not values.is_finite().all():
        return None
    if values.dtype == pl.Int64 and not ((values >= -MAX_INTEGER) & (values <= MAX_INTEGER)).all():
        return None
    return _limited(Parsed(values.to_arrow()), column)


def parse_arrow(values: pa.Array, column: Column, data: DataSection, name: str) -> Parsed:
    """Take values of a Parquet column, or parse them where they are texts.

    Raises:
        DataError: ``unsupported_type`` where the column's type cannot be read as the declared kind.
    """
    import polars as pl
    import pyarrow as pa

    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    kind = values.type
    if pa.types.is_null(kind):
        return _limited(Parsed(pa.nulls(len(values), arrow_type(column.kind))), column)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        texts = pl.Series(name, values).fill_null("")
        return parse_texts(texts, column, data)
    take = _TAKERS.get(column.kind)
    try:
        parsed = take(values, kind) if take else None
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        parsed = None
    if parsed is None:
        raise DataError(
            "unsupported_type",
            f"The column {name!r} is declared {column.kind.value}, but the file holds {kind}.",
            remedy="Change its kind in data.columns, or leave it out with role: ignore.",
        )
    return _limited(parsed, column)


def _floats(texts: pl.Series, data: DataSection) -> Parsed:
    import polars as pl

    plain, missing, trimmed = _plain(texts, data)
    if data.thousands:
        plain = _grouped(plain, data)
    if data.decimal == ",":
        # a point is no decimal sign here: make what has one unreadable
        plain = plain.str.replace_all(".", "x", literal=True).str.replace(",", ".", literal=True)
    values = plain.cast(pl.Float64, strict=False)
    unread = (values.is_null() | ~values.is_finite().fill_null(False)) & ~missing
    faults: dict[str, NDArray[np.bool_]] = {}
    if unread.any():
        odd = plain.filter(unread)
        number, nonfinite = odd.str.contains(f"^{NUMBER}$"), odd.str.contains(f"^{NONFINITE}$")
        _fault(faults, "float_range", unread, number)
        _fault(faults, "nonfinite", unread, nonfinite)
        _fault(faults, "not_a_number", unread, ~number & ~nonfinite)
        values = values.set(unread, None)
    return Parsed(values.set(missing, None).to_arrow(), faults, trimmed)


def _integers(texts: pl.Series, data: DataSection) -> Parsed:
    import polars as pl

    plain, missing, trimmed = _plain(texts, data)
    if data.thousands:
        plain = _grouped(plain, data)
    values = plain.cast(pl.Int64, strict=False)
    large = ((values > MAX_INTEGER) | (values < -MAX_INTEGER)).fill_null(False)
    unread = (values.is_null() | large) & ~missing
    faults: dict[str, NDArray[np.bool_]] = {}
    if unread.any():
        whole = plain.filter(unread).str.contains(f"^{INTEGER}$")
        _fault(faults, "int_range", unread, whole)
        _fault(faults, "not_an_integer", unread, ~whole)
        values = values.set(unread, None)
    return Parsed(values.set(missing, None).to_arrow(), faults, trimmed)


def _plain(texts: pl.Series, data: DataSection) -> tuple[pl.Series, pl.Series, int]:
    """Return trimmed texts, which of them are missing, and how many were trimmed."""
    plain = texts.str.strip_chars()
    trimmed = int((plain.str.len_bytes() != texts.str.len_bytes()).sum())
    return plain, plain.is_in(["", *(token.strip() for token in data.missing)]), trimmed


def _grouped(plain: pl.Series, data: DataSection) -> pl.Series:
    """Take the thousands separators out of texts that have them in the right places; the others stay unreadable."""
    sign = re.escape(data.thousands)
    grouped = plain.str.contains(rf"^[+-]?\d{{1,3}}({sign}\d{{3}})+({re.escape(data.decimal)}\d*)?$")
    return plain.str.replace_all(data.thousands, "", literal=True).zip_with(grouped, plain)


def _fault(faults: dict[str, NDArray[np.bool_]], code: str, unread: pl.Series, which: pl.Series) -> None:
    if which.any():
        mask = unread.to_numpy().copy()
        mask[mask] = which.to_numpy()
        faults[code] = mask


def _by_distinct(texts: pa.Array, column: Column, data: DataSection) -> Parsed:
    """Parse each distinct text once: categories, booleans, dates."""
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(texts.cast(pa.string()), null_encoding="encode")
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    raw = encoded.dictionary
    plain = pc.utf8_trim_whitespace(raw.fill_null(""))
    tokens = pa.array(["", *(token.strip() for token in data.missing)], pa.string())
    missing = pc.is_in(plain, value_set=tokens).to_numpy(zero_copy_only=False)
    changed = pc.not_equal(plain, raw).fill_null(False).to_numpy(zero_copy_only=False)
    trimmed = int(changed[codes].sum()) if len(codes) and changed.any() else 0
    if column.kind is Kind.CATEGORY:
        return Parsed(_categories(plain, missing, codes), trimmed=trimmed)
    if column.kind is Kind.BOOLEAN:
        values: NDArray[Any]
        values, bad = _booleans(plain, column)
        named = {"not_a_boolean": bad & ~missing}
        offsets: frozenset[bool] = frozenset()
    else:
        values, named, offsets = _moments(plain, missing, column)
    unknown = missing.copy()
    for mask in named.values():
        unknown |= mask
    distinct = pa.array(values, arrow_type(column.kind), mask=unknown) if len(values) else None
    out = distinct.take(pa.array(codes)) if distinct is not None else pa.array([], arrow_type(column.kind))
    faults = {code: mask[codes] for code, mask in named.items() if mask.any()}
    return Parsed(out, faults, trimmed, offsets)


def _categories(plain: pa.Array, missing: NDArray[np.bool_], codes: NDArray[np.int32]) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    # trimming may have made two texts equal, and what means missing is no level
    again = pc.dictionary_encode(pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), plain))
    if not len(plain):
        return pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), pa.array([], pa.string()))
    return pa.DictionaryArray.from_arrays(again.indices.take(pa.array(codes)), again.dictionary)


def _booleans(plain: pa.Array, column: Column) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    texts = plain.to_pylist()
    true, false = set(column.true_values), set(column.false_values)
    values = np.array([text in true for text in texts], dtype=bool)
    bad = np.array([text not in true and text not in false for text in texts], dtype=bool)
    return values, bad


def _moments(
    plain: pa.Array, missing: NDArray[np.bool_], column: Column
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.bool_]], frozenset[bool]]:
    texts = plain.to_pylist()
    moments, _, bad = parse_moments(texts, column.date_format)
    bad &= ~missing
    outside = bad & ((moments < EARLIEST) | (moments > LATEST))
    offsets: frozenset[bool] = frozenset()
    if not column.date_format:
        read = ~bad & ~missing
        offsets = frozenset(names_offset(text) for text, ok in zip(texts, read, strict=True) if ok)
    return moments, {"date_range": outside, "not_a_date": bad & ~outside}, offsets


def _take_number(values: pa.Array, kind: pa.DataType) -> Parsed | None:
    import pyarrow as pa

    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        return None
    numbers = values.cast(pa.float64(), safe=False)
    floats = numbers.to_numpy(zero_copy_only=False)
    infinite = np.isinf(floats)
    out = pa.array(floats, mask=~np.isfinite(floats))
    return Parsed(out, {"nonfinite": infinite} if infinite.any() else {})


def _take_integer(values: pa.Array, kind: pa.DataType) -> Parsed | None:
    import pyarrow as pa

    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        return None
    floats = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    missing = np.isnan(floats)
    with np.errstate(invalid="ignore"):
        part = ~missing & (floats != np.floor(floats))
        large = ~missing & (np.abs(floats) > MAX_INTEGER)
    if pa.types.is_integer(kind):  # 2^53 + 1 would be 2^53 as a float
        exact = values.fill_null(0).to_numpy(zero_copy_only=False)
        large |= (exact > MAX_INTEGER) | (exact < -MAX_INTEGER)
    unusable = missing | part | large
    whole = np.where(unusable, 0, floats).astype(np.int64)
    faults = {"int_range": large, "not_an_integer": part & ~large}
    return Parsed(pa.array(whole, mask=unusable), {code: mask for code, mask in faults.items() if mask.any()})


def _take_boolean(values: pa.Array, kind: pa.DataType) -> Parsed | None:
    import pyarrow as pa

    if pa.types.is_boolean(kind):
        return Parsed(values)
    number = _take_number(values, kind)
    if number is None:
        return None
    floats = number.values.to_numpy(zero_copy_only=False)
    odd = ~np.isnan(floats) & (floats != 0) & (floats != 1)
    odd |= number.faults.get("nonfinite", False)
    return Parsed(pa.array(floats == 1, mask=np.isnan(floats) | odd), {"not_a_boolean": odd} if odd.any() else {})


def _take_category(values: pa.Array, kind: pa.DataType) -> Parsed | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_floating(kind)):
        return None
    if pa.types.is_floating(kind):
        floats = values.to_numpy(zero_copy_only=False)
        texts = pa.array([None if value != value else _number_text(value) for value in floats.tolist()], pa.string())
    else:
        texts = values.cast(pa.string())
    return Parsed(pc.dictionary_encode(texts))


def _number_text(value: float) -> str:
    # pandas turns whole numbers with gaps into floats: 7.0 was the code 7
    return str(int(value)) if value == int(value if abs(value) < 1e300 else 0) else repr(value)


def _take_moment(values: pa.Array, kind: pa.DataType) -> Parsed | None:
    import pyarrow as pa

    if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        return None
    micros = values.cast(
        pa.timestamp("us", tz=kind.tz) if pa.types.is_timestamp(kind) else pa.timestamp("us"), safe=False
    )
    missing = np.asarray(values.is_null())
    moments = micros.fill_null(0).cast(pa.int64()).to_numpy(zero_copy_only=False)
    outside = ~missing & ((moments < EARLIEST) | (moments > LATEST))
    out = pa.array(moments, mask=missing | outside).cast(pa.timestamp("us", tz="UTC"))
    return Parsed(out, {"date_range": outside} if outside.any() else {})


_TAKERS: Final[dict[Kind, Any]] = {
    Kind.NUMBER: _take_number,
    Kind.INTEGER: _take_integer,
    Kind.BOOLEAN: _take_boolean,
    Kind.CATEGORY: _take_category,
    Kind.DATETIME: _take_moment,
}


def _limited(parsed: Parsed, column: Column) -> Parsed:
    """Add the faults of the column's own rules: not nullable, range, categories."""
    import pyarrow.compute as pc

    bad = _any(parsed.faults.values(), len(parsed.values))
    if not column.nullable:
        absent = np.asarray(parsed.values.is_null()) & ~bad
        if absent.any():
            parsed.faults["missing_value"] = absent
    if column.range is not None and column.kind in (Kind.NUMBER, Kind.INTEGER):
        low, high = column.range
        inside = pc.and_(pc.greater_equal(parsed.values, low), pc.less_equal(parsed.values, high))
        outside = ~np.asarray(inside.fill_null(True))
        if outside.any():
            parsed.faults["out_of_range"] = outside
    if column.categories is not None and column.kind is Kind.CATEGORY:
        known = {*column.categories, None}
        strange = np.array([level not in known for level in parsed.values.dictionary.to_pylist()], dtype=bool)
        if strange.any():
            codes = parsed.values.indices.fill_null(-1).to_numpy(zero_copy_only=False)
            parsed.faults["unknown_category"] = np.append(strange, False)[codes]
    return parsed


def _any(masks: Iterable[NDArray[np.bool_]], count: int) -> NDArray[np.bool_]:
    found = np.zeros(count, dtype=bool)
    for mask in masks:
        found |= mask
    return found
