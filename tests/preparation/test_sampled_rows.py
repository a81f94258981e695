"""Rows that are looked at more closely, by what numpy's own sets say of them."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

from sevenfold.preparation.sampled_rows import SampledRows

SETS = [np.array([1, 4, 5, 90]), np.array([0, 4, 99]), np.zeros(0, dtype=np.int64), np.array([4])]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_rows_of_all_sets_are_there_once_and_found_again(count):
    sets = SETS[:count]
    sampled = SampledRows(*sets)
    assert sampled.rows.tolist() == reduce(np.union1d, sets).tolist()
    assert len(sampled) == len(sampled.rows)
    for some in [*sets, sampled.rows[1:3].copy()]:
        assert sampled.rows[np.array(sampled.places(some).to_pylist(), dtype=np.int64)].tolist() == some.tolist()


def test_rows_within_a_chunk_are_counted_from_its_first():
    sampled = SampledRows(*SETS)
    for start, stop in [(0, 100), (4, 6), (2, 4), (90, 100), (0, 1)] * 2:
        wanted = [row - start for row in sampled.rows.tolist() if start <= row < stop]
        assert sampled.within(start, stop).to_pylist() == wanted


def test_of_no_rows_there_are_none():
    none = np.zeros(0, dtype=np.int64)
    assert len(SampledRows(none)) == len(SampledRows(none).places(none)) == 0
