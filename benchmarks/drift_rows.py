"""How often the classifier that tells a window's rows from the training rows finds drift where there is none.

Each run draws training rows and a window from the same distribution. The tables of six features are those of
`benchmarks.drift_peers`. Those of fifty are harder: skewed numbers, counts, numbers that are mostly zero, categories
with rare levels, and values missing, of some features in three rows of ten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa

from benchmarks.drift_peers import SCHEMA, TARGET, make_table
from sevenfold.contracts.schema import Column, Kind, Schema, Task
from sevenfold.drift.bins import build_reference
from sevenfold.monitoring.subtle.columns import columns_of
from sevenfold.monitoring.subtle.separation import separation
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.scoring.feeds import feeds_from_table

__all__ = ["HARD", "SIX", "Tables", "make_hard_table", "unmoved"]

Tables = tuple[Schema, Callable[[np.random.Generator, int], pa.Table]]

NUMBERS, CATEGORIES = 35, 15
MISSING: Final = (0.0, 0.02, 0.1, 0.3)  # of each feature's rows, in turn
HARD_INPUTS: Final = {
    **{f"n{at}": Column(kind=Kind.NUMBER) for at in range(NUMBERS)},
    **{f"c{at}": Column(kind=Kind.CATEGORY) for at in range(CATEGORIES)},
}


def make_hard_table(rng: np.random.Generator, rows: int) -> pa.Table:
    """Return rows of fifty features: numbers of five kinds, and categories of 2 to 30 levels, most of them rare."""
    columns: dict[str, Any] = {}
    kinds: tuple[Callable[[], Any], ...] = (
        lambda: rng.normal(size=rows),
        lambda: rng.lognormal(sigma=2, size=rows),
        lambda: rng.poisson(2, rows).astype(np.float64),
        lambda: rng.exponential(size=rows) * (rng.random(rows) < 0.1),
        lambda: rng.standard_t(2, rows),
    )
    for at in range(NUMBERS):
        columns[f"n{at}"] = kinds[at % len(kinds)]()
    for at in range(CATEGORIES):
        levels = np.arange(2 * (at + 1))
        shares = 1 / (levels + 1) ** 2
        columns[f"c{at}"] = np.char.add("level ", rng.choice(levels, rows, p=shares / shares.sum()).astype(str))
    return pa.table(
        {
            name: pa.array(values, mask=rng.random(rows) < MISSING[at % len(MISSING)])
            for at, (name, values) in enumerate(columns.items())
        }
    )


SIX: Final[Tables] = (SCHEMA, make_table)
HARD: Final[Tables] = (Schema(task=Task.REGRESSION, target="y", columns={**HARD_INPUTS, "y": TARGET}), make_hard_table)


def unmoved(
    tables: Tables, training: int, rows: int, runs: int, seed: int, section: MonitoringSection
) -> Iterator[bool]:
    """Yield, for each run, whether a window of some rows is called drifted though nothing moves."""
    schema, make = tables
    inputs = {name: column for name, column in schema.columns.items() if name != schema.target}
    rng = np.random.default_rng(seed)
    for _ in range(runs):
        before, after = make(rng, training), make(rng, rows)
        features = build_reference(before, schema).features
        sides = [columns_of(feeds_from_table(table, inputs), features) for table in (before, after)]
        yield separation(*sides, significance=section.significance, size=section.separation).drifted
