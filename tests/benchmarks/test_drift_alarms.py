"""The simulation of the drift rule: it is the rule, it sees what it must, and it can fail."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from sevenfold.contracts.reference import FeatureBins, Reference
from sevenfold.drift.verdict import WindowDrift, alarms, window_drift
from sevenfold.plan.monitoring import MonitoringSection

SECTION = MonitoringSection()
BINS = 11


@pytest.fixture
def rule(module: Callable[[str], ModuleType]) -> ModuleType:
    return module("drift_alarms")


def reference_of(counts: np.ndarray) -> Reference:
    bins = FeatureBins(kind="number", names=tuple(f"b{i}" for i in range(len(counts))), counts=tuple(counts.tolist()))
    return Reference(rows=int(counts.sum()), features={"f": bins})


def judged(counts: np.ndarray, reference: np.ndarray) -> list[WindowDrift]:
    return [window_drift(str(i), {"f": now}, reference_of(reference), SECTION) for i, now in enumerate(counts)]


def test_windows_are_judged_as_the_rule_does(rule: ModuleType) -> None:
    rng = np.random.default_rng(0)
    reference = rng.multinomial(5_000, [1 / BINS] * BINS)
    counts = np.array([rng.multinomial(rows, rng.dirichlet([8] * BINS)) for rows in (150, 300, 2_000) * 20])
    flags = rule.drifted(counts, reference, SECTION.significance, SECTION)
    assert flags.tolist() == [window.verdict == "drifted" for window in judged(counts, reference)]
    assert 10 < flags.sum() < 35


@pytest.mark.parametrize("pattern", ["000", "100", "1001", "011", "101", "10010", "0110"])
def test_separate_windows_alarm_as_the_rule_does(rule: ModuleType, pattern: str) -> None:
    even = np.full(BINS, 100)
    moved = np.array([3_000] + [100] * (BINS - 1))
    windows = judged(np.array([moved if letter == "1" else even for letter in pattern]), even)
    # the alert looks back: an alarm in a window before the third counts from there
    flags = np.array([0, 0, *map(int, pattern)], dtype=bool)
    assert rule.any_alarm(flags, 1, SECTION) == bool(alarms(windows, SECTION))


def test_overlapping_looks_compare_windows_that_do_not_overlap(rule: ModuleType) -> None:
    flags = np.zeros(40, dtype=bool)
    flags[20:24] = True  # one window's luck, seen by four looks
    assert not rule.any_alarm(flags, 4, SECTION)
    flags[25] = True
    assert rule.any_alarm(flags, 4, SECTION)


def test_a_strict_level_holds_where_a_loose_one_alarms(rule: ModuleType) -> None:
    week = rule.Week(features=5, rows=200, windows=24)
    assert rule.false_alarms(week, 40, 1, SECTION) <= 0.05
    assert rule.false_alarms(week, 40, 1, SECTION.replaced(significance=0.2)) >= 0.5


def test_shifts_that_matter_are_seen_and_trifles_are_not(rule: ModuleType) -> None:
    for shift in rule.SHIFTS.values():
        assert rule.detected(shift, 2_000, 100, 1, SECTION, features=50) >= 0.95
    for shift in rule.TRIVIAL.values():
        assert rule.detected(shift, 1_000_000, 100, 1, SECTION, features=50) == 0
        assert sum(shift.after) == pytest.approx(1)


def test_every_shift_has_its_row(rule: ModuleType, module: Callable[[str], ModuleType]) -> None:
    rows = module("targets").ROWS
    assert {name.partition(": ")[2] for name in rows if name.startswith("drift, seen")} == set(rule.SHIFTS)
    assert {name.partition(": ")[2] for name in rows if name.startswith("drift, quiet")} == set(rule.TRIVIAL)
