"""Whether all numbers of a column can be used as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.contracts.schema import MAX_INTEGER
from sevenfold.tables.masked import absent, plain_numbers

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["all_usable"]


def all_usable(numbers: pa.Array) -> bool:
    """Whether all float64 are finite, or all int64 are integers that a float holds; nulls are.

    A null's number may be any, but is usable nearly always: which ones are null is found out only where it matters.
    """
    plain = plain_numbers(numbers)
    if plain.dtype == np.float64:
        fits = np.isfinite(plain)
    elif plain.min(initial=0) >= -MAX_INTEGER and plain.max(initial=0) <= MAX_INTEGER:
        return True
    else:
        fits = (plain >= -MAX_INTEGER) & (plain <= MAX_INTEGER)
    if fits.all():
        return True
    missing = absent(numbers)
    return missing is not None and bool((fits | missing).all())
