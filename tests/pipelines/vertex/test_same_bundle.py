"""The very IR that is submitted, run by `kfp.local`, makes the bundle that `sevenfold run` makes of the same plan."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from demo_run import PLAN, ROWS, table
from google_cloud import GoogleCloud
from vertex_run import run_ir

from sevenfold.contracts.bundle import Bundle
from sevenfold.pipelines.store import Store
from sevenfold.pipelines.targets import RunRequest
from sevenfold.pipelines.vertex.service import Service
from sevenfold.pipelines.vertex.submit import submit
from sevenfold.plan import load_plan

SECTION = "vertex: {project: our-models, region: europe-west4, root: 'gs://ours/runs', endpoint: 'ENDPOINT'}\n"


@pytest.mark.extended
def test_the_submitted_ir_makes_the_same_bundle(cloud: GoogleCloud, tmp_path: Path) -> None:
    (tmp_path / "demo.csv").write_text(table(ROWS))
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN + SECTION.replace("ENDPOINT", cloud.url))
    plan = load_plan(path)
    assert plan.vertex is not None
    asked = RunRequest(plan_path=path, runs=tmp_path / "runs")
    sent = submit(asked, plan, Service(plan.vertex), Store(plan.vertex.root), lambda text: None)
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    run_ir(sent.folder.path)
    command = [sys.executable, "-m", "sevenfold", "run", str(path), "--runs", str(tmp_path / "here")]
    here = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    assert here.returncode == 0, here.stdout[-3000:]
    (own,) = (tmp_path / "here" / "demo").glob("*/bundle")
    made = sent.folder.artifact("train-model", "bundle")
    assert made is not None
    assert Bundle.open(made).digest == Bundle.open(own).digest
    handed = sent.folder.artifact("hand-over", "handover")
    assert handed is not None
    assert json.loads((handed / "handover.json").read_text())["bundle_digest"] == Bundle.open(own).digest
