"""A run on the stand-in for Vertex AI: what its tasks leave in the bucket, and the states it goes through."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from google.cloud.aiplatform_v1 import types
from google_cloud import GoogleCloud

from sevenfold.contracts.handover import Handover
from sevenfold.contracts.manifest import seal
from sevenfold.report import Report
from sevenfold.report.page import write_report

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
State = types.PipelineTaskDetail.State


def run_ir(folder: Path) -> None:
    """Run the IR that a run's folder holds, as it was submitted, by `kfp.local`."""
    command = [sys.executable, "-c", RUN_IR, str(folder)]
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def leave(cloud: GoogleCloud, run: str, task: str, decision: str = "") -> dict[str, str]:
    """Put what a finished task leaves into the bucket; return the addresses by output."""
    home = f"ours/runs/1234/{run}/{task}_5678"
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        report = Report(stage="testing", title=task, headline=f"{task} of {run}", level="good")
        write_report(report, folder / "page.html")
        (folder / "page.html").rename(folder / "report")
        for stray in folder.iterdir():
            if stray.name != "report":
                stray.unlink()
        if decision:
            (folder / "evaluation").mkdir()
            document = {"decision": decision, "sentence": "Because."}
            (folder / "evaluation" / "evaluation.json").write_text(json.dumps(document))
            seal(folder / "evaluation", expected=["evaluation.json"])
        if task == "hand-over":
            handed = {name: f"gs://ours/{run}/{name}" for name in ("dataset", "bundle", "evaluation")}
            digests = {"bundle_digest": f"sha256:{'7' * 64}", "evaluation_digest": f"sha256:{'8' * 64}"}
            Handover(**handed, **digests).save(folder / "handover")
        for path in folder.rglob("*"):
            if path.is_file():
                cloud.objects[f"{home}/{path.relative_to(folder)}"] = path.read_bytes()
        return {path.name: f"gs://{home}/{path.name}" for path in folder.iterdir()}


def goes_to(
    state: str, tasks: dict[str, str], outputs: dict[str, dict[str, str]] | None = None, error: str = ""
) -> Callable[[Any], None]:
    """Return the change of a job to a state, its tasks to theirs, with the addresses of what they left."""

    def change(job: Any) -> None:
        job.state = types.PipelineState[f"PIPELINE_STATE_{state}"]
        job.job_detail.task_details = [
            _task(number, task, state_of_task, (outputs or {}).get(task, {}), error)
            for number, (task, state_of_task) in enumerate(tasks.items())
        ]

    return change


def _task(number: int, name: str, state: str, outputs: dict[str, str], error: str) -> Any:
    lists = {
        output: types.PipelineTaskDetail.ArtifactList(artifacts=[types.Artifact(uri=uri)])
        for output, uri in outputs.items()
    }
    container = types.PipelineTaskExecutorDetail.ContainerDetail(
        main_job=f"projects/1/locations/europe-west4/customJobs/job-{name}"
    )
    made = types.PipelineTaskDetail(
        task_id=number,
        task_name=name,
        state=State[state],
        outputs=lists,
        executor_detail=types.PipelineTaskExecutorDetail(container_detail=container),
    )
    if state == "FAILED":
        made.error = {"code": 9, "message": error or "The replica exited with a non-zero status of 1."}
    return made
