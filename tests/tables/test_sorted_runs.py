"""Equal hashes are counted by ranges of a file as all of them at once."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sevenfold.tables import sorted_runs as module
from sevenfold.tables.row_hashes import hashes_of
from sevenfold.tables.sorted_runs import SortedRuns


@pytest.mark.parametrize("levels", [1, 50, 3_000, 2**40])
@pytest.mark.parametrize("rows", [0, 1, 99, 100, 101, 1_234])
def test_repeated_hashes_are_those_that_a_count_shows(rows, levels, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "RUN", 100)
    values = hashes_of(np.random.default_rng(rows).integers(0, levels, rows), 0)
    with SortedRuns(tmp_path) as runs:
        runs.fill(values[start : start + 37] for start in range(0, rows, 37))
        assert runs.repeated() == int(pl.Series(values).is_duplicated().sum())


def test_a_part_may_be_longer_than_a_run(monkeypatch):
    monkeypatch.setattr(module, "RUN", 10)
    with SortedRuns(None) as runs:
        runs.fill([np.arange(35, dtype=np.uint64), np.array([3, 2**64 - 1, 2**64 - 1], dtype=np.uint64)])
        assert runs.repeated() == 4
