"""The steps as the SDK writes them: rendered, and run by its own local mode with our real stages.

The SDK has an environment of its own. Where it asks for containers, `run_instead_of_docker.py` starts processes.
"""

import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
import pytest
from demo_run import ROWS, table
from sagemaker_jobs import JobRunner
from sagemaker_plans import ROOT, sagemaker_plan

from sevenfold.contracts.bundle import Bundle
from sevenfold.pipelines.sagemaker.jobs import settings_address, settings_files
from sevenfold.pipelines.store import Store
from sevenfold.plan import Plan

HERE = Path(__file__).parent
SDK = "sagemaker[local]==2.257.7"
pytestmark = pytest.mark.extended


def run_sdk(folder: Path, *arguments: str, **environment: str) -> str:
    """Run `render_by_sdk.py` in an environment of its own, which uv makes, and return what it printed."""
    quiet = folder / "sdk.yaml"  # else every call is reported to an address of AWS
    quiet.write_text("SchemaVersion: '1.0'\nSageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}\n")
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    done = subprocess.run(
        [uv, "run", "--no-project", "--python", "3.11", "--with", SDK, str(HERE / "render_by_sdk.py"), *arguments],
        cwd=folder,
        env={**os.environ, "SAGEMAKER_USER_CONFIG_OVERRIDE": str(quiet), **environment},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    (folder / "sdk.log").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    return done.stdout


def run_locally_by_sdk(plan: Plan, folder: Path) -> dict[str, Any]:
    """Put into the bucket what submit puts there, let the SDK run its steps, return how they ended."""
    rows, bucket = table(ROWS).encode(), boto3.client("s3")
    sent = {job.name: (settings_address(ROOT, content), content) for job, content in settings_files(plan)}
    kept = dict(sent.values()) | {"s3://bucket/demo.csv": rows, f"{ROOT}/demo/registry/README": b"empty"}
    for address, content in kept.items():
        bucket.put_object(Bucket="bucket", Key=address.removeprefix("s3://bucket/"), Body=content)
    given = folder / "given.json"
    parameters = {"data_digest": f"sha256:{sha256(rows).hexdigest()}"}
    addresses = {name: address for name, (address, _) in sent.items()}
    given.write_text(json.dumps({"settings": addresses, "parameters": parameters}))
    program = folder / "bin/docker"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {HERE / "run_instead_of_docker.py"} "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    run_sdk(folder, str(given), str(folder / "ended.json"), PATH=path, SEVENFOLD_PYTHON=sys.executable)
    return dict(json.loads((folder / "ended.json").read_text()))


def test_the_sdk_still_renders_what_is_kept(tmp_path: Path) -> None:
    assert run_sdk(tmp_path) == (HERE / "rendered_by_sdk.json").read_text()


@pytest.mark.usefixtures("account")
def test_a_promoted_model_has_the_bundle_of_every_other_run(promoted: JobRunner, tmp_path: Path) -> None:
    ended = run_locally_by_sdk(sagemaker_plan(), tmp_path)
    assert ended["status"] == "Succeeded", ended
    assert ended["steps"]["release-model"] == "Succeeded"
    assert "refused" not in ended["steps"]
    assert Store(ROOT).copy(f"{ROOT}/demo/{ended['run']}/train-model/bundle", tmp_path / "bundle")
    home = promoted.path(f"{ROOT}/demo/{promoted.execution}/train-model/bundle")
    assert Bundle.open(tmp_path / "bundle").digest == Bundle.open(home).digest


@pytest.mark.usefixtures("account")
def test_a_refused_model_ends_in_the_fail_step(refused: JobRunner, tmp_path: Path) -> None:
    sections = {"testing": {"gates": [{"metric": "log_loss", "at_most": 1e-6}]}}
    ended = run_locally_by_sdk(sagemaker_plan(sections), tmp_path)
    assert ended["status"] == "Failed", ended
    assert ended["steps"]["refused"] == "Failed"
    assert "release-model" not in ended["steps"]
    assert refused.ended["refused"].message in ended["reason"]
