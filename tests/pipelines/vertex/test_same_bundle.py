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

from sevenfold.contracts.bundle import Bundle
from sevenfold.pipelines.store import Store
from sevenfold.pipelines.targets import RunRequest
from sevenfold.pipelines.vertex.service import Service
from sevenfold.pipelines.vertex.submit import submit
from sevenfold.plan import load_plan

SECTION = "vertex: {project: our-models, region: europe-west4, root: 'gs://ours/runs', endpoint: 'ENDPOINT'}\n"
RUN_IR = """\
import json, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
from kfp import components, local
folder = Path(sys.argv[1])
local.init(
    runner=local.SubprocessRunner(use_venv=False), pipeline_root=str(folder / "artifacts"), raise_on_error=True
)
pipeline = components.load_component_from_file(str(folder / "pipeline.yaml"))
pipeline(**json.loads((folder / "run.json").read_text())["arguments"])
"""


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
    command = [sys.executable, "-c", RUN_IR, str(sent.folder.path)]
    there = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert there.returncode == 0, there.stdout[-3000:] + there.stderr[-2000:]
    command = [sys.executable, "-m", "sevenfold", "run", str(path), "--runs", str(tmp_path / "here")]
    here = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert here.returncode == 0, here.stdout[-3000:]
    (own,) = (tmp_path / "here" / "demo").glob("*/bundle")
    made = sent.folder.artifact("train-model", "bundle")
    assert made is not None
    assert Bundle.open(made).digest == Bundle.open(own).digest
    handed = sent.folder.artifact("hand-over", "handover")
    assert handed is not None
    assert json.loads((handed / "handover.json").read_text())["bundle_digest"] == Bundle.open(own).digest
