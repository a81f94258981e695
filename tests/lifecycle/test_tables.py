"""`init` and `run`, untouched, on tables of other people: each goes all the way to a serving model."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from public_tables import LARGE, TABLES

# A model of each task with the search as it is by default; the others are about their columns, not about the search.
SEARCHED = ("diabetes", "penguin_sex", "seattle_weather")


@dataclass(frozen=True)
class Run:
    """What one run left: its folder, its evaluation and what it printed."""

    folder: Path
    evaluation: dict[str, Any]
    printed: str


def sevenfold(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
    command = [sys.executable, "-m", "sevenfold", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=environment, timeout=900, check=False)


def init_and_run(name: str, folder: Path, *options: str) -> Run:
    make, target, task = {**TABLES, **LARGE}[name]
    planned = sevenfold("init", make(folder).name, "--target", target, cwd=folder)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    done = sevenfold("run", "plan.yaml", *options, cwd=folder)
    log = next(folder.glob("runs/*/1/log.txt"), None)
    assert done.returncode == 0, done.stdout + done.stderr + (log.read_text()[-3000:] if log else "")
    run = next(folder.glob("runs/*/1"))
    evaluation = json.loads((run / "evaluation" / "evaluation.json").read_text())
    assert evaluation["task"] == task
    return Run(run, evaluation, done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(TABLES))
def test_a_table_goes_all_the_way_to_a_serving_model(name: str, tmp_path: Path) -> None:
    run = init_and_run(name, tmp_path, *(() if name in SEARCHED else ("--trials", "0")))
    scores, baseline = run.evaluation["scores"], run.evaluation["baseline_scores"]
    # No worse than always naming the most frequent class, or the mean.
    if "accuracy" in scores:
        assert scores["log_loss"] <= baseline["log_loss"]
    else:
        assert scores["rmse"] <= baseline["rmse"]
    assert (run.folder / "report.html").stat().st_size > 50_000
    assert "promoted" in run.printed
    # Easy tables are nearly perfect by several columns: no alarm.
    assert "suspect" not in {gate["kind"] for gate in run.evaluation["gates"]}
    assert [plain["kind"] for plain in run.evaluation["plain"]] == ["constant", "linear"]
    assert all(plain["score"] is not None for plain in run.evaluation["plain"])
    score = run.printed.index(f"{run.evaluation['metric']} on {run.evaluation['rows']['test']:,} test rows")
    assert score < run.printed.index("\npromoted")
    assert "sevenfold serve runs/" in run.printed
    # The predictor of the run has ended, so nothing may name its address.
    assert "127.0.0.1" not in run.printed + (run.folder / "report.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", list(LARGE))
def test_a_table_of_336_776_rows_does_too(name: str, tmp_path: Path) -> None:
    run = init_and_run(name, tmp_path, "--trials", "0", "--max-epochs", "2")
    assert run.evaluation["scores"]["rmse"] <= run.evaluation["baseline_scores"]["rmse"]
    quarantined = json.loads((run.folder / "dataset" / "manifest.json").read_text())["files"]["quarantine.parquet"]
    assert quarantined["rows"] == 9430  # flights that never arrived
