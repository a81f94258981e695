"""Stages on Ray clusters that a real KubeRay makes for them and removes, however a stage ends."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.extended]

START_SECONDS = 900.0  # from a submission to the work on Ray, on a busy machine
REMOVAL_SECONDS = 120.0
MADE = re.compile(r"making the Ray cluster (\S+) of")
CLUSTER = "engine: ray\n  ray: {cluster: {workers: 1, cpu: 800m, memory: 3Gi}}"
SIGNAL = """import contextlib, os, pathlib, signal, sys
_, name, program = sys.argv
for each in pathlib.Path("/proc").glob("[0-9]*"):
    with contextlib.suppress(OSError):
        if program.encode() in (each / "cmdline").read_bytes() and each.name != str(os.getpid()):
            os.kill(int(each.name), signal.Signals[name])
            print("sent")
"""


@pytest.fixture
def project(kubeflow, tmp_path: Path) -> Path:
    """A project whose stages have KubeRay make clusters of one worker, with a table that no run has had before."""
    if "rayjobs.ray.io" not in kubeflow.kubectl("get", "crd", "-o", "name", fails=True):
        pytest.skip("needs KubeRay")
    folder: Path = kubeflow.project_on("ray", tmp_path, preparation=CLUSTER, tuning=CLUSTER)
    with (folder / "trains.csv").open("a") as table:  # so that its dataset is not taken from an earlier run
        table.write(f"{time.time() % 1:.6f},0.0,late\n")
    return folder


def the_run(project: Path) -> Path:
    return max((project / "runs").glob("*/cluster-*"), key=lambda path: path.stat().st_mtime)


def log_of(kubeflow, run: str) -> str:
    chosen = ("-l", f"pipeline/runid={run}", "-c", "main", "--tail=-1", "--max-log-requests=50")
    return str(kubeflow.kubectl("logs", *chosen, fails=True))


def made_name(log: str, stage: str) -> str:
    """Return the name of the cluster that a stage has asked for, or ""."""
    return next((name for name in MADE.findall(log) if name.startswith(stage)), "")


def of_cluster(kubeflow, name: str) -> list[str]:
    """Return what is left of a cluster; RayJob and Service, which cost nothing, go with the pod that owns them."""
    there = kubeflow.kubectl("get", "rayclusters,pods,secrets", "-o", "name").split()
    return [each for each in there if f"/{name}" in each]


def awaited(say: Callable[[], Any], what: str, seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while not (answer := say()):
        assert time.monotonic() < deadline, what
        time.sleep(2)
    return answer


def made_here(project: Path, folder: Path, trials: int) -> tuple[Path, Path]:
    """Return dataset and study of the project's plan without Ray, made in this process."""
    from sevenfold.pipelines.settings import stage_settings
    from sevenfold.plan import load_plan
    from sevenfold.preparation.stage import run_preparation
    from sevenfold.tuning.stage import run_tuning

    plan = load_plan(project / "plan.yaml")
    sections = {"preparation": {"engine": "process", "ray": {}}, "tuning": {"engine": "optuna", "ray": {}}}
    here = plan.model_copy(update={key: getattr(plan, key).replaced(**section) for key, section in sections.items()})
    settings, dataset, study = stage_settings(here), folder / "dataset", folder / "study"
    pages = {"page": folder / "page.html", "summary": folder / "page.md"}
    folder.mkdir()
    run_preparation(str(project / "trains.csv"), "", settings["prepare_data"], out=dataset, **pages)
    run_tuning(dataset, settings["tune_model"], out=study, trials=trials, **pages)
    return dataset, study


def test_clusters_are_made_used_and_removed_and_give_what_one_process_does(
    kubeflow, project: Path, tmp_path: Path
) -> None:
    from sevenfold.contracts.dataset import Dataset
    from sevenfold.contracts.study import TRIALS_FILE, Best
    from sevenfold.pipelines.store import Store

    done = kubeflow.submit(project, "--trials", "4", "--max-epochs", "3")
    assert done.returncode == 3, done.stdout + done.stderr  # the gate that nothing passes
    run = the_run(project)
    values = json.loads((run / "run.json").read_text())
    log = log_of(kubeflow, values["run"])
    assert '"message":"trial 4 of 4' in log
    for stage in ("preparation", "tuning"):
        name = made_name(log, stage)
        assert name
        awaited(lambda name=name: not of_cluster(kubeflow, name), f"{name} to go", REMOVAL_SECONDS)
        assert not kubeflow.kubectl("get", "rayjob", name, "--ignore-not-found")
    store, key = Store(values["root"]), f"{run.parent.name}/{values['run']}"
    for task, output in (("prepare-data", "dataset"), ("tune-model", "study")):
        assert store.bring(f"{key}/{task}", output, tmp_path / output)
    dataset, study = made_here(project, tmp_path / "here", 4)
    assert Dataset.open(tmp_path / "dataset").digest == Dataset.open(dataset).digest
    theirs, ours = (json.loads((folder / TRIALS_FILE).read_text()) for folder in (tmp_path / "study", study))
    assert theirs == ours
    assert Best.read(tmp_path / "study") == Best.read(study)


