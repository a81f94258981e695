"""A column's values as the numbers that leaks are looked for in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

__all__ = ["column_codes", "column_floats"]


def column_codes(values: pl.Series) -> NDArray[np.int64]:
    """Return a code for each text, -1 for missing."""
    import polars as pl

    codes: NDArray[np.int64] = values.rank("dense").cast(pl.Int64).fill_null(-1).to_numpy()
    return codes


def column_floats(values: pl.Series) -> NDArray[np.float64]:
    """Return numbers, flags or moments (µs) as floats, NaN for missing."""
    import polars as pl

    whole: Any = values.cast(pl.Int64) if values.dtype == pl.Datetime("us") else values
    floats: NDArray[np.float64] = whole.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return floats
