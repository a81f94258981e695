"""Columns of a Parquet file to the values of their declared kinds, as strictly as texts are parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import MAX_INTEGER, Column, Kind, Notation
from sevenfold.tables.distinct import DistinctTexts
from sevenfold.tables.masked import masked
from sevenfold.tables.moment_formats import takes_numbers
from sevenfold.tables.moments import EARLIEST, LATEST, localize
from sevenfold.tables.numerals import means_missing
from sevenfold.tables.parse import parse_distinct, parse_texts
from sevenfold.tables.parsed import Parsed, arrow_type, with_limits
from sevenfold.tables.usable import all_usable

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

__all__ = ["POLARS_DIGITS", "parse_arrow"]

POLARS_DIGITS: Final = 38  # of a decimal; longer ones go by their texts


def parse_arrow(values: pa.Array, column: Column, notation: Notation, name: str) -> Parsed:
    """Take values of a Parquet column, or parse them where they are texts.

    Dates and timestamps without a time zone are local times of the column's `time_zone`, where it has one.

    Raises:
        DataError: ``unsupported_type`` where the column's type cannot be read as the declared kind.
    """
    import polars as pl
    import pyarrow as pa

    if pa.types.is_dictionary(values.type):
        if column.kind in (Kind.CATEGORY, Kind.BOOLEAN) and _is_text(values.type.value_type):
            return parse_distinct(DistinctTexts.of_dictionary(values), column, notation)
        values = values.dictionary_decode()
    kind = values.type
    if pa.types.is_null(kind):
        return with_limits(Parsed(pa.nulls(len(values), arrow_type(column.kind))), column)
    if _is_text(kind):
        return parse_texts(pl.Series(name, values), column, notation)
    if column.kind is Kind.DATETIME and takes_numbers(column.date_format) and _is_number(kind):
        return parse_texts(_digits(values, name, notation), column, notation)
    convert = _CONVERTERS.get(column.kind)
    try:
        parsed = convert(values, kind, notation) if convert else None
        if parsed is not None and column.time_zone and not (pa.types.is_timestamp(kind) and kind.tz):
            parsed = _localized(parsed, column.time_zone)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        parsed = None
    if parsed is None:
        raise DataError(
            "unsupported_type",
            f"The column {name!r} is declared {column.kind.value}, but the file holds {kind}.",
            remedy="Change its kind in data.columns, or leave it out with role: ignore.",
        )
    return with_limits(parsed, column)


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_number(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind))


def _digits(values: pa.Array, name: str, notation: Notation) -> pl.Series:
    """Return numbers as a CSV would hold them, null where they mean a missing value: moments written in digits."""
    import polars as pl

    numbers = pl.Series(name, values)
    if numbers.dtype.is_float():
        numbers = numbers.cast(pl.Float64).fill_nan(None)
    return numbers.cast(pl.String).set(means_missing(numbers, notation), None)


def _floats(values: pa.Array, kind: pa.DataType, notation: Notation) -> NDArray[np.float64] | None:
    """Return numbers as float64, NaN where missing, each the double nearest to it; None where these are no numbers."""
    import polars as pl
    import pyarrow as pa

    if not _is_number(kind):
        return None
    if pa.types.is_decimal(kind):
        # Arrow's own cast of a decimal is off by one unit in the last place for every third number
        exact = pl.Series(values) if kind.precision <= POLARS_DIGITS else pl.Series(values.cast(pa.string()))
        numbers = exact.cast(pl.Float64)
    else:
        numbers = pl.Series(values.cast(pa.float64(), safe=False))
    return numbers.set(means_missing(numbers, notation), None).fill_null(float("nan")).to_numpy()


def _all_fit(values: pa.Array, notation: Notation) -> bool:
    """Whether doubles or int64 are all usable as they are."""
    if notation.missing_numbers:
        return False
    return all_usable(values)


def _from_number(values: pa.Array, kind: pa.DataType, notation: Notation) -> Parsed | None:
    import pyarrow as pa

    if pa.types.is_float64(kind) and _all_fit(values, notation):
        return Parsed(values)
    floats = _floats(values, kind, notation)
    if floats is None:
        return None
    infinite = np.isinf(floats)
    return Parsed(masked(floats, ~np.isfinite(floats)), {"nonfinite": infinite} if infinite.any() else {})


def _from_integer(values: pa.Array, kind: pa.DataType, notation: Notation) -> Parsed | None:
    import pyarrow as pa

    if pa.types.is_int64(kind) and _all_fit(values, notation):
        return Parsed(values)
    floats = _floats(values, kind, notation)
    if floats is None:
        return None
    missing = np.isnan(floats)
    with np.errstate(invalid="ignore"):
        part = ~missing & (floats != np.floor(floats))
        large = ~missing & (np.abs(floats) > MAX_INTEGER)
    if pa.types.is_integer(kind):  # 2^53 + 1 would be 2^53 as a float
        exact = values.fill_null(0).to_numpy(zero_copy_only=False)
        large |= ~missing & ((exact > MAX_INTEGER) | (exact < -MAX_INTEGER))
    unusable = missing | part | large
    whole = np.where(unusable, 0, floats).astype(np.int64)
    faults = {"int_range": large, "not_an_integer": part & ~large}
    return Parsed(masked(whole, unusable), {code: mask for code, mask in faults.items() if mask.any()})


def _from_boolean(values: pa.Array, kind: pa.DataType, notation: Notation) -> Parsed | None:
    import pyarrow as pa

    if pa.types.is_boolean(kind):
        return Parsed(values)
    floats = _floats(values, kind, notation)
    if floats is None:
        return None
    odd = ~np.isnan(floats) & (floats != 0) & (floats != 1)
    return Parsed(masked(floats == 1, np.isnan(floats) | odd), {"not_a_boolean": odd} if odd.any() else {})


def _from_category(values: pa.Array, kind: pa.DataType, notation: Notation) -> Parsed | None:
    import polars as pl
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_boolean(kind):
        return Parsed(pc.dictionary_encode(values.cast(pa.string())))
    floats = _floats(values, kind, notation)
    if floats is None:
        return None
    if not pa.types.is_floating(kind):  # a decimal 1.50 is written as it would be in a CSV
        missing = pl.Series(np.isnan(floats))
        texts = pl.Series(values.cast(pa.string())).set(missing, None)
    else:
        texts = pl.Series(
            [None if value != value else _number_text(value) for value in floats.tolist()], dtype=pl.String
        )
    return Parsed(pc.dictionary_encode(texts.to_arrow().cast(pa.string())))


def _number_text(value: float) -> str:
    # pandas turns whole numbers with gaps into floats: 7.0 was the code 7
    return str(int(value)) if value == int(value if abs(value) < 1e300 else 0) else repr(value)


def _from_moment(values: pa.Array, kind: pa.DataType, notation: Notation) -> Parsed | None:
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


def _localized(parsed: Parsed, time_zone: str) -> Parsed:
    import pyarrow as pa

    absent = np.asarray(parsed.values.is_null())
    moments, ambiguous, skipped = localize(
        parsed.values.fill_null(0).cast(pa.int64()).to_numpy(zero_copy_only=False), time_zone
    )
    outside = (moments < EARLIEST) | (moments > LATEST)
    local = {"ambiguous_time": ambiguous & ~absent, "missing_time": skipped & ~absent, "date_range": outside & ~absent}
    faults = {**parsed.faults}
    for code, mask in local.items():
        if mask.any():
            faults[code] = faults.get(code, False) | mask
    out = pa.array(moments, mask=np.logical_or.reduce([absent, *local.values()]))
    return Parsed(out.cast(pa.timestamp("us", tz="UTC")), faults)


_CONVERTERS: Final[dict[Kind, Any]] = {
    Kind.NUMBER: _from_number,
    Kind.INTEGER: _from_integer,
    Kind.BOOLEAN: _from_boolean,
    Kind.CATEGORY: _from_category,
    Kind.DATETIME: _from_moment,
}
