"""A feature varies among the rows that train exactly where a count of its values shows two of them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sevenfold.contracts.schema import Kind
from sevenfold.design.feasible import _varies

NAN = float("nan")


@pytest.mark.parametrize(
    "values",
    [
        [1.0, 1.0, 2.0],
        [1.0, 1.0, None],
        [None, 1.0, 1.0],
        [None, None, None],
        [0.0, -0.0, 0.0],
        [NAN, NAN, NAN],
        [NAN, 1.0, NAN],
        [5.0],
        [],
    ],
)
def test_a_number_varies_where_it_has_two_values_or_one_and_a_gap(values):
    series = pl.Series(values, dtype=pl.Float64)
    train = np.ones(len(series), dtype=np.bool_)
    assert _varies(series, Kind.NUMBER, train, True) is (series.n_unique() > 1)


def test_only_the_rows_that_train_count():
    series, train = pl.Series([1, 1, 2, None]), np.array([True, True, False, False])
    assert not _varies(series, Kind.INTEGER, train, True)
    assert _varies(series, Kind.INTEGER, ~train, True)
    assert not _varies(pl.Series([True, True, False]), Kind.BOOLEAN, np.array([True, True, False]), True)
