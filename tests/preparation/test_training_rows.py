"""One look at a column collects of the training rows what a list of all of them would show."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from sevenfold.preparation import training_rows as module
from sevenfold.preparation.sampled_rows import SampledRows
from sevenfold.preparation.training_rows import TrainingRows
from sevenfold.tables.column_chunks import ColumnChunks

DRAW = np.random.default_rng(11)
ROWS = 1_000
IN_ORDER = np.repeat(np.arange(4, dtype=np.int8), ROWS // 4)
MIXED = DRAW.permutation(IN_ORDER)
GAPS = DRAW.random(ROWS) < 0.1


def in_chunks(values: pa.Array) -> ColumnChunks:
    edges = [0, 100, 100, 333, 900, ROWS]
    return ColumnChunks(values.type, ROWS, lambda: (values[a:b] for a, b in pairwise(edges)))


@pytest.mark.parametrize("sides", [IN_ORDER, MIXED])
@pytest.mark.parametrize("at_once", [7, 1 << 20])
def test_the_training_rows_are_numbered_without_a_list_of_all(sides, at_once, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", at_once)
    train, rows = TrainingRows(sides), np.flatnonzero(sides == 0)
    assert train.count == len(rows)
    for step in (1, 2, 9, 250, 4_000):
        assert train.every(step).tolist() == rows[::step].tolist()
    for most in (1, 30, 249, 250, 10_000):
        some = train.at_most(most).tolist()
        assert len(some) <= most and set(some) <= set(rows.tolist())
    assert len(train.at_most(250)) == 250


@pytest.mark.parametrize("sides", [IN_ORDER, MIXED])
@pytest.mark.parametrize("kind", [pa.float64(), pa.int64(), pa.bool_(), pa.timestamp("us", tz="UTC")], ids=str)
@pytest.mark.parametrize("gaps", [GAPS, np.zeros(ROWS, dtype=bool)])
@pytest.mark.parametrize("in_memory", [ROWS, 10])
def test_numbers_are_collected_without_gaps(sides, kind, gaps, in_memory, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "IN_MEMORY", in_memory)
    numbers = DRAW.integers(0, 2, ROWS)
    values = pa.array([None if gap else int(n) for n, gap in zip(numbers, gaps, strict=True)], pa.int64()).cast(kind)
    there = (sides == 0) & ~gaps
    with TrainingRows(sides, tmp_path).read(in_chunks(values), SampledRows(np.array([3, 99, 100, 999]))) as read:
        present = read.present[:]
        assert isinstance(read.present, np.ndarray) == (in_memory == ROWS)
        assert read.ends == (0, 1)
    assert present.tolist() == numbers[there].tolist()
    assert present.dtype == (np.int64 if pa.types.is_timestamp(kind) else np.float64)
    assert read.gaps == np.count_nonzero(gaps & (sides == 0))
    assert read.missing == {
        name: np.count_nonzero(gaps & (sides == side)) / 250
        for side, name in enumerate(("train", "validation", "test", "later"))
    }
    assert read.at(np.array([99, 999])).to_pylist() == values.take(pa.array([99, 999])).to_pylist()


def test_levels_are_counted():
    texts = DRAW.choice(["a", "b", "c"], ROWS)
    values = pa.array([None if gap else t for t, gap in zip(texts, GAPS, strict=True)]).dictionary_encode()
    read = TrainingRows(MIXED).read(in_chunks(values), SampledRows(np.arange(ROWS)))
    there = texts[(MIXED == 0) & ~GAPS]
    expected = {level: np.count_nonzero(there == level) for level in "abc"}
    assert dict(zip(read.dictionary, read.counts.tolist(), strict=True)) == expected
    assert read.at(np.arange(ROWS)).to_pylist() == values.to_pylist()
