"""Feeds: the one path from raw values to the inputs of `model.onnx`, for testing, serving and replay alike.

Feeds are a dict from graph input to an array of shape ``[rows]``: float64 with NaN for missing (number, integer,
boolean), str objects with "" for missing (category), int64 microseconds UTC with 0 for missing (datetime) and, under
``<name>:missing``, its bool flag. Columns are found by name, never by position; what the signature does not name is
not looked at. A NaN is a missing number, a blank text a missing category or date, and texts lose white space around.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from sevenfold.contracts.columns import Column, Kind
from sevenfold.contracts.errors import InputError
from sevenfold.contracts.moments import EARLIEST, LATEST, parse_moment

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MAX_INTEGER", "MAX_TEXT", "MISSING", "Feeds", "feeds_from_columns", "feeds_from_rows", "feeds_from_table"]

Feeds = dict[str, NDArray[Any]]

MISSING: Final = ":missing"  # suffix of the input that flags missing datetimes
MAX_TEXT: Final = 65_536  # characters
MAX_INTEGER: Final = 2**53  # a float64 holds every integer up to here
SHOWN: Final = 64  # characters of a value that an error repeats
INF: Final = float("inf")
_NUMBERS: Final = ({float}, {int}, {float, int}, {float, type(None)}, {int, type(None)}, {float, int, type(None)})


def feeds_from_rows(
    rows: Sequence[Mapping[str, Any]], inputs: Mapping[str, Column], *, max_text: int = MAX_TEXT
) -> Feeds:
    """Return the feeds of rows of JSON values, each row a mapping from column name to value.

    A number takes a finite number, an integer a whole one up to 2^53, a boolean true, false, 0, 1 or one of the
    column's texts, a category a text of at most `max_text` characters, a datetime a text that `parse_moment` reads.
    null, and a name that is not there, mean missing.

    Raises:
        InputError: with `field` set: ``missing_value`` (column not nullable), ``wrong_type``, ``integer_range``,
            ``nonfinite``, ``not_whole``, ``too_long``, ``encoding``, ``not_a_moment``, ``date_range``; ``shape`` where
            `rows` is empty or holds something else than mappings.
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
    feeds: Feeds = {}
    for name, column in inputs.items():
        _READERS[column.kind](feeds, name, column, [row.get(name) for row in rows], max_text)
    return feeds


