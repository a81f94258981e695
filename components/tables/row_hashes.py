"""A number for each value of a column, the same for values that are nearly equal, and hashes of them that add up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.column_chunks import ColumnChunks
from sevenfold.tables.masked import as_floats

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Hashes", "KeyColumn", "as_bits", "hashes_of", "near_hashes", "near_numbers"]

STEPS: Final = 100  # that rounding must leave within the middle half of a column's values
FINE: Final = 2.0**-14  # of that middle half: the noise of floating point is far below, other values are far above
SAMPLE: Final = 2_000
WHOLE: Final = 2.0**52  # from here on a float has no decimals, and rounding might overflow

AT_ONCE: Final = 1 << 15  # rows that the processor's cache holds

Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class KeyColumn:
    """A column to compare rows by; `read` returns its values, as `tables.parsed.arrow_type` has them."""

    name: str
    read: Callable[[], ColumnChunks]


def near_numbers(values: pa.Array, decimals: int | None) -> tuple[NDArray[Any], bool]:
    """Return a number for each value, equal where values are nearly equal, and whether some are not whole."""
    column = _encoded(ColumnChunks.of(values))
    rule, fractional = _rule(column, decimals)
    return rule(next(iter(column))), fractional


def near_hashes(values: ColumnChunks, decimals: int | None, column: int) -> tuple[Iterator[tuple[slice, Hashes]], bool]:
    """Return the hashes of a column's `near_numbers`, some rows at a time, and whether some numbers are not whole."""
    values = _encoded(values)
    rule, fractional = _rule(values, decimals)

    def parts() -> Iterator[tuple[slice, Hashes]]:
        for span, chunk in values.spans():
            for start in range(0, len(chunk), AT_ONCE):
                some = rule(chunk[start : start + AT_ONCE])
                yield slice(span.start + start, span.start + start + len(some)), hashes_of(some, column)

    return parts(), fractional


def _rule(values: ColumnChunks, decimals: int | None) -> tuple[Callable[[pa.Array], NDArray[np.int64]], bool]:
    """Return what gives the number of each of some values, and whether some are not whole."""
    import pyarrow as pa

    if pa.types.is_dictionary(values.kind):
        folded = _folded(next(iter(values)).dictionary.to_pylist())
        return lambda some: folded[_codes(some) + 1], False
    if not pa.types.is_floating(values.kind):
        return _whole, False
    numbers = as_floats(values.take(np.arange(0, len(values), -(-len(values) // SAMPLE) or 1)))
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers) or not (numbers != np.floor(numbers)).any():
        return lambda some: as_bits(as_floats(some)), False
    with np.errstate(over="ignore", invalid="ignore"):  # of numbers near the largest of a float
        low, high = np.quantile(numbers, [0.25, 0.75])
        spread = float(high - low) or float(numbers.std())
    if not np.isfinite(spread) or spread <= 0:
        return lambda some: as_bits(as_floats(some)), True
    if decimals is not None and 10.0**-decimals <= spread / STEPS:
        return lambda some: as_bits(_rounded(as_floats(some), decimals)), True
    return lambda some: as_bits(_in_steps(as_floats(some), spread * FINE)), True


def _codes(values: pa.DictionaryArray) -> NDArray[np.int64]:
    import pyarrow as pa

    codes: NDArray[np.int64] = values.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    return codes


def _whole(values: pa.Array) -> NDArray[np.int64]:
    import pyarrow as pa

    whole = values.cast(pa.int64())
    if whole.null_count:
        whole = whole.fill_null(np.iinfo(np.int64).min)
    numbers: NDArray[np.int64] = whole.to_numpy(zero_copy_only=False)
    return numbers


def _rounded(numbers: NDArray[np.float64], decimals: int) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        rounded = np.round(numbers, decimals)
    return np.where(np.abs(numbers) < WHOLE, rounded, numbers)


def _in_steps(numbers: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        steps: NDArray[np.float64] = np.rint(numbers / step)
    return steps


def _encoded(values: ColumnChunks) -> ColumnChunks:
    """Return texts that stand in a column one by one as a dictionary, in one chunk."""
    import pyarrow as pa

    if not _is_text(values.kind):
        return values
    return ColumnChunks.of(values.whole().cast(pa.large_string()).dictionary_encode())


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def as_bits(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the bits of each number, the same for all that are not a number, and for 0.0 and -0.0."""
    plain = numbers + 0.0
    plain[np.isnan(plain)] = np.nan
    return plain.view(np.int64)


def _folded(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return the code of each text without regard to letter case and white space, after 0 for a missing one."""
    codes: dict[str, int] = {}
    of = [0]
    for text in texts:
        of.append(codes.setdefault(" ".join(text.split()).casefold(), len(codes) + 1))
    return np.array(of, dtype=np.int64)


def hashes_of(numbers: NDArray[np.int64], column: int) -> Hashes:
    """Return a hash of each number, another one for each column: the bits are spread by products with odd factors."""
    factor, other = np.random.default_rng((column, 7)).integers(2**63, size=2, dtype=np.uint64) | np.uint64(1)
    hashes: Hashes = numbers.view(np.uint64) * factor
    hashes ^= hashes >> np.uint64(32)
    hashes *= other
    return hashes
