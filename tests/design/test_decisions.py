from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sevenfold.contracts.schema import Task
from sevenfold.design.decisions import propose_decisions
from sevenfold.design.propose import propose_plan


@pytest.mark.parametrize(("positives", "by"), [(0.06, "f1"), (0.5, "balanced accuracy"), (0.94, "balanced accuracy")])
def test_a_binary_plan_chooses_its_threshold(tmp_path: Path, positives: float, by: str) -> None:
    random = np.random.default_rng(1)
    rows = [
        f"{x:.4f},{'yes' if y else 'no'}"
        for x, y in zip(random.normal(size=400), random.random(400) < positives, strict=True)
    ]
    (tmp_path / "t.csv").write_text("\n".join(["x,bought", *rows]) + "\n")
    proposal = propose_plan(tmp_path / "t.csv", "bought")
    assert proposal.plan.testing.threshold == "auto"
    assert proposal.plan.testing.metric == "roc_auc"
    remark = " ".join(line.strip(" #") for line in proposal.text.splitlines())
    assert f"here by {by}" in remark
    assert "costs: {false_positive: 1, false_negative: 10}" in remark


@pytest.mark.parametrize("task", [Task.MULTICLASS, Task.REGRESSION])
def test_another_task_has_no_threshold(task: Task) -> None:
    assert propose_decisions(task, 0.0) == ({}, "")
