"""A plan on a real Kubeflow, with images that were built and pushed."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

SMALL = ("--trials", "2", "--max-epochs", "3")
NETWORK = """\
from torch import nn


class Network(nn.Module):
    def __init__(self, signature):
        super().__init__()
        self.layer = nn.Linear(len(signature.numeric), signature.outputs)

    def forward(self, numeric, categorical):
        return self.layer(numeric)
"""


@pytest.fixture(scope="module")
def project(kubeflow, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = kubeflow.write_project(tmp_path_factory.mktemp("project"))
    (folder / "ours").mkdir()
    (folder / "ours" / "network.py").write_text(NETWORK)
    build = "from .network import Network\n\n\ndef build_model(signature, **settings):\n    return Network(signature)\n"
    (folder / "ours" / "__init__.py").write_text(build)
    plan = (folder / "plan.yaml").read_text()
    (folder / "plan.yaml").write_text(plan.replace("\ntraining:\n", "\ntraining:\n  source: ours\n"))
    return folder


def the_run(project: Path) -> Path:
    return max((project / "runs").glob("*/cluster-*"), key=lambda path: path.stat().st_mtime)


@pytest.mark.soak
def test_a_run_goes_on_without_us_the_server_and_the_controller(kubeflow, project: Path) -> None:
    fresh = ("--seed", str(secrets.randbelow(1_000_000)))  # nothing of it comes from an earlier run's cache
    with (project / "output.txt").open("w+") as output:
        # a test runner in the background ignores Ctrl-C, and hands that on
        started = subprocess.Popen(
            kubeflow.submission(*SMALL, *fresh),
            cwd=project,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        deadline = time.monotonic() + 240
        while "2 preparation" not in (project / "output.txt").read_text():
            assert started.poll() is None, (project / "output.txt").read_text()
            assert time.monotonic() < deadline
            time.sleep(1)
        started.send_signal(signal.SIGINT)
        assert started.wait(timeout=30) == 1
    text = (project / "output.txt").read_text()
    assert "ours.zip" in text
    [number] = re.findall(r"Come back with: sevenfold follow (\S+)", text)
    assert "Traceback" not in text
    kubeflow.kubectl("delete", "pod", "-l", "app in (ml-pipeline, workflow-controller)", "--wait=false")
    done = kubeflow.run(project, kubeflow.command("follow", number))
    assert done.returncode == 3, done.stdout + done.stderr
    run = the_run(project)
    assert json.loads((run / "run.json").read_text())["state"] == "refused"
    page = (run / "report.html").read_text()
    for stage in ("1 design", "2 preparation", "3 tuning", "4 training", "5 testing"):
        assert re.search(f"[✓!✗] {stage}", done.stdout), stage
    assert page.count("<section") >= 5
    assert (run / "bundle" / "model.onnx").is_file()
    assert json.loads((run / "bundle" / "bundle.json").read_text())["digests"]["source"].startswith("sha256:")
    assert not [path for path in run.rglob("*.parquet") if "evaluation" not in str(path)]


@pytest.mark.extended
def test_the_same_plan_registers_nothing_and_repeats_little(kubeflow, project: Path) -> None:
    before = json.loads((the_run(project) / "run.json").read_text())
    done = kubeflow.submit(project, *SMALL, "--seed", str(before["arguments"]["seed"]))
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"version {before['version']} was there already" in done.stdout
    run = the_run(project)
    assert json.loads((run / "run.json").read_text())["run"] != before["run"]
    assert "4 training" in done.stdout
    assert (run / "bundle" / "model.onnx").is_file(), "what came from the cache is brought from the run that made it"


@pytest.mark.extended
def test_bad_data_is_told_with_task_pod_and_page(kubeflow, project: Path) -> None:
    (project / "bad.csv").write_text("a,b,other\n1,2,x\n")
    done = kubeflow.submit(project, "--data", "bad.csv")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "preparation failed" in done.stdout or "design failed" in done.stdout
    assert re.search(r"^ +task +(prepare-data|explore-data)$", done.stdout, re.MULTILINE)
    [pod] = re.findall(r"^ +pod +(\S+)$", done.stdout, re.MULTILINE)
    assert '"exit_status":2' in kubeflow.kubectl("logs", pod, "-c", "main")
    assert "/#/runs/details/" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.extended
def test_a_plan_has_one_schedule_which_starts_runs(kubeflow, project: Path) -> None:
    bad = ("--data", "bad.csv")  # a run that ends at once: that it starts is what counts
    (project / "bad.csv").write_text("a,b,other\n1,2,x\n")
    first = kubeflow.submit(project, *bad, "--cron", "30 2 * * 1")
    assert first.returncode == 0, first.stdout + first.stderr
    try:
        second = kubeflow.submit(project, *bad, "--every", "30")
        assert "in place of 1 earlier" in second.stdout
        [listed] = [line for line in schedules(kubeflow, project) if line.startswith("trains ")]
        assert "every 30 s" in listed
        deadline = time.monotonic() + 180
        while not started_by(kubeflow, listed.split()[-1]):
            assert time.monotonic() < deadline, "no run in three minutes"
            time.sleep(5)
    finally:
        gone = kubeflow.run(project, kubeflow.command("schedules", "--remove", "trains"))
    # the run it started goes on, so the schedule is stopped and no more
    assert gone.stdout.split()[0] in ("removed", "stopped;")
    left = [line for line in schedules(kubeflow, project) if line.startswith("trains ")]
    assert all(line.endswith("DISABLED") for line in left)


def schedules(kubeflow, project: Path) -> list[str]:
    return kubeflow.run(project, kubeflow.command("schedules")).stdout.splitlines()


def started_by(kubeflow, schedule: str) -> list[str]:
    workflows = json.loads(kubeflow.kubectl("get", "workflows", "-o", "json"))["items"]
    return [flow["metadata"]["name"] for flow in workflows if schedule in json.dumps(flow["metadata"])]
