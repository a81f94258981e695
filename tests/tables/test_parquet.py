"""A Parquet file is read batch by batch: memory holds little of it at a time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sevenfold.tables.parquet import ParquetTable

GROUPS, ROWS = 40, 10_000


@pytest.mark.parametrize("dictionaries", [(), ("c",)])
def test_memory_holds_a_part_of_the_file(tmp_path, dictionaries):
    random = np.random.default_rng(0)
    rows = {name: random.normal(size=GROUPS * ROWS) for name in "xyz"}
    table = pa.table({**rows, "c": pa.array(np.arange(GROUPS * ROWS) % 7).cast(pa.string())})
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, row_group_size=ROWS)
    del table
    before, most, count = pa.total_allocated_bytes(), 0, 0
    for batch in ParquetTable(path, dictionaries=dictionaries).batches("xyzc"):
        most = max(most, pa.total_allocated_bytes() - before)
        count += len(batch)
        del batch
    assert count == GROUPS * ROWS
    # a batch of 128 000 rows and what it is made of; a file that is buffered ahead takes its whole size besides
    assert most < path.stat().st_size * 1.2
