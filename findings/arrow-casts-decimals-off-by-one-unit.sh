#!/usr/bin/env bash
# Arrow's cast of a decimal column to float64 is not the nearest double for about every third value: it divides the
# unscaled integer by a power of ten in steps that round twice. 0.1 written as decimal128 and as a double then differ in
# the last place, so a table exported once with decimals and once with doubles has other values, other bins and other
# digests. Polars' cast of the same Arrow column is exact, and so is a cast by way of the texts.
# Seen with pyarrow 26.0.1 and polars 2.1.0 on Python 3.11: of 100,000 decimals with up to nine digits and up to eight
# after the point, in decimal128(38, 9), pyarrow gave 35,158 that float() of the same decimal does not give, Polars none.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1 polars==2.1.0
"$work/venv/bin/python" - <<'PY'
import random
from decimal import Decimal

import polars as pl
import pyarrow as pa

random.seed(1)
values = [Decimal(random.randrange(10**9)).scaleb(-random.randrange(1, 9)) for _ in range(100_000)]
column = pa.array(values, pa.decimal128(38, 9))
expected = [float(value) for value in values]
casts = {
    "pyarrow": column.cast(pa.float64(), safe=False).to_pylist(),
    "polars": pl.Series(column).cast(pl.Float64).to_list(),
}
wrong = {name: sum(a != b for a, b in zip(cast, expected)) for name, cast in casts.items()}
ulps = max(abs(a - b) / b for a, b in zip(casts["pyarrow"], expected) if b)
print(f"not the nearest double, of {len(values):,}: {wrong}; largest relative difference {ulps:.1e}")
assert wrong["pyarrow"] > 10_000, "pyarrow's cast is exact now, or nearly so"
assert wrong["polars"] == 0, "Polars' cast is no longer exact"
assert ulps < 5e-16, "the difference is more than rounding"
PY
