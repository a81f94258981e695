"""Read and check the values of one column: which numbers, texts and dates are allowed, and the error for any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import InputError
from sevenfold.contracts.schema import MAX_INTEGER, Column, Kind, Notation
from sevenfold.contracts.signature import MISSING
from sevenfold.tables.moment_formats import takes_numbers
from sevenfold.tables.moments import EARLIEST, LATEST, parse_moment
from sevenfold.tables.numerals import parse_number

__all__ = [
    "EXPECTED",
    "READERS",
    "Feeds",
    "integer_rule",
    "put_moments",
    "put_numbers",
    "put_texts",
]

Feeds = dict[str, NDArray[Any]]

SHOWN: Final = 64  # characters of a value that an error repeats
INF: Final = float("inf")
_NUMBERS: Final = frozenset((float, int, type(None)))


def _read_numbers(
    feeds: Feeds, name: str, column: Column, values: list[Any], notation: Notation, _max_text: int
) -> None:
    if notation.missing_numbers:
        values = [None if _equals(value, notation.missing_numbers) else value for value in values]
    if len(values) == 1 and type(values[0]) is float and -INF < values[0] < INF and column.kind is Kind.NUMBER:
        feeds[name] = np.array(values)
        return
    kinds = set(map(type, values))
    if not kinds <= _NUMBERS:
        values = [_number(name, column, value, notation) for value in values]
    if int in kinds:
        for value in values:
            if type(value) is int and not -MAX_INTEGER <= value <= MAX_INTEGER:
                raise InputError("integer_range", integer_rule(name), field=name)
    if not column.nullable and None in values:
        raise _missing(name)
    finite = INF not in values and -INF not in values
    put_numbers(feeds, name, column, np.array(values, dtype=np.float64), finite=finite)  # None becomes NaN


def _present(value: Any, notation: Notation) -> Any:
    """Return None for a text or a number that means a missing value, else the value."""
    missing = value.strip() in notation.tokens if isinstance(value, str) else _equals(value, notation.missing_numbers)
    return None if missing else value


def _equals(value: Any, numbers: tuple[float, ...]) -> bool:
    return isinstance(value, float | int | np.number) and not isinstance(value, bool) and value in numbers


def _number(name: str, column: Column, value: Any, notation: Notation) -> Any:
    if value is None or type(value) in (float, int):
        return value
    if isinstance(value, str):
        return _text_number(name, column, value, notation)
    if isinstance(value, np.floating | np.integer):
        return value.item()
    raise _wrong(name, column, value)


_CODES: Final = {"int_range": "integer_range", "float_range": "nonfinite", "nonfinite": "nonfinite"}


def _text_number(name: str, column: Column, text: str, notation: Notation) -> float | None:
    """Return the number that a text is in the table's notation."""
    try:
        return parse_number(text, column, notation)
    except InputError as error:
        code = _CODES.get(error.code, "wrong_type")
        raise InputError(
            code, f"{name!r} must hold {EXPECTED[column.kind]}, but got {_shown(column, text)}.", field=name
        ) from None


def _read_booleans(
    feeds: Feeds, name: str, column: Column, values: list[Any], notation: Notation, _max_text: int
) -> None:
    numbers = [_boolean(name, column, _present(value, notation)) for value in values]
    put_numbers(feeds, name, column, np.array(numbers, dtype=np.float64))


