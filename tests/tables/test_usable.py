"""Numbers are usable where each that is known is one that the dataset can hold."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sevenfold.contracts.schema import MAX_INTEGER
from sevenfold.tables.masked import masked
from sevenfold.tables.usable import all_usable


@pytest.mark.parametrize("other", [np.inf, -np.inf, np.nan, MAX_INTEGER + 1, -MAX_INTEGER - 1])
def test_a_number_that_is_not_usable_counts_where_it_is_known(other):
    values = np.array([1, other, 2], dtype=type(other))
    assert not all_usable(masked(values))
    assert not all_usable(masked(values, np.array([True, False, False])))
    assert all_usable(masked(values, np.array([False, True, False])))


@pytest.mark.parametrize("values", [[], [0.5, -1e308], [MAX_INTEGER, -MAX_INTEGER, None], [None, None]])
def test_all_others_are_usable(values):
    assert all_usable(pa.array(values, pa.float64() if not values or 0.5 in values else pa.int64()))
