"""Feeds: the one path from raw values to the inputs of `model.onnx`, for testing, serving and replay alike.

Feeds are a dict from graph input to an array of shape ``[rows]``: float64 with NaN for missing (number, integer,
boolean), str objects with "" for missing (category), int64 microseconds UTC with 0 for missing (datetime) and, under
``<name>:missing``, its bool flag. Columns are matched by name, never by position; columns that the signature does
not name are ignored. A NaN is a missing number, a blank text a missing category or date, and texts are stripped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import InputError
from sevenfold.contracts.schema import MAX_INTEGER, Column, Kind, Notation
from sevenfold.scoring.values import (
    EXPECTED,
    READERS,
    Feeds,
    integer_rule,
    put_moments,
    put_numbers,
    put_texts,
)

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MAX_TEXT", "Feeds", "feeds_from_columns", "feeds_from_rows", "feeds_from_table", "require_rows"]

MAX_TEXT: Final = 65_536  # characters


def feeds_from_rows(
    rows: Sequence[Mapping[str, Any]], inputs: Mapping[str, Column], notation: Notation, *, max_text: int = MAX_TEXT
) -> Feeds:
    """Return the feeds of rows of JSON values, each row a mapping from column name to value.

    A number takes a finite number, an integer a whole one up to 2^53, and both a text that the table would have read
    so; a boolean takes true, false, 0, 1 or one of the column's texts, a category a text of at most `max_text`
    characters, a datetime a text that `parse_moment` reads, or the number of its digits where the column's format has
    digits alone. null, a name that is not there, and what means missing in
    the table's `notation`, mean missing.

    Raises:
        InputError: with `field` set: ``missing_value`` (column not nullable), ``wrong_type``, ``integer_range``,
            ``nonfinite``, ``not_whole``, ``too_long``, ``encoding``, ``not_a_moment``, ``date_range``,
            ``missing_time``, ``ambiguous_time``; ``shape`` where `rows` is empty or holds anything but mappings.
    """
    require_rows(rows)
    feeds: Feeds = {}
    for name, column in inputs.items():
        READERS[column.kind](feeds, name, column, [row.get(name) for row in rows], notation, max_text)
    return feeds


def require_rows(rows: Sequence[Any]) -> None:
    """Refuse a request without rows, or with a row that is no mapping.

    Raises:
        InputError: ``shape``.
    """
    if not rows:
        raise InputError("shape", "A request needs at least one row, but got none.")
    for row in rows:
        if type(row) is not dict and not isinstance(row, Mapping):
            raise InputError(
                "shape",
                f"A row must be an object of named values, but got {type(row).__name__}.",
                remedy='Write rows as {"column": value, …}.',
            )


def feeds_from_columns(
    columns: Mapping[str, Sequence[Any] | NDArray[Any]],
    inputs: Mapping[str, Column],
    notation: Notation,
    *,
    max_text: int = MAX_TEXT,
) -> Feeds:
    """Return the feeds of whole columns, each a sequence or an array of shape ``[rows]`` or ``[rows, 1]``.

    Values are as in `feeds_from_rows`; arrays of any float or integer type are numbers, and int64 in a datetime column
    is microseconds since 1970 UTC. Every input must be there, with as many values as the others.

    Raises:
        InputError: as `feeds_from_rows`; ``missing_field``, and ``shape`` for unequal lengths or no rows.
    """
    feeds: Feeds = {}
    length = -1
    for name, column in inputs.items():
        if name not in columns:
            raise InputError("missing_field", f"The column {name!r} must be there, but is not.", field=name)
        values = columns[name]
        if isinstance(values, np.ndarray):
            values = _flat(name, values)
        if length >= 0 and len(values) != length:
            raise InputError(
                "shape", f"All columns must be as long, but {name!r} has {len(values)} instead of {length}.", field=name
            )
        length = len(values)
        if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
            _read_array(feeds, name, column, values, notation)
        else:
            READERS[column.kind](feeds, name, column, list(values), notation, max_text)
    if length == 0:
        raise InputError("shape", "A request needs at least one row, but got none.")
    return feeds


def feeds_from_table(table: pa.Table, inputs: Mapping[str, Column]) -> Feeds:
    """Return the feeds of an Arrow table of refined columns, such as a split of a dataset; it may have no rows.

    Raises:
        InputError: ``missing_field``, ``wrong_type``, ``integer_range``, ``nonfinite`` or ``missing_value``, with
            `field` set.
    """
    feeds: Feeds = {}
    for name, column in inputs.items():
        index = table.schema.get_field_index(name)
        if index < 0:
            raise InputError(
                "missing_field",
                f"The table must have one column {name!r}, but has {table.schema.names.count(name)}.",
                field=name,
            )
        _read_arrow(feeds, name, column, table.column(index))
    return feeds


def _read_arrow(feeds: Feeds, name: str, column: Column, values: pa.ChunkedArray) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.kind
    try:
        if kind is Kind.CATEGORY:
            if not _is_text(values.type):
                raise pa.ArrowTypeError("no text")
            strings = pc.fill_null(values.cast(pa.string()), "")
            if pc.match_substring(strings, "\0").to_numpy().any():
                raise InputError("encoding", f"{name!r} must be text, but holds a NUL.", field=name)
            texts = strings.to_numpy()
            put_texts(feeds, name, column, texts.astype(object, copy=False))
        elif kind is Kind.DATETIME:
            if not pa.types.is_temporal(values.type):
                raise pa.ArrowTypeError("no date")
            missing = pc.is_null(values).to_numpy()
            moments = pc.fill_null(values.cast(pa.timestamp("us"), safe=False).cast(pa.int64()), 0).to_numpy()
            put_moments(feeds, name, column, moments, missing)
        else:
            if not (pa.types.is_boolean(values.type) or _is_number(values.type)):
                raise pa.ArrowTypeError("no number")
            put_numbers(feeds, name, column, values.cast(pa.float64()).to_numpy())
    except (pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InputError(
            "wrong_type", f"The column {name!r} must hold {EXPECTED[kind]}, but holds {values.type}.", field=name
        ) from error
    except pa.ArrowInvalid:
        # not chained: the cause would repeat the value
        raise InputError("integer_range", integer_rule(name), field=name) from None


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(
        pa.types.is_string(inner)
        or pa.types.is_large_string(inner)
        or pa.types.is_string_view(inner)
        or pa.types.is_null(inner)
    )


def _is_number(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind))


def _flat(name: str, values: NDArray[Any]) -> NDArray[Any]:
    if values.ndim == 2 and values.shape[1] == 1:
        return values[:, 0]
    if values.ndim != 1:
        raise InputError(
            "shape", f"The column {name!r} must have shape [rows], but got {list(values.shape)}.", field=name
        )
    return values


def _read_array(feeds: Feeds, name: str, column: Column, values: NDArray[Any], notation: Notation) -> None:
    kind, letter = column.kind, values.dtype.kind
    if kind is Kind.DATETIME and letter == "i":
        put_moments(feeds, name, column, values.astype(np.int64), np.zeros(len(values), dtype=np.bool_))
        return
    if kind in (Kind.CATEGORY, Kind.DATETIME) or (letter == "b" and kind is not Kind.BOOLEAN):
        raise InputError("wrong_type", f"{name!r} must hold {EXPECTED[kind]}, but got {values.dtype}.", field=name)
    if letter in "iu" and len(values) and (values.max() > MAX_INTEGER or values.min() < -MAX_INTEGER):
        raise InputError("integer_range", integer_rule(name), field=name)
    numbers = values.astype(np.float64)
    if notation.missing_numbers:
        numbers[np.isin(numbers, notation.missing_numbers)] = np.nan
    put_numbers(feeds, name, column, numbers)
