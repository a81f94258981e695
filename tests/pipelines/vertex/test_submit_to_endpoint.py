"""From `sevenfold submit` to an endpoint that answers, by the command line: the submitted IR run by `kfp.local`."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from google_cloud import GoogleCloud
from sealed_folders import running_predictor
from typer.testing import CliRunner
from vertex_run import goes_to, run_ir

from sevenfold.cli.main import app
from sevenfold.contracts.bundle import Bundle


def says(*command: str) -> str:
    done = CliRunner().invoke(app, list(command), env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return done.output


def leave_in_bucket(cloud: GoogleCloud, folder: Path) -> dict[str, dict[str, str]]:
    """Put what the tasks left here into the bucket; return the addresses by task and output."""
    outputs: dict[str, dict[str, str]] = {}
    for output in folder.glob("artifacts/*/*/*"):
        home = f"ours/runs/left/{output.parent.name}/{output.name}"
        files = [path for path in output.rglob("*") if path.is_file()] if output.is_dir() else [output]
        for path in files:
            cloud.objects[f"{home}/{path.relative_to(output)}" if path != output else home] = path.read_bytes()
        if files:
            outputs.setdefault(output.parent.name, {})[output.name] = f"gs://{home}"
    return outputs


@pytest.mark.extended
def test_a_plan_is_submitted_and_its_endpoint_answers(
    cloud: GoogleCloud, plan_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plan_file.write_text(plan_file.read_text() + "  serving: {}\n")
    said = says("submit", "plan.yaml", "--target", "vertex", "--no-wait")
    (record,) = Path("runs/demo").glob("vertex-*/run.json")
    run = json.loads(record.read_text())["run"]
    assert f"sevenfold follow {run}" in said
    run_ir(record.parent.resolve())
    left = leave_in_bucket(cloud, record.parent)
    cloud.script = [goes_to("SUCCEEDED", dict.fromkeys(left, "SUCCEEDED"), left)]
    (folder,) = record.parent.glob("artifacts/*/train-model/bundle")
    bundle = Bundle.open(folder)
    with running_predictor(bundle.folder, tmp_path / "predictor") as (_, port, _log):
        cloud.endpoints.predictor = f"http://127.0.0.1:{port}/v1/models/demo:predict"
        says("follow", run)
        name = f"{cloud.parent}/endpoints/demo"
        asked = (bundle.folder / "example_request.json").read_bytes()
        address = f"{cloud.url}/v1/{name}:rawPredict"
        answer = httpx.post(address, content=asked, headers={"Authorization": "Bearer ours"}).json()
        assert set(answer) == {"predictions"}
    (deployed,) = cloud.endpoints.kept[name].deployed_models
    label = bundle.digest.removeprefix("sha256:")[:12]
    assert (deployed.display_name, dict(cloud.endpoints.kept[name].traffic_split)) == (label, {deployed.id: 100})
    assert bundle.digest[:19] in says("history", "demo", "--target", "vertex")
    assert f"version   {label}  100 % of the requests" in says("status", "demo", "--target", "vertex")
    assert json.loads(record.read_text())["state"] == "promoted"
