"""Numbers in a file come back as they were appended, piece by piece and by any span."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.tables import numbers as module
from sevenfold.tables.numbers import NumberFile, ends, in_order, pieces

DRAW = np.random.default_rng(4)


@pytest.mark.parametrize("kind", [np.int64, np.uint64, np.float64])
def test_a_file_has_what_was_appended(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 300)
    values = DRAW.integers(0, 2**62, 1_000).astype(kind)
    with NumberFile(tmp_path, kind) as file:
        for start, stop in ((0, 10), (10, 10), (10, 999), (999, 1_000)):
            file.append(values[start:stop])
        file.flush()
        assert len(file) == 1_000
        assert [len(some) for some in pieces(file)] == [300, 300, 300, 100]
        assert np.concatenate(list(pieces(file))).tolist() == values.tolist()
        assert file[17:400].tolist() == values[17:400].tolist()
        assert file[990:5_000].tolist() == values[990:].tolist()
        assert file[7:7].tolist() == []
        assert ends(file) == ends(values) == (values.min(), values.max())
        assert list(tmp_path.iterdir()) == []  # it has no name


def test_other_numbers_are_converted(tmp_path):
    with NumberFile(tmp_path, np.float64) as file:
        file.append(np.array([True, False]))
        file.append(np.arange(4)[::2])
        file.flush()
        assert file[:].tolist() == [1.0, 0.0, 0.0, 2.0]


@pytest.mark.parametrize("at", [None, 1, 299, 300, 301, 999])
def test_one_value_out_of_order_is_seen(at, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 300)
    values = np.arange(1_000) // 3
    if at is not None:
        values[at] = -1
    assert in_order(values) == (at is None)
