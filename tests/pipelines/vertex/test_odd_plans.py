"""Plans with unusual settings are accepted by the stand-in, which reads them with the client's own types."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from google_cloud import GoogleCloud
from odd_plans import ODD, odd_plan
from typer.testing import CliRunner

from sevenfold.cli.main import app


@pytest.mark.extended
@pytest.mark.parametrize("name", ODD)
def test_an_odd_plan_is_started(
    name: str, cloud: GoogleCloud, plan_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(plan_file.parent)
    section = yaml.safe_load(plan_file.read_text())["vertex"]
    plan = {**odd_plan(name), "vertex": {**section, "serving": {}}}
    plan_file.write_text(yaml.safe_dump(plan, sort_keys=False, allow_unicode=True))
    done = CliRunner().invoke(app, ["submit", "plan.yaml", "--target", "vertex", "--no-wait"])
    assert done.exit_code == 0, done.exception
    (job,) = cloud.jobs.values()
    assert job.labels["sevenfold-plan"] == plan["name"]
    (record,) = Path("runs").glob("*/vertex-*/run.json")
    assert json.loads(record.read_text())["state"] == "running"