@pytest.mark.parametrize(
    ("stage", "end"),
    [
        ("preparation", "stopped"),
        ("preparation", "killed"),
        ("tuning", "stopped"),
        ("tuning", "killed"),
        ("tuning", "deleted"),
    ],
)
def test_a_cluster_goes_when_its_stage_does(kubeflow, project: Path, stage: str, end: str) -> None:
    """Stopped in Kubeflow, killed without a last word as for its memory, or with its pod."""
    if stage == "tuning":
        plan = project / "plan.yaml"
        plan.write_text(plan.read_text().replace(f"\npreparation:\n  {CLUSTER}\n", "\npreparation:\n"))
    started = kubeflow.submit(project, "--trials", "5000", "--max-epochs", "100", "--no-wait")
    assert started.returncode == 0, started.stdout + started.stderr
    run = json.loads((the_run(project) / "run.json").read_text())["run"]

    def said(message: str) -> str:
        log = awaited(
            lambda: f'"message":"{message}' in (found := log_of(kubeflow, run)) and found, message, START_SECONDS
        )
        return made_name(log, stage)

    try:
        name = said("trial 1 of" if stage == "tuning" else "joining Ray at")
        pods = [each for each in of_cluster(kubeflow, name) if each.startswith("pod/")]
        assert len(pods) == 2, pods
        if stage == "preparation":  # it would be done before long, so its worker does nothing
            [worker] = [pod for pod in pods if "-worker-" in pod]
            send(kubeflow, "SIGSTOP", "raylet", worker, "ray")
            assert said("connecting to Ray at") == name
        require_restricted(kubeflow, pods)
        job = json.loads(kubeflow.kubectl("get", "rayjob", name, "-o", "json"))
        pod = job["metadata"]["ownerReferences"][0]["name"]
        if end == "stopped":
            stop(run)
        elif end == "killed":
            send(kubeflow, "SIGKILL", "kfp.dsl.executor_main", pod, "main")
        else:
            stop(run)
            kubeflow.kubectl("delete", "pod", pod, "--grace-period=0", "--force")
        awaited(lambda: not of_cluster(kubeflow, name), f"{name} to go", REMOVAL_SECONDS)
    finally:
        with contextlib.suppress(urllib.error.HTTPError):  # it has ended
            stop(run)
        # the engine's next attempt may have made one that its pod has not joined yet
        if made := MADE.findall(log_of(kubeflow, run)):
            kubeflow.kubectl("delete", "rayjobs", "--ignore-not-found", "--wait=false", *made)


def send(kubeflow, signal: str, program: str, pod: str, container: str) -> None:
    """Send a signal to the processes of a program in a pod."""
    arguments = ("python", "-c", SIGNAL, signal, program)
    assert "sent" in kubeflow.kubectl("exec", pod, "-c", container, "--", *arguments)


def require_restricted(kubeflow, pods: list[str]) -> None:
    """Ask a namespace that enforces the restricted standard whether it would admit the pods."""
    for pod in json.loads(kubeflow.kubectl("get", *pods, "-o", "json"))["items"]:
        spec = {key: value for key, value in pod["spec"].items() if key not in ("nodeName", "serviceAccountName")}
        copy = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod["metadata"]["name"]}, "spec": spec}
        command = ["kubectl", "-n", "sevenfold", "create", "--dry-run=server", "-f", "-"]
        done = subprocess.run(command, input=json.dumps(copy), capture_output=True, text=True, check=False)
        assert done.returncode == 0 and "Warning" not in done.stderr, done.stderr


def stop(run: str) -> None:
    """Stop a run as its page in Kubeflow does, which takes long on a busy machine."""
    url = f"{os.environ['KF_PIPELINES_ENDPOINT']}/apis/v2beta1/runs/{run}:terminate"
    urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=120).close()  # noqa: S310 — http by contract
