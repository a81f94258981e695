"""A column in chunks holds what one array would."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sevenfold.tables.column_chunks import ColumnChunks

WHOLE = {
    "floats": pa.array([1.5, None, -2.0, 4.0, None, 0.25, 7.0]),
    "integers": pa.array([1, 2, None, 4, 5, 6, 7]),
    "moments": pa.array([1, None, 3, 4, 5, 6, 7], pa.timestamp("us", tz="UTC")),
    "booleans": pa.array([True, None, False, True, True, False, None]),
    "texts": pa.array(["a", "b", None, "a", "c", "b", "a"]).dictionary_encode(),
}


def chunked(values: pa.Array, edges: list[int]) -> ColumnChunks:
    starts, stops = [0, *edges], [*edges, len(values)]
    return ColumnChunks(values.type, len(values), lambda: (values[a:b] for a, b in zip(starts, stops, strict=True)))


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("edges", [[], [3], [0, 2, 2, 6]])
def test_a_column_in_chunks_holds_what_one_array_does(kind, edges):
    values = WHOLE[kind]
    column = chunked(values, edges)
    for _ in range(2):  # it can be read again
        assert column.whole().to_pylist() == values.to_pylist()
        for rows in ([], [0], [2, 3], [1, 1, 6], list(range(7))):
            some = np.array(rows, dtype=np.int64)
            assert column.take(some).to_pylist() == [values[row].as_py() for row in rows]
    assert column.whole().type == values.type and len(column) == 7
    assert [(span.start, span.stop) for span, _ in column.spans()] == list(zip([0, *edges], [*edges, 7], strict=True))
