"""Proposed gates ask for half of what a line gains, never for more than the test rows can show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sevenfold.design.propose import propose_plan


def gates_of(folder: Path, columns: dict[str, object], target: str) -> tuple[list[tuple[str, float | None]], str]:
    path = folder / "table.csv"
    pl.DataFrame(columns).write_csv(path)
    proposal = propose_plan(path, target)
    section = proposal.text[proposal.text.index("testing:") :]
    remark = section[: section.index("gates:")].replace("\n  #", "")
    return [(gate.metric, gate.at_least) for gate in proposal.plan.testing.gates], remark


def test_a_strong_line_makes_a_limit_halfway(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=4_000)
    names = np.where(x + 0.8 * rng.normal(size=4_000) > 0, "yes", "no")
    (gate,), remark = gates_of(tmp_path, {"x": x, "y": names}, "y")
    from sklearn.metrics import roc_auc_score

    area = roc_auc_score(names == "yes", x)
    assert gate[0] == "roc_auc"
    assert gate[1] == pytest.approx(0.5 + (area - 0.5) / 2, abs=0.011)
    assert f"roc_auc {area:.2f}" in remark and "Half of the gain" in remark and "800 test rows" in remark


def test_few_rows_lower_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=150)
    names = np.where(x + 0.8 * rng.normal(size=150) > 0, "yes", "no")
    (gate,), remark = gates_of(tmp_path, {"x": x, "y": names}, "y")
    assert 0.5 <= (gate[1] or 0) < 0.66
    assert "30 test rows" in remark or "gains nothing" in remark


@pytest.mark.parametrize(("task", "expected"), [("class", ("roc_auc", 0.5)), ("value", ("r2", 0.0))])
def test_without_a_gain_the_limit_is_the_constants(task: str, expected: tuple[str, float], tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    y = rng.choice(["a", "b"], 800) if task == "class" else rng.normal(size=800)
    (gate,), remark = gates_of(tmp_path, {"x": rng.normal(size=800), "z": rng.normal(size=800), "y": y}, "y")
    assert gate == expected
    assert "gains nothing over a constant" in remark


def test_a_value_is_judged_by_r2(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=3_000)
    (gate,), _ = gates_of(tmp_path, {"x": x, "y": 50 + 3 * x + 3 * rng.normal(size=3_000)}, "y")
    assert gate[0] == "r2"
    assert gate[1] == pytest.approx(0.25, abs=0.03)
