"""Numbers by which rows of several tables are known again: equal where every named column is equal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["row_keys"]

Keys = NDArray[np.uint64]


def row_keys(tables: Sequence[Callable[[str], pa.Array]], columns: Sequence[str]) -> list[Keys]:
    """Return a number for each row of each table.

    Two rows have the same number where they hold the same values, missing ones included, whatever the types in which
    their tables store them; two that differ agree about once in 2^63.

    Args:
        tables: each returns a column of its rows by name.
        columns: the names to compare by; all tables have them.
    """
    import pyarrow as pa

    counts = np.cumsum([len(table(columns[0])) for table in tables])
    keys = np.zeros(int(counts[-1]), dtype=np.uint64)
    random = np.random.default_rng(len(columns))
    for name in columns:
        texts = pa.concat_arrays([_texts(table(name)) for table in tables])
        codes = texts.dictionary_encode("encode").indices.to_numpy(zero_copy_only=False).astype(np.uint64)
        first, second = random.integers(2**63, size=2, dtype=np.uint64) | np.uint64(1)
        mixed = (codes + np.uint64(1)) * first
        keys += (mixed ^ (mixed >> np.uint64(29))) * second
    return np.split(keys, counts[:-1])


def _texts(values: Any) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if pa.types.is_timestamp(array.type):
        array = pc.cast(pc.cast(array, pa.timestamp("us", array.type.tz)), pa.int64())
    if pa.types.is_integer(array.type):
        array = pc.cast(array, pa.float64(), safe=False)  # a column may be whole in one table and not in another
    return pc.cast(array, pa.large_string())
