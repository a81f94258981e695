"""A plan whose loop can be watched, and windows of rows: as before, drifted, spoilt."""

from __future__ import annotations

from pathlib import Path

import numpy as np

PLAN = """\
version: 1
name: demo
data:
  source: demo.csv
  target: y
  task: binary
  columns:
    a: {kind: number}
    b: {kind: number}
    c: {kind: number}
    y: {kind: category, role: target}
tuning: {trials: 0}
training: {model: trees, max_epochs: 40}
testing: {metric: roc_auc, max_overfitting: 0.5, undecided: keep}
monitoring: {min_rows: 200, windows: 2, windows_drifted: 2}
retrain: {trigger: drift, data: new/*.csv, cooldown_hours: 1, max_runs_per_day: 2, min_rows: 500, max_forgetting: 0.05}
"""
ROWS = 1_200
WINDOW = 600


def rows(
    seed: int,
    count: int,
    *,
    drifted: bool = False,
    shuffled: bool = False,
    labelled: bool = True,
    changed: bool = False,
    tied: bool = False,
) -> str:
    """Rows of a world where y follows b; in the drifted one a is higher, and where it is, y follows c instead.

    In `shuffled` rows the targets belong to other rows, as after a join gone wrong. In `changed` ones a is as after a
    retraining on the drifted world, in every other row higher, and y follows the opposite of what it followed. In
    `tied` ones, a as in `changed`, b and c go together, and each of them is spread as ever.
    """
    random = np.random.default_rng(seed)
    a, b, c = random.normal(size=(3, count))
    a += 5.0 * (np.arange(count) % 2 if changed or tied else drifted)
    c = np.where(tied, b, c)
    chance = 1 / (1 + np.exp((3 if changed else -3) * np.where(a > 3, c, b)))
    y = np.where(random.random(count) < chance, "yes", "no")
    if shuffled:
        y = random.permutation(y)
    targets = y if labelled else [""] * count
    lines = [f"{row[0]:.5f},{row[1]:.5f},{row[2]:.5f},{row[3]}" for row in zip(a, b, c, targets, strict=True)]
    return "\n".join(["a,b,c,y", *lines]) + "\n"


def write_project(home: Path) -> Path:
    """Write the plan and its table, and return the plan's path."""
    (home / "new").mkdir(parents=True)
    (home / "demo.csv").write_text(rows(0, ROWS))
    (home / "plan.yaml").write_text(PLAN)
    return home / "plan.yaml"


def add_window(home: Path, number: int, **kind: bool) -> None:
    """Let one more window of new rows come."""
    (home / "new" / f"window-{number:02}.csv").write_text(rows(100 + number, WINDOW, **kind))