def feeds_from_columns(
    columns: Mapping[str, Sequence[Any] | NDArray[Any]], inputs: Mapping[str, Column], *, max_text: int = MAX_TEXT
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
                "shape", f"All columns must have {length} values, but {name!r} has {len(values)}.", field=name
            )
        length = len(values)
        if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
            _read_array(feeds, name, column, values)
        else:
            _READERS[column.kind](feeds, name, column, list(values), max_text)
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
            texts = pc.fill_null(values.cast(pa.string()), "").to_numpy()
            _put_texts(feeds, name, column, texts.astype(object, copy=False))
        elif kind is Kind.DATETIME:
            if not pa.types.is_temporal(values.type):
                raise pa.ArrowTypeError("no date")
            missing = pc.is_null(values).to_numpy()
            moments = pc.fill_null(values.cast(pa.timestamp("us"), safe=False).cast(pa.int64()), 0).to_numpy()
            _put_moments(feeds, name, column, moments, missing)
        else:
            if not (pa.types.is_boolean(values.type) or _is_number(values.type)):
                raise pa.ArrowTypeError("no number")
            _put_numbers(feeds, name, column, values.cast(pa.float64()).to_numpy())
    except (pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InputError(
            "wrong_type", f"The column {name!r} must hold {_A[kind]}, but holds {values.type}.", field=name
        ) from error
    except pa.ArrowInvalid as error:
        raise InputError("integer_range", _integer_rule(name), field=name) from error


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


def _read_array(feeds: Feeds, name: str, column: Column, values: NDArray[Any]) -> None:
    kind, letter = column.kind, values.dtype.kind
    if kind is Kind.DATETIME and letter == "i":
        _put_moments(feeds, name, column, values.astype(np.int64), np.zeros(len(values), dtype=np.bool_))
        return
    if kind in (Kind.CATEGORY, Kind.DATETIME) or (letter == "b") != (kind is Kind.BOOLEAN and letter == "b"):
        raise InputError("wrong_type", f"{name!r} must hold {_A[kind]}, but got {values.dtype}.", field=name)
    if letter in "iu" and len(values) and (values.max() > MAX_INTEGER or values.min() < -MAX_INTEGER):
        raise InputError("integer_range", _integer_rule(name), field=name)
    _put_numbers(feeds, name, column, values.astype(np.float64))


def _read_numbers(feeds: Feeds, name: str, column: Column, values: list[Any], _max_text: int) -> None:
    kinds = set(map(type, values))
    if kinds not in _NUMBERS:
        values = [_number(name, column, value) for value in values]
    if int in kinds:
        for value in values:
            if type(value) is int and not -MAX_INTEGER <= value <= MAX_INTEGER:
                raise InputError("integer_range", _integer_rule(name), field=name)
    if not column.nullable and None in values:
        raise _missing(name)
    finite = INF not in values and -INF not in values
    _put_numbers(feeds, name, column, np.array(values, dtype=np.float64), finite=finite)  # None becomes NaN


def _number(name: str, column: Column, value: Any) -> Any:
    if value is None or type(value) in (float, int):
        return value
    if isinstance(value, np.floating | np.integer):
        return value.item()
    raise _wrong(name, column, value)


def _read_booleans(feeds: Feeds, name: str, column: Column, values: list[Any], _max_text: int) -> None:
    numbers = [_boolean(name, column, value) for value in values]
    _put_numbers(feeds, name, column, np.array(numbers, dtype=np.float64))


def _boolean(name: str, column: Column, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if text in column.true_values:
            return 1.0
        if text in column.false_values:
            return 0.0
        if not text:
            return None
    elif isinstance(value, bool | int | float | np.bool_ | np.integer | np.floating):
        if value in (0, 1):
            return float(value)
        if value != value:
            return None
    raise _wrong(name, column, value)


def _read_texts(feeds: Feeds, name: str, column: Column, values: list[Any], max_text: int) -> None:
    texts = []
    for value in values:
        if value is None:
            texts.append("")
            continue
        if not isinstance(value, str):
            raise _wrong(name, column, value)
        if len(value) > max_text:
            raise InputError(
                "too_long", f"{name!r} must have at most {max_text} characters, but got {len(value)}.", field=name
            )
        if not value.isascii():
            _require_unicode(name, value)
        texts.append(value.strip())
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    _put_texts(feeds, name, column, array)


def _require_unicode(name: str, value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            "encoding", f"{name!r} must be Unicode text, but holds half of a surrogate pair.", field=name
        ) from error


def _read_moments(feeds: Feeds, name: str, column: Column, values: list[Any], _max_text: int) -> None:
    moments = np.zeros(len(values), dtype=np.int64)
    missing = np.zeros(len(values), dtype=np.bool_)
    for index, value in enumerate(values):
        if value is None or (isinstance(value, str) and (not value or value.isspace())):
            missing[index] = True
        elif isinstance(value, str):
            moments[index] = _moment(name, column, value)
        elif isinstance(value, np.integer) and EARLIEST <= value <= LATEST:
            moments[index] = value
        else:
            raise _wrong(name, column, value)
    _put_moments(feeds, name, column, moments, missing)


def _moment(name: str, column: Column, text: str) -> int:
    try:
        return parse_moment(text, column.date_format)
    except InputError as error:
        said = f"a text of {len(text)} characters" if column.sensitive else repr(text[:SHOWN])
        rule = _A[Kind.DATETIME] + (f" with the format {column.date_format!r}" if column.date_format else "")
        raise InputError(
            error.code, f"{name!r} must hold {rule}, but got {said}.", field=name, remedy=error.remedy
        ) from None


def _put_numbers(
    feeds: Feeds, name: str, column: Column, numbers: NDArray[np.float64], *, finite: bool = False
) -> None:
    if not finite and np.isinf(numbers).any():
        raise InputError("nonfinite", f"{name!r} must hold finite numbers, but got an infinity.", field=name)
    if column.kind is Kind.INTEGER:
        _require_whole(name, numbers)
    if not column.nullable and np.isnan(numbers).any():
        raise _missing(name)
    feeds[name] = numbers


def _require_whole(name: str, numbers: NDArray[np.float64]) -> None:
    for value in numbers.tolist() if len(numbers) == 1 else ():
        if value == value and (not float(value).is_integer() or abs(value) > MAX_INTEGER):
            break
    else:
        if len(numbers) == 1:
            return
        present = numbers[~np.isnan(numbers)]
        if (np.trunc(present) == present).all() and not (np.abs(present) > MAX_INTEGER).any():
            return
    raise InputError("not_whole", f"{name!r} must hold whole numbers up to 2^53.", field=name)


def _put_texts(feeds: Feeds, name: str, column: Column, texts: NDArray[np.object_]) -> None:
    if not column.nullable and "" in texts.tolist():
        raise _missing(name)
    feeds[name] = texts


def _put_moments(
    feeds: Feeds, name: str, column: Column, moments: NDArray[np.int64], missing: NDArray[np.bool_]
) -> None:
    if not column.nullable and missing.any():
        raise _missing(name)
    if len(moments) and not (moments.min() >= EARLIEST and moments.max() <= LATEST):
        raise InputError("date_range", f"{name!r} must hold dates in the years 1678 to 2261.", field=name)
    feeds[name] = moments
    feeds[name + MISSING] = missing


def _missing(name: str) -> InputError:
    return InputError(
        "missing_value",
        f"{name!r} is required, but is missing.",
        field=name,
        remedy="Send a value; in training it was never missing.",
    )


def _wrong(name: str, column: Column, value: Any) -> InputError:
    return InputError(
        "wrong_type", f"{name!r} must hold {_A[column.kind]}, but got {_shown(column, value)}.", field=name
    )


def _shown(column: Column, value: Any) -> str:
    if column.sensitive or not isinstance(value, str | bool | float):
        return f"a value of type {type(value).__name__}"
    return repr(value[:SHOWN] if isinstance(value, str) else value)


def _integer_rule(name: str) -> str:
    return f"{name!r} must hold integers between -2^53 and 2^53, but got a larger one."


_A: Final = {
    Kind.NUMBER: "a number",
    Kind.INTEGER: "a whole number",
    Kind.BOOLEAN: "true or false",
    Kind.CATEGORY: "a text",
    Kind.DATETIME: "a date",
}
_READERS: Final[Mapping[Kind, Callable[[Feeds, str, Column, list[Any], int], None]]] = {
    Kind.NUMBER: _read_numbers,
    Kind.INTEGER: _read_numbers,
    Kind.BOOLEAN: _read_booleans,
    Kind.CATEGORY: _read_texts,
    Kind.DATETIME: _read_moments,
}
