"""A search on a Ray cluster that a real KubeRay makes for it and removes, however the search ends."""

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

START_SECONDS = 420.0  # from a submission to the first trial
REMOVAL_SECONDS = 120.0
MADE = re.compile(r"making the Ray cluster (\S+) of")
CLUSTER = "engine: ray\n  ray: {cluster: {workers: 1, cpu: 800m, memory: 3Gi}}"
KILL = "import os, signal, pathlib\n" + (
    "for each in pathlib.Path('/proc').glob('[0-9]*'):\n"
    "  if b'kfp.dsl.executor_main' in (each / 'cmdline').read_bytes() and each.name != str(os.getpid()):\n"
    "    os.kill(int(each.name), signal.SIGKILL)\n"
)


@pytest.fixture
def project(kubeflow, tmp_path: Path) -> Path:
    """A project whose search has KubeRay make a cluster of one worker; skipped where no KubeRay runs."""
    if "rayjobs.ray.io" not in kubeflow.kubectl("get", "crd", "-o", "name", fails=True):
        pytest.skip("needs KubeRay")
    return kubeflow.project_on("ray", tmp_path, "tuning", CLUSTER)


def the_run(project: Path) -> Path:
    return max((project / "runs").glob("*/cluster-*"), key=lambda path: path.stat().st_mtime)


def log_of(kubeflow, run: str) -> str:
    chosen = ("-l", f"pipeline/runid={run}", "-c", "main", "--tail=-1", "--max-log-requests=50")
    return str(kubeflow.kubectl("logs", *chosen, fails=True))


def made_name(log: str) -> str:
    """Return the name of the cluster that a search has asked for, or ""."""
    made = MADE.search(log)
    return made[1] if made else ""


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


def searched_here(project: Path, run: Path, tmp_path: Path, trials: int) -> tuple[Path, Path]:
    """Return the run's study folder, and that of the same search by Optuna in this process."""
    from sevenfold.contracts.canonical import canonical_json
    from sevenfold.pipelines.store import Store
    from sevenfold.plan import load_plan
    from sevenfold.plan.metrics import default_metric
    from sevenfold.tuning.stage import run_tuning

    values = json.loads((run / "run.json").read_text())
    plan, store, key = load_plan(project / "plan.yaml"), Store(values["root"]), f"{run.parent.name}/{values['run']}"
    for task, output in (("prepare-data", "dataset"), ("tune-model", "study")):
        assert store.bring(f"{key}/{task}", output, tmp_path / output)
    tuning = {**plan.tuning.model_dump(mode="json"), "engine": "optuna"}
    training = plan.training.model_dump(mode="json")
    given = {"tuning": tuning, "training": training, "metric": plan.testing.metric or default_metric(plan.data.task)}
    here = tmp_path / "here"
    pages = {"page": tmp_path / "page.html", "summary": tmp_path / "page.md"}
    run_tuning(tmp_path / "dataset", canonical_json(given), out=here, trials=trials, **pages)
    return tmp_path / "study", here


def test_a_cluster_is_made_used_and_removed_and_finds_what_optuna_finds(
    kubeflow, project: Path, tmp_path: Path
) -> None:
    from sevenfold.contracts.study import TRIALS_FILE, Best

    with (project / "trains.csv").open("a") as table:  # so that its dataset is not one of an earlier run
        table.write(f"{time.time() % 1:.6f},0.0,late\n")
    done = kubeflow.submit(project, "--trials", "4", "--max-epochs", "3")
    assert done.returncode == 3, done.stdout + done.stderr  # the gate that nothing passes
    run = the_run(project)
    log = log_of(kubeflow, json.loads((run / "run.json").read_text())["run"])
    name = made_name(log)
    assert name
    assert '"message":"trial 4 of 4' in log
    awaited(lambda: not of_cluster(kubeflow, name), f"{name} to go", REMOVAL_SECONDS)
    theirs, ours = searched_here(project, run, tmp_path, 4)
    assert json.loads((theirs / TRIALS_FILE).read_text()) == json.loads((ours / TRIALS_FILE).read_text())
    assert Best.read(theirs) == Best.read(ours)


@pytest.mark.parametrize("end", ["stopped", "killed", "deleted"])
def test_a_cluster_goes_when_its_search_does(kubeflow, project: Path, end: str) -> None:
    """Stopped in Kubeflow, killed without a last word as for its memory, or with its pod."""
    started = kubeflow.submit(project, "--trials", "5000", "--max-epochs", "100", "--no-wait")
    assert started.returncode == 0, started.stdout + started.stderr
    run = json.loads((the_run(project) / "run.json").read_text())["run"]
    try:
        log = awaited(
            lambda: '"message":"trial 1 of' in (said := log_of(kubeflow, run)) and said, "a trial", START_SECONDS
        )
        name = made_name(log)
        pods = [each for each in of_cluster(kubeflow, name) if each.startswith("pod/")]
        assert len(pods) == 2, pods
        require_restricted(kubeflow, pods)
        job = json.loads(kubeflow.kubectl("get", "rayjob", name, "-o", "json"))
        pod = job["metadata"]["ownerReferences"][0]["name"]
        if end == "stopped":
            stop(run)
        elif end == "killed":
            kubeflow.kubectl("exec", pod, "-c", "main", "--", "python", "-c", KILL)
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


def require_restricted(kubeflow, pods: list[str]) -> None:
    """Ask a namespace that enforces the restricted standard whether it would admit the pods."""
    for pod in json.loads(kubeflow.kubectl("get", *pods, "-o", "json"))["items"]:
        spec = {key: value for key, value in pod["spec"].items() if key not in ("nodeName", "serviceAccountName")}
        copy = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod["metadata"]["name"]}, "spec": spec}
        command = ["kubectl", "-n", "sevenfold", "create", "--dry-run=server", "-f", "-"]
        done = subprocess.run(command, input=json.dumps(copy), capture_output=True, text=True, check=False)
        assert done.returncode == 0 and "Warning" not in done.stderr, done.stderr


def stop(run: str) -> None:
    """Stop a run as its page in Kubeflow does."""
    url = f"{os.environ['KF_PIPELINES_ENDPOINT']}/apis/v2beta1/runs/{run}:terminate"
    urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=30).close()  # noqa: S310 — http by contract
