"""Drift between random parts of the same rows is a fault of ours: how often the plan's limits find it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sevenfold.contracts.schema import Column, Kind, Role, Schema, Task
from sevenfold.drift.bins import build_reference, count_bins
from sevenfold.drift.verdict import overall, window_drift
from sevenfold.plan import SplitSection
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.tables.split import TEST, TRAIN, split_stratified

SECTION = MonitoringSection()
KINDS = {
    "steady": Kind.NUMBER,
    "prices": Kind.NUMBER,
    "mostly zero": Kind.NUMBER,
    "trend": Kind.NUMBER,
    "hour": Kind.INTEGER,
    "flag": Kind.BOOLEAN,
    "few": Kind.CATEGORY,
    "many": Kind.CATEGORY,
    "each ten times": Kind.CATEGORY,
}


def ordered_table(random: np.random.Generator, rows: int) -> pa.Table:
    """Rows in an order that is in their values: what trends, comes and goes, or repeats."""
    at = np.arange(rows)
    zipf = np.minimum(random.zipf(1.4, rows), 3_000)
    price = random.exponential(30, rows).round(2)
    return pa.table(
        {
            "steady": np.where(random.random(rows) < 0.1, np.nan, random.normal(size=rows)),
            "prices": price,
            "mostly zero": np.where(random.random(rows) < 0.8, 0.0, price),
            "trend": at + random.normal(0, rows / 50, rows),
            "hour": at % 24,
            "flag": at > rows // 3,
            "few": np.array(["spring", "summer", "autumn"])[at * 3 // rows],
            "many": [f"level {level}" for level in zipf.tolist()],
            "each ten times": [f"level {level}" for level in random.integers(0, max(1, rows // 17), rows).tolist()],
        }
    )


def schema() -> Schema:
    columns = {name: Column(kind=kind) for name, kind in KINDS.items()}
    return Schema(
        task=Task.BINARY,
        target="y",
        classes=("a", "b"),
        columns={**columns, "y": Column(kind=Kind.CATEGORY, role=Role.TARGET)},
    )


def windows_of_split(seed: int, rows: int, parts: int = 3):
    random = np.random.default_rng(seed)
    table, described = ordered_table(random, rows), schema()
    sides = split_stratified(random.integers(0, 2, rows), SplitSection(seed=seed), classes=2)
    reference = build_reference(table.filter(pa.array(sides == TRAIN)), described)
    order = random.permutation(np.flatnonzero(sides == TEST))
    windows = []
    for part in np.array_split(order, parts):
        feeds = feeds_from_table(table.take(pa.array(part)), described.features)
        counts = {name: count_bins(bins, feeds[name]) for name, bins in reference.features.items()}
        windows.append(window_drift("w", counts, reference, SECTION))
    return windows


@pytest.mark.parametrize(("rows", "runs"), [(3_100, 40), (20_000, 12)])
def test_random_parts_of_the_same_rows_do_not_drift(rows, runs):
    windows = [windows_of_split(seed, rows) for seed in range(runs)]
    assert all(window.verdict != "insufficient_data" for looks in windows for window in looks)
    moved = [feature.feature for looks in windows for window in looks for feature in window.features if feature.drifted]
    assert len(moved) <= 0.01 * 3 * runs, moved  # a tenth of that is what the plan's significance allows
    assert not any(overall(looks, SECTION) == "drifted" for looks in windows)
