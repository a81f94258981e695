#!/usr/bin/env bash
# ParquetFile.iter_batches(n) gives batches of n rows, whatever the row groups. With read_dictionary for one column a batch
# still takes n rows at a time, but comes in pieces cut at each row group, and the pieces are not filled up: row groups a
# little shorter than n give a large batch and a small one in turn. Whoever reads one batch ahead in a thread may then hold
# the small one ready, and wait for the large.
# Seen with pyarrow 26.0.1 on Python 3.11: 1,000 rows in groups of 250, batches of 256.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1
"$work/venv/bin/python" - <<'PY'
import io

import pyarrow as pa
import pyarrow.parquet as pq

table = pa.table({"number": range(1000), "text": pa.array([f"level {row % 7}" for row in range(1000)])})
file = io.BytesIO()
pq.write_table(table, file, row_group_size=250)
found = {}
for columns in ((), ("text",)):
    batches = pq.ParquetFile(io.BytesIO(file.getvalue()), read_dictionary=list(columns)).iter_batches(256)
    found[columns] = [len(batch) for batch in batches]
    print("read as dictionaries:", columns or "none", "rows of the batches:", found[columns])
assert found == {(): [256, 256, 256, 232], ("text",): [250, 6, 244, 12, 238, 18, 232]}
PY
