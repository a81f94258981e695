"""A number for each value of a column, the same for values that are nearly equal, and hashes of them that add up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Hashes", "KeyColumn", "as_bits", "hashes_of", "near_numbers"]

STEPS: Final = 100  # that rounding must leave within the middle half of a column's values
FINE: Final = 2.0**-14  # of that middle half: the noise of floating point is far below, other values are far above
SAMPLE: Final = 2_000
WHOLE: Final = 2.0**52  # from here on a float has no decimals, and rounding might overflow

AT_ONCE: Final = 1 << 15  # rows that the processor's cache holds

Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class KeyColumn:
    """A column to compare rows by; `read` returns all its values, as `tables.parsed.arrow_type` has them."""

    name: str
    read: Callable[[], pa.Array]


def near_numbers(values: pa.Array, decimals: int | None) -> tuple[NDArray[Any], bool]:
    """Return a number for each value, equal where values are nearly equal, and whether some are not whole."""
    import pyarrow as pa

    if pa.types.is_dictionary(values.type) or _is_text(values.type):
        return _folded(values), False
    if not pa.types.is_floating(values.type):
        whole = values.cast(pa.int64())
        absent = np.asarray(whole.is_null())
        plain = whole.fill_null(0).to_numpy(zero_copy_only=False)
        return np.where(absent, np.iinfo(np.int64).min, plain) if absent.any() else plain, False
    numbers = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    some = numbers[:: -(-len(numbers) // SAMPLE)]
    some = some[np.isfinite(some)]
    if not len(some) or not (some != np.floor(some)).any():
        return as_bits(numbers), False
    with np.errstate(over="ignore", invalid="ignore"):  # of numbers near the largest of a float
        low, high = np.quantile(some, [0.25, 0.75])
        spread = float(high - low) or float(some.std())
    if not np.isfinite(spread) or spread <= 0:
        return as_bits(numbers), True
    if decimals is not None and 10.0**-decimals <= spread / STEPS:
        with np.errstate(over="ignore"):
            rounded = np.round(numbers, decimals)
        return as_bits(np.where(np.abs(numbers) < WHOLE, rounded, numbers)), True
    with np.errstate(over="ignore"):
        return as_bits(np.rint(numbers / (spread * FINE))), True


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def as_bits(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the bits of each number, the same for all that are not a number, and for 0.0 and -0.0."""
    plain = numbers + 0.0
    plain[np.isnan(plain)] = np.nan
    return plain.view(np.int64)


def _folded(values: pa.Array) -> NDArray[np.int64]:
    """Return the code of each text without regard to letter case and white space, 0 for a missing one."""
    import pyarrow as pa

    encoded = values if pa.types.is_dictionary(values.type) else values.cast(pa.large_string()).dictionary_encode()
    codes: dict[str, int] = {}
    of = [0]
    for text in encoded.dictionary.to_pylist():
        of.append(codes.setdefault(" ".join(text.split()).casefold(), len(codes) + 1))
    at = encoded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    folded: NDArray[np.int64] = np.array(of, dtype=np.int64)[at + 1]
    return folded


def hashes_of(numbers: NDArray[np.int64], column: int) -> Hashes:
    """Return a hash of each number, another one for each column: the bits are spread by products with odd factors."""
    factor, other = np.random.default_rng((column, 7)).integers(2**63, size=2, dtype=np.uint64) | np.uint64(1)
    hashes: Hashes = numbers.view(np.uint64) * factor
    for start in range(0, len(hashes), AT_ONCE):
        some = hashes[start : start + AT_ONCE]
        some ^= some >> np.uint64(32)
        some *= other
    return hashes
