"""`sevenfold init` on a large table of mixed columns: CPU seconds here and with an earlier checkout.

    python -m benchmarks.init --baseline CHECKOUT [--size 1500000] [--pairs 3]

The table is a CSV of 20 columns: numbers, money, integers, an identifier, dates, times, categories of 4 to 200 000
levels, flags, with gaps. The commands of both checkouts, whose `.venv` must have them installed, run in turn.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.checkout import HERE, Checkout
from benchmarks.pairs import compare
from benchmarks.rows import Row, parser, report

SIZE, QUICK_SIZE, PAIRS = 1_500_000, 3_000, 3
NAME = "init"
LEVELS = (4, 12, 100, 1_000, 200_000)
DAYS = 1_000


def make_table(path: Path, rows: int) -> None:
    """Write the table, with a target `y` that two of its numbers decide in part."""
    import numpy as np
    import polars as pl

    random = np.random.default_rng(0)

    def gaps(values: Any, share: float) -> pl.Series:
        return pl.Series(values).set(pl.Series(random.random(rows) < share), None)

    columns: dict[str, Any] = {f"f{i}": gaps(random.normal(size=rows).round(6), 0.03) for i in range(6)}
    columns["money"] = (random.lognormal(3, 1, rows) * 100).round() / 100
    for i in range(3):
        columns[f"i{i}"] = random.integers(0, 10 ** (i + 2), rows)
    columns["id"] = np.arange(rows) + 1_000_000
    start = np.datetime64("2021-01-01", "ms")
    columns["day"] = (start + random.integers(0, DAYS, rows) * np.timedelta64(1, "D")).astype("datetime64[D]")
    columns["moment"] = start + random.integers(0, DAYS * 86_400, rows) * np.timedelta64(1_000, "ms")
    for i, levels in enumerate(LEVELS):
        names = pl.Series([f"level_{number:06d}" for number in range(levels)])
        columns[f"c{i}"] = gaps(names[random.integers(0, levels, rows)], 0.02)
    columns["flag"] = pl.Series(["yes", "no"])[random.integers(0, 2, rows)]
    columns["y"] = pl.Series(["no", "yes"])[(columns["money"] / 30 + random.normal(size=rows) > 1).astype(int)]
    frame = pl.DataFrame(columns).with_columns(pl.col("day").cast(pl.Date))
    frame.write_csv(path, datetime_format="%Y-%m-%d %H:%M:%S")


def measure(checkout: Checkout, baseline: Path | None, size: int, pairs: int, *, quick: bool) -> Iterator[Row]:
    """Compare the CPU seconds of both commands on one table."""
    if baseline is None:
        yield Row(NAME, missing="no --baseline was given")
        return
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "table.csv"
        make_table(table, size)

        def cost(side: Checkout) -> float:
            return side.run("init", table.name, "--target", "y", "--force", folder=Path(folder))

        yield compare(NAME, lambda: cost(checkout), lambda: cost(Checkout(baseline)), pairs=pairs, quick=quick)


def main() -> None:
    """Measure."""
    options = parser("init", __doc__, pairs=PAIRS)
    options.add_argument("--size", type=int, default=SIZE, help="Rows of the table (default: %(default)s).")
    options.add_argument("--baseline", type=Path, help="An earlier checkout with its .venv.")
    options.add_argument(
        "--checkout", type=Path, default=HERE.folder, help="Measure this one instead of this checkout."
    )
    given = options.parse_args()
    size = QUICK_SIZE if given.quick else given.size
    report(measure(Checkout(given.checkout), given.baseline, size, given.pairs, quick=given.quick), given.rows)


if __name__ == "__main__":
    main()