def _boolean(name: str, column: Column, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if text in column.true_values:
            return 1.0
        if text in column.false_values:
            return 0.0
    elif isinstance(value, bool | int | float | np.bool_ | np.integer | np.floating):
        if value in (0, 1):
            return float(value)
        if value != value:
            return None
    raise _wrong(name, column, value)


def _read_texts(feeds: Feeds, name: str, column: Column, values: list[Any], notation: Notation, max_text: int) -> None:
    try:
        whole = "".join(values)
        plain = whole.isascii() and len(whole) <= max_text and "\0" not in whole
    except TypeError:
        plain = False
    texts = list(map(str.strip, values)) if plain else [_text(name, column, value, max_text) for value in values]
    if not notation.tokens.isdisjoint(texts):
        texts = ["" if text in notation.tokens else text for text in texts]
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    put_texts(feeds, name, column, array)


def _text(name: str, column: Column, value: Any, max_text: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(name, column, value)
    if len(value) > max_text:
        raise InputError(
            "too_long", f"{name!r} must have at most {max_text} characters, but got {len(value)}.", field=name
        )
    if "\0" in value:
        raise InputError("encoding", f"{name!r} must be text, but holds a NUL, which no table holds.", field=name)
    if not value.isascii():
        _require_unicode(name, value)
    return value.strip()


def _require_unicode(name: str, value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        # not chained: the cause would repeat the value
        raise InputError(
            "encoding", f"{name!r} must be Unicode text, but holds half of a surrogate pair.", field=name
        ) from None


def _read_moments(
    feeds: Feeds, name: str, column: Column, values: list[Any], notation: Notation, _max_text: int
) -> None:
    moments = np.zeros(len(values), dtype=np.int64)
    missing = np.zeros(len(values), dtype=np.bool_)
    in_digits = takes_numbers(column.date_format)
    for index, value in enumerate(values):
        if value is None or (isinstance(value, str) and value.strip() in notation.tokens):
            missing[index] = True
        elif isinstance(value, str):
            moments[index] = _moment(name, column, value)
        elif in_digits and type(value) in (int, float):
            if value != value or _equals(value, notation.missing_numbers):
                missing[index] = True
            else:
                moments[index] = _moment(name, column, _digits(value))
        elif isinstance(value, np.integer) and EARLIEST <= value <= LATEST:
            moments[index] = value
        else:
            raise _wrong(name, column, value)
    put_moments(feeds, name, column, moments, missing)


def _digits(value: int | float) -> str:
    """Return a number as the table would write it, for a moment that is written in digits."""
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else repr(value)


def _moment(name: str, column: Column, text: str) -> int:
    try:
        return parse_moment(text, column.date_format, column.time_zone)
    except InputError as error:
        shown = f"a text of {len(text)} character{'s' * (len(text) != 1)}" if column.sensitive else repr(text[:SHOWN])
        rule = EXPECTED[Kind.DATETIME] + (f" with the format {column.date_format!r}" if column.date_format else "")
        raise InputError(
            error.code, f"{name!r} must hold {rule}, but got {shown}.", field=name, remedy=error.remedy
        ) from None


def put_numbers(feeds: Feeds, name: str, column: Column, numbers: NDArray[np.float64], *, finite: bool = False) -> None:
    """Check and add a feed of numbers; `finite` says that none is infinite."""
    if not finite and np.isinf(numbers).any():
        raise InputError("nonfinite", f"{name!r} must hold finite numbers, but got an infinity.", field=name)
    if column.kind is Kind.INTEGER:
        _require_whole(name, numbers)
    elif column.kind is Kind.BOOLEAN and not ((numbers == 0) | (numbers == 1) | np.isnan(numbers)).all():
        raise InputError(
            "wrong_type", f"{name!r} must hold {EXPECTED[Kind.BOOLEAN]}, but got other numbers.", field=name
        )
    if not column.nullable and np.isnan(numbers).any():
        raise _missing(name)
    feeds[name] = numbers


def _require_whole(name: str, numbers: NDArray[np.float64]) -> None:
    if len(numbers) == 1:
        value = float(numbers[0])
        good = value != value or (value.is_integer() and abs(value) <= MAX_INTEGER)
    else:
        present = numbers[~np.isnan(numbers)]
        good = bool((np.trunc(present) == present).all() and (np.abs(present) <= MAX_INTEGER).all())
    if not good:
        raise InputError("not_whole", f"{name!r} must hold whole numbers up to 2^53.", field=name)


def put_texts(feeds: Feeds, name: str, column: Column, texts: NDArray[np.object_]) -> None:
    """Check and add a feed of texts."""
    if not column.nullable and "" in texts.tolist():
        raise _missing(name)
    feeds[name] = texts


def put_moments(
    feeds: Feeds, name: str, column: Column, moments: NDArray[np.int64], missing: NDArray[np.bool_]
) -> None:
    """Check and add the two feeds of a datetime."""
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
        "wrong_type", f"{name!r} must hold {EXPECTED[column.kind]}, but got {_shown(column, value)}.", field=name
    )


def _shown(column: Column, value: Any) -> str:
    if column.sensitive or not isinstance(value, str | bool | float):
        return f"a value of type {type(value).__name__}"
    return repr(value[:SHOWN] if isinstance(value, str) else value)


def integer_rule(name: str) -> str:
    """Return the sentence on integers that a float64 cannot hold."""
    return f"{name!r} must hold integers between -2^53 and 2^53, but got a larger one."


EXPECTED: Final[Mapping[Kind, str]] = {
    Kind.NUMBER: "a number",
    Kind.INTEGER: "a whole number",
    Kind.BOOLEAN: "true or false",
    Kind.CATEGORY: "a text",
    Kind.DATETIME: "a date",
}
READERS: Final[Mapping[Kind, Callable[[Feeds, str, Column, list[Any], Notation, int], None]]] = {
    Kind.NUMBER: _read_numbers,
    Kind.INTEGER: _read_numbers,
    Kind.BOOLEAN: _read_booleans,
    Kind.CATEGORY: _read_texts,
    Kind.DATETIME: _read_moments,
}
