"""`init` and `run`, untouched, on tables of other people: each is carried to a served model."""

import importlib.util
import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("tables", Path(__file__).with_name("conftest.py"))
assert _spec is not None and _spec.loader is not None
tables = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tables)


def call(command: list[str], *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(
        [*command, *arguments], cwd=cwd, capture_output=True, text=True, env=environment, timeout=900, check=False
    )


def carried(command: list[str], name: str, folder: Path, *options: str) -> dict:
    make, target, task = {**tables.TABLES, **tables.LARGE}[name]
    made = call(command, "init", make(folder).name, "--target", target, cwd=folder)
    assert made.returncode == 0, made.stdout + made.stderr
    done = call(command, "run", "plan.yaml", *options, cwd=folder)
    log = next(folder.glob("runs/*/1/log.txt"), None)
    assert done.returncode == 0, done.stdout + done.stderr + (log.read_text()[-3000:] if log else "")
    run = next(folder.glob("runs/*/1"))
    evaluation = json.loads((run / "evaluation" / "evaluation.json").read_text())
    assert evaluation["task"] == task
    return {"run": run, "evaluation": evaluation, "printed": done.stdout}


@pytest.fixture(scope="module")
def carrying(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sevenfold_command: list[str]
) -> Iterator[dict[str, Future[dict]]]:
    """The runs of all tables that are asked for, two at a time: one alone keeps one core busy."""
    asked = [item.callspec.params["name"] for item in request.session.items if item.path == request.path]
    with ThreadPoolExecutor(max_workers=2) as pool:
        options = {"arrivals": ("--trials", "0", "--max-epochs", "2")}
        yield {
            name: pool.submit(carried, sevenfold_command, name, tmp_path_factory.mktemp(name), *options.get(name, ()))
            for name in asked
        }


@pytest.mark.slow
@pytest.mark.parametrize("name", list(tables.TABLES))
def test_a_table_is_carried_to_a_served_model(name: str, carrying: dict[str, Future[dict]]) -> None:
    found = carrying[name].result()
    scores, baseline = found["evaluation"]["scores"], found["evaluation"]["baseline_scores"]
    # No worse than always naming the most frequent class, or the mean.
    if "accuracy" in scores:
        assert scores["log_loss"] <= baseline["log_loss"]
    else:
        assert scores["rmse"] <= baseline["rmse"]
    assert (found["run"] / "report.html").stat().st_size > 50_000
    assert "promoted" in found["printed"]


@pytest.mark.slow
@pytest.mark.parametrize("name", list(tables.LARGE))
def test_a_table_of_336_776_rows_is_carried_too(name: str, carrying: dict[str, Future[dict]]) -> None:
    found = carrying[name].result()
    scores = found["evaluation"]["scores"]
    assert scores["rmse"] <= found["evaluation"]["baseline_scores"]["rmse"]
    quarantined = json.loads((found["run"] / "dataset" / "manifest.json").read_text())["files"]["quarantine.parquet"]
    assert quarantined["rows"] == 9430  # flights that never arrived
