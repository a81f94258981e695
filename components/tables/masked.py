"""Between numpy and Arrow without a copy, and without `pyarrow.array` and `to_numpy`, which import pandas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "absent",
    "as_floats",
    "as_numbers",
    "chosen_numbers",
    "joined_numbers",
    "level_codes",
    "masked",
    "plain_numbers",
    "plain_values",
]


def masked(values: NDArray[Any], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """Return numbers or booleans as Arrow, null where missing."""
    import pyarrow as pa

    bits = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little"))
    plain = np.packbits(values, bitorder="little") if values.dtype == np.bool_ else np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [bits, pa.py_buffer(plain)])


def plain_values(numbers: pa.Array) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return numbers as numpy, and which are null, None where none is; a null's number may be any.

    Args:
        numbers: integers or floats of a fixed width, moments as their integers.
    """
    return plain_numbers(numbers), absent(numbers)


def plain_numbers(numbers: pa.Array) -> NDArray[Any]:
    """Return what `plain_values` does, but not which are null."""
    import pyarrow as pa

    kind = np.dtype(np.int64 if pa.types.is_timestamp(numbers.type) else str(numbers.type).replace("double", "float64"))
    data = numbers.buffers()[1]
    values = np.frombuffer(data, dtype=kind) if data is not None else np.zeros(0, dtype=kind)
    plain: NDArray[Any] = values[numbers.offset : numbers.offset + len(numbers)]
    return plain


def joined_numbers(parts: Iterable[pa.Array], count: int, kind: pa.DataType) -> pa.Array:
    """Return arrays of numbers or moments as one; memory holds it and one part, where Arrow's own way holds all.

    Args:
        parts: arrays of one type of 64 bits.
        count: the values in all of them.
        kind: their type.
    """
    values, gaps, start = np.empty(count, dtype=np.int64), None, 0
    for part in parts:
        plain, missing = plain_values(part)
        rows = slice(start, start + len(plain))
        values[rows] = plain.view(np.int64)
        if missing is not None:
            gaps = np.zeros(count, dtype=np.bool_) if gaps is None else gaps
            gaps[rows] = missing
        start += len(plain)
    return masked(values, gaps).view(kind)


def absent(values: pa.Array) -> NDArray[np.bool_] | None:
    """Return which values are null, shape ``[n]``, None where none is."""
    if not values.null_count:
        return None
    bits = values.buffers()[0]
    if bits is None:
        return np.ones(len(values), dtype=np.bool_)
    known = np.unpackbits(np.frombuffer(bits, dtype=np.uint8), count=values.offset + len(values), bitorder="little")
    missing: NDArray[np.bool_] = known[values.offset :] == 0
    return missing


def as_numbers(values: pa.Array) -> NDArray[Any]:
    """Return numbers, booleans or moments, none of them null, as numpy: moments as microseconds."""
    import pyarrow as pa

    numbers = values.cast(pa.int64()) if pa.types.is_timestamp(values.type) else values
    plain: NDArray[Any] = numbers.to_numpy(zero_copy_only=False)
    return plain


def as_floats(values: pa.Array) -> NDArray[np.float64]:
    """Return numbers, booleans or moments as float64, NaN for missing."""
    import pyarrow as pa

    if pa.types.is_float64(values.type):
        plain, missing = plain_values(values)
        return plain if missing is None else np.where(missing, np.nan, plain)
    numbers = values.cast(pa.int64()) if pa.types.is_timestamp(values.type) else values
    floats: NDArray[np.float64] = numbers.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return floats


def chosen_numbers(values: pa.Array, wanted: NDArray[np.bool_] | None = None) -> NDArray[Any]:
    """Return numbers, moments as microseconds, booleans as 0 and 1, or the codes of texts: those that are not null.

    It takes a third of the time of Arrow's own filter.

    Args:
        values: shape ``[n]``.
        wanted: only these, shape ``[n]``; None for all.
    """
    import pyarrow as pa

    if pa.types.is_dictionary(values.type):
        values = values.indices
    elif pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    plain, missing = plain_values(values)
    if missing is not None:
        wanted = ~missing if wanted is None else wanted & ~missing
    return plain if wanted is None else plain[wanted]


def level_codes(values: pa.DictionaryArray, missing: int) -> NDArray[np.int64]:
    """Return the code of each value in the dictionary, `missing` where it is null."""
    codes: NDArray[np.int64] = values.indices.fill_null(missing).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes
