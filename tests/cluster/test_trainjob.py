"""A fit in the pods of a TrainJob that a real Kubeflow Trainer runs, from a pipeline of a real Kubeflow."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.extended]

START_SECONDS = 900.0  # from a submission to the first epoch, on a busy machine
REMOVAL_SECONDS = 240.0  # of pods whose task was killed: they look for it every 15 s, for two minutes
PODS = "trainjob: {nodes: 2, cpu: 300m, memory: 1Gi}\n  model: network\n  settings: {dropout: 0.0, unknown: 0.0}"


@pytest.fixture
def project(kubeflow, tmp_path: Path) -> Path:
    """A project whose network is fitted in two pods; skipped where no Kubeflow Trainer has its runtime."""
    if "torch-distributed" not in kubeflow.kubectl("get", "clustertrainingruntimes", "-o", "name", fails=True):
        pytest.skip("needs Kubeflow Trainer")
    folder = kubeflow.project_on("train", tmp_path, training=PODS)
    text = (folder / "plan.yaml").read_text()
    (folder / "plan.yaml").write_text(re.sub(r"\n  model: auto\b.*", "", text))
    return folder


def the_run(project: Path) -> Path:
    return max((project / "runs").glob("*/cluster-*"), key=lambda path: path.stat().st_mtime)


def of_jobs(kubeflow) -> dict[str, Any]:
    """Return what there is of TrainJobs: pods by name, of those that run or wait."""
    pods = json.loads(kubeflow.kubectl("get", "pods", "-l", "app.kubernetes.io/component=train-job", "-o", "json"))
    alive = ("Pending", "Running")
    return {each["metadata"]["name"]: each for each in pods["items"] if each["status"]["phase"] in alive}


def awaited(say: Callable[[], Any], what: str, seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while not (answer := say()):
        assert time.monotonic() < deadline, what
        time.sleep(1)
    return answer


def test_two_pods_give_the_bundle_of_one_process(kubeflow, project: Path, tmp_path: Path) -> None:
    from sevenfold.contracts.bundle import Bundle
    from sevenfold.pipelines.store import Store
    from sevenfold.plan import load_plan
    from sevenfold.plan.metrics import default_metric
    from sevenfold.plan.threshold import threshold_rule
    from sevenfold.training.train import train

    with (project / "trains.csv").open("a") as table:  # so that no task is taken from an earlier run's cache
        table.write(f"{time.time() % 1:.6f},0.0,late\n")
    done = kubeflow.submit(project, "--trials", "0", "--max-epochs", "3")
    assert done.returncode == 3, done.stdout + done.stderr  # the gate that nothing passes
    values = json.loads((the_run(project) / "run.json").read_text())
    key, store = f"{the_run(project).parent.name}/{values['run']}", Store(values["root"])
    for task, output in (("prepare-data", "dataset"), ("tune-model", "study"), ("train-model", "bundle")):
        assert store.bring(f"{key}/{task}", output, tmp_path / output)
    plan = load_plan(project / "plan.yaml")
    alone = train(
        *(tmp_path / "dataset", tmp_path / "study", plan.training.alone.replaced(max_epochs=3)),
        *(plan.testing.metric or default_metric(plan.data.task), tmp_path / "here"),
        name=plan.name,
        digests={"data": "", "plan": plan.model_digest},
        rule=threshold_rule(plan.testing, plan.data.task),
    )
    metrics = Bundle.open(tmp_path / "bundle").info.metrics
    assert metrics == pytest.approx(alone.metrics, rel=1e-5)
    assert not json.loads(kubeflow.kubectl("get", "trainjobs", "-o", "json"))["items"]
    awaited(lambda: not of_jobs(kubeflow), "the pods to go", REMOVAL_SECONDS)


def test_its_pods_are_restricted_and_go_when_the_run_is_stopped(kubeflow, project: Path) -> None:
    text = (project / "plan.yaml").read_text()
    (project / "plan.yaml").write_text(re.sub(r"\n  patience: \d+", "\n  patience: 100000", text))
    started = kubeflow.submit(project, "--trials", "0", "--max-epochs", "100000", "--no-wait")
    assert started.returncode == 0, started.stdout + started.stderr
    run = json.loads((the_run(project) / "run.json").read_text())["run"]
    chosen = ("-l", f"pipeline/runid={run}", "-c", "main", "--tail=-1", "--max-log-requests=50")
    try:
        awaited(lambda: "epoch 1:" in kubeflow.kubectl("logs", *chosen, fails=True), "an epoch", START_SECONDS)
        pods = of_jobs(kubeflow)
        assert len(pods) == 2
        for pod in pods.values():
            require_restricted(pod)
    finally:
        stop(kubeflow, run)
    awaited(lambda: not of_jobs(kubeflow), "the pods to go", REMOVAL_SECONDS)


def require_restricted(pod: dict[str, Any]) -> None:
    """Ask a namespace that enforces the restricted standard whether it would admit a pod."""
    spec = {key: value for key, value in pod["spec"].items() if key not in ("nodeName", "serviceAccountName")}
    copy = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod["metadata"]["name"]}, "spec": spec}
    command = ["kubectl", "-n", "sevenfold", "create", "--dry-run=server", "-f", "-"]
    done = subprocess.run(command, input=json.dumps(copy), capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Warning" not in done.stderr, done.stderr


def stop(kubeflow, run: str) -> None:
    """Stop a run as its page in Kubeflow does, which takes long on a busy machine."""
    url = f"{kubeflow.url}/apis/v2beta1/runs/{run}:terminate"
    urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=120).close()  # noqa: S310 — http by contract
