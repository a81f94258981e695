"""Plans with unusual settings are accepted by moto's server as they are submitted."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest
import yaml
from demo_run import ROWS, table
from odd_plans import ODD, odd_plan
from sagemaker_plans import REGISTRY, SECTION
from typer.testing import CliRunner

from sevenfold.cli.main import app


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("name", ODD)
def test_an_odd_plan_is_started(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = {**odd_plan(name), "images": {"registry": REGISTRY}, "sagemaker": {**SECTION, "serving": {}}}
    Path("plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False, allow_unicode=True))
    Path("demo.csv").write_text(table(ROWS))
    done = CliRunner().invoke(app, ["submit", "plan.yaml", "--target", "sagemaker", "--no-wait"])
    assert done.exit_code == 0, done.exception
    there = boto3.client("sagemaker").describe_pipeline(PipelineName=plan["name"])
    assert [step["Name"] for step in json.loads(there["PipelineDefinition"])["Steps"]][-1] == "gate"
    (record,) = Path("runs").glob("*/sagemaker-*/run.json")
    assert json.loads(record.read_text())["state"] == "running"
