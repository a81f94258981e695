"""Files of new rows: their order, their names, and that the same rows say nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from sevenfold.drift.verdict import WindowDrift
from sevenfold.pipelines.local.new_rows import NewRows, once_each, window_files, window_name
from sevenfold.plan import Plan, load_plan

PLAN = """\
version: 1
name: demo
data: {source: demo.csv, target: y, task: regression, columns: {a: {kind: number}, y: {kind: number, role: target}}}
retrain: {trigger: drift, data: "PATTERN"}
"""


def _plan(home: Path, pattern: str) -> Plan:
    (home / "plan.yaml").write_text(PLAN.replace("PATTERN", pattern))
    return load_plan(home / "plan.yaml")


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("new/*.csv", ["day-2.csv", "day-9.csv", "day-10.csv", "day-100.csv"]),
        ("new/*/rows.csv", ["2025-9/rows.csv", "2025-10/rows.csv"]),
        ("new/day-1.csv", ["day-1.csv"]),
    ],
)
def test_windows_stand_in_time_order_under_names_of_their_own(tmp_path: Path, pattern: str, names: list[str]) -> None:
    plan = _plan(tmp_path, pattern)
    for name in reversed(names):
        path = tmp_path / "new" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a,y\n1,2\n")
    files = window_files(plan, tmp_path)
    assert [window_name(path, plan, tmp_path) for path in files] == names


def test_nothing_has_come(tmp_path: Path) -> None:
    assert window_files(_plan(tmp_path, "new/*.csv"), tmp_path) == []


def _rows(name: str, digest: str, fault: str = "") -> NewRows:
    window = WindowDrift(label=name, rows=500, verdict="drift")
    return NewRows(path=Path(name), moment=0.0, window=window, counts={}, labelled=500, digest=digest, fault=fault)


def test_a_file_that_arrives_twice_is_one_window() -> None:
    first, again, other = once_each([_rows("a.csv", "1"), _rows("b.csv", "1"), _rows("c.csv", "2")])
    assert (first.fault, other.fault) == ("", "")
    assert first.window.verdict == other.window.verdict == "drift"
    assert again.fault == "b.csv holds the same bytes as a.csv"
    assert (again.window.verdict, again.labelled) == ("insufficient_data", 0)


def test_files_without_a_digest_are_not_the_same() -> None:
    assert [one.fault for one in once_each([_rows("a.csv", "", "no"), _rows("b.csv", "", "no")])] == ["no", "no"]
