"""From `sevenfold submit` to an endpoint that answers, by the command line: moto's server, the real stages as jobs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from demo_run import ROWS, table
from moto_endpoints import mend_moto
from sagemaker_jobs import JobRunner
from sagemaker_plans import ACCOUNT, ROOT, plan_text
from sealed_folders import running_predictor
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.bundle import Bundle
from sevenfold.pipelines.sagemaker.service import Execution, SageMaker


def says(*command: str) -> str:
    done = CliRunner().invoke(app, list(command), env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return done.output


def run_jobs(folder: Path, given: dict[str, Any]) -> JobRunner:
    """Carry out the pipeline that was registered, with the bucket's objects, and put what it leaves into the bucket."""
    s3 = boto3.client("s3")
    definition = json.loads(boto3.client("sagemaker").describe_pipeline(PipelineName="demo")["PipelineDefinition"])
    run = given["run"]
    made = JobRunner(definition, folder / "jobs", folder / "bucket", run, given["arguments"])
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="bucket")["Contents"]]
    for key in (key for key in keys if not key.endswith("/")):
        path = made.path(f"s3://bucket/{key}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(s3.get_object(Bucket="bucket", Key=key)["Body"].read())
    assert made.run() == "Succeeded", made.ended
    for path in (folder / "bucket/bucket").rglob("*"):
        if path.is_file():
            key = path.relative_to(folder / "bucket/bucket").as_posix()
            s3.put_object(Bucket="bucket", Key=key, Body=path.read_bytes())
    return made


@pytest.mark.extended
@pytest.mark.usefixtures("account")
def test_a_plan_is_submitted_and_its_endpoint_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    changes = mend_moto(monkeypatch)
    Path("plan.yaml").write_text(plan_text(serving={}))
    Path("demo.csv").write_text(table(ROWS))
    said = says("submit", "plan.yaml", "--target", "sagemaker", "--no-wait")
    (record,) = Path("runs/demo").glob("sagemaker-*/run.json")
    values = json.loads(record.read_text())
    assert f"sevenfold follow {values['run']}" in said
    made = run_jobs(tmp_path / "service", values)
    job = f"arn:aws:sagemaker:eu-central-1:{ACCOUNT}:processing-job"
    steps = [
        {"StepName": name, "StepStatus": ended.status, "Metadata": {"ProcessingJob": {"Arn": f"{job}/{name}"}}}
        for name, ended in made.ended.items()
        if name not in ("gate", "register-model")
    ]
    # moto carries nothing out, so it is told what the jobs of our runner did
    monkeypatch.setattr(SageMaker, "_steps", lambda service, arn: iter(steps))
    monkeypatch.setattr(SageMaker, "execution", lambda service, arn: Execution(arn, "demo", "Succeeded"))
    bundle = Bundle.open(made.path(f"{ROOT}/demo/{values['run']}/train-model/bundle"))
    with running_predictor(bundle.folder, tmp_path / "predictor", "serve") as (_, port, _log):
        changes.predictor = f"http://127.0.0.1:{port}/invocations"
        says("follow", values["run"])
        asked = (bundle.folder / "example_request.json").read_bytes()
        answer = boto3.client("sagemaker-runtime").invoke_endpoint(
            EndpointName="demo", ContentType="application/json", Body=asked
        )
        assert set(json.loads(answer["Body"].read())) == {"predictions"}
    (variant,) = boto3.client("sagemaker").describe_endpoint(EndpointName="demo")["ProductionVariants"]
    label = bundle.digest.removeprefix("sha256:")[:12]
    assert (variant["VariantName"], variant["CurrentWeight"]) == (f"v-{label}", 100.0)
    assert bundle.digest[:19] in says("history", "demo", "--target", "sagemaker")
    assert f"version   {label}  100 % of the requests" in says("status", "demo", "--target", "sagemaker")
    assert json.loads(record.read_text())["state"] == "promoted"
