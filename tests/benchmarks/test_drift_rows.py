"""Windows where nothing moves: from the distribution of the training rows; a loose level calls some drifted."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from sevenfold.plan.monitoring import MonitoringSection


@pytest.fixture
def simulation(module: Callable[[str], ModuleType]) -> ModuleType:
    return module("drift_rows")


def test_a_strict_level_is_quiet_where_a_loose_one_is_not(simulation: ModuleType) -> None:
    strict = list(simulation.unmoved(simulation.SIX, 4_000, 500, 10, 1, MonitoringSection()))
    loose = MonitoringSection(significance=0.4, separation=0.5001)
    found = list(simulation.unmoved(simulation.SIX, 4_000, 500, 10, 1, loose))
    assert (len(strict), sum(strict)) == (10, 0)
    assert sum(found) >= 2


def test_hard_tables_are_hard_and_alike(simulation: ModuleType) -> None:
    rng = np.random.default_rng(0)
    before, after = simulation.make_hard_table(rng, 4_000), simulation.make_hard_table(rng, 4_000)
    assert before.num_columns == 50
    missing = [[column.null_count / 4_000 for column in table.columns] for table in (before, after)]
    assert missing[0] == pytest.approx(missing[1], abs=0.06)
    assert (min(missing[0]), max(missing[0])) == pytest.approx((0, 0.3), abs=0.03)
    rare = before["c14"].drop_null().value_counts().field("counts").to_numpy()
    assert rare.min() < 20 < rare.max()
    assert list(simulation.unmoved(simulation.HARD, 4_000, 500, 1, 1, MonitoringSection())) == [False]


def test_every_kind_of_window_has_its_row(module: Callable[[str], ModuleType]) -> None:
    drift, rows = module("drift"), module("targets").ROWS
    assert {f"drift, rows as a whole, unmoved: {kind}" for kind in drift.WINDOWS} < set(rows)
    assert sum(runs for _, _, runs in drift.WINDOWS.values()) == 580
