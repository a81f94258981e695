"""What is repeated after a fault, by whom, and that nothing finished is done twice.

The engine's setting decides what it repeats: that of ``manifests/platform/pipelines`` is known by its expression.
"""

# No `from __future__ import annotations` here: kfp reads the signatures of the tasks below.
import hashlib
import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.extended]

PATIENCE = 420  # seconds for a run of one task
LEAKING = """\
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self, signature):
        super().__init__()
        self.layer = nn.Linear(len(signature.numeric), signature.outputs)
        self.leaked = []

    def forward(self, numeric, categorical):
        self.leaked.append(torch.ones(LEAK))
        return self.layer(numeric)


def build_model(signature, **settings):
    return Network(signature)
"""


@pytest.fixture(scope="module")
def patched(kubeflow) -> bool:
    """Whether the engine has our setting."""
    settings = kubeflow.kubectl("get", "configmap", "workflow-controller-configmap", "-o", "json")
    return "retryable" in json.loads(settings)["data"].get("workflowDefaults", "")


def attempts(kubeflow, run: str) -> dict[str, list[tuple[str, str]]]:
    """Return phase and message of each attempt of each task, first attempt first."""
    workflows = json.loads(kubeflow.kubectl("get", "workflows", "-l", f"pipeline/runid={run}", "-o", "json"))
    nodes: dict[str, Any] = workflows["items"][0]["status"]["nodes"] if workflows["items"] else {}
    tries: dict[str, list[tuple[int, str, str]]] = {}
    for node in nodes.values():
        task = re.search(r"\.([^.]+)\(0\)\.executor\((\d+)\)$", node["name"])
        if task:
            ended = (int(task[2]), node["phase"], node.get("message", ""))
            tries.setdefault(task[1].removesuffix("(0)"), []).append(ended)
    return {task: [(phase, message) for _, phase, message in sorted(tried)] for task, tried in tries.items()}


def awaited(say: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    deadline = time.monotonic() + seconds
    while not (answer := say()):
        assert time.monotonic() < deadline, what
        time.sleep(2)
    return answer


def pod_running(kubeflow, run: str, task: str) -> str:
    """Return the running pod of a task's own work, or ""."""
    pods = json.loads(kubeflow.kubectl("get", "pods", "-l", f"pipeline/runid={run}", "-o", "json"))
    for pod in pods["items"]:
        arguments = json.dumps(pod["spec"]["containers"])
        if "-impl-" in pod["metadata"]["name"] and task in arguments and pod["status"]["phase"] == "Running":
            return str(pod["metadata"]["name"])
    return ""


def faults(image: str, folder: Path) -> Path:
    """Compile one pipeline with a task for each of the five causes."""
    from kfp import compiler, dsl, kubernetes

    def component(function: Callable[..., None]) -> Any:
        return dsl.component(base_image=image, install_kfp_package=False)(function)

    @component
    def bad_input() -> None:
        from sevenfold.contracts.errors import DataError
        from sevenfold.runtime.failure import stage_boundary

        with stage_boundary("preparation"):
            raise DataError("no_rows", "The table must have rows, but has none.")

    @component
    def passing_fault() -> None:
        from sevenfold.contracts.errors import TemporaryError
        from sevenfold.runtime.failure import stage_boundary

        with stage_boundary("preparation"):
            raise TemporaryError("source_unreachable", "The store must answer, but did not.")

    @component
    def out_of_memory() -> None:
        taken = []
        while True:
            taken.append(bytearray(b"x" * 20_000_000))

    @component
    def deleted() -> None:
        import time

        time.sleep(40)

    @component
    def evicted() -> None:
        import time

        with open("/scratch/full", "wb") as stream:
            stream.write(b"x" * 40_000_000)
        time.sleep(150)

    @dsl.pipeline(name="faults")
    def pipeline() -> None:
        tasks = [made() for made in (bad_input, passing_fault, out_of_memory, deleted, evicted)]
        tasks[2].set_memory_limit("300Mi")
        kubernetes.empty_dir_mount(tasks[4], volume_name="scratch", mount_path="/scratch", size_limit="10Mi")
        for task in tasks:
            task.set_caching_options(False)

    path = folder / "faults.yaml"
    compiler.Compiler().compile(pipeline, str(path))
    return path


@pytest.mark.filterwarnings("ignore")
def test_the_engine_repeats_what_may_pass_and_never_bad_input(kubeflow, patched: bool, tmp_path: Path) -> None:
    from kfp import Client

    image = json.loads(kubeflow.images.read_text())["images"]["prepare"]
    client = Client(host=kubeflow.url)
    run = client.create_run_from_pipeline_package(
        str(faults(image, tmp_path)),
        run_name="faults",
        experiment_name="faults",
        service_account=os.environ.get("SEVENFOLD_TEST_ACCOUNT", "pipeline-runner"),
    ).run_id
    pod = awaited(lambda: pod_running(kubeflow, run, "deleted"), "a pod to delete")
    time.sleep(5)
    kubeflow.kubectl("delete", "pod", pod)
    assert client.wait_for_run_completion(run, timeout=PATIENCE, sleep_duration=5).state == "FAILED"
    tried = attempts(kubeflow, run)
    assert [phase for phase, _ in tried["deleted"]] == ["Error", "Succeeded"]
    wanted = {"bad-input": 1, "passing-fault": 3, "out-of-memory": 3, "evicted": 3}
    assert {task: len(tried[task]) for task in wanted} == (wanted if patched else dict.fromkeys(wanted, 1)), tried
    assert "OOMKilled" in tried["out-of-memory"][0][1]


def the_run(project: Path) -> Path:
    return max((project / "runs").glob("*/cluster-*"), key=lambda path: path.stat().st_mtime)


def training_section(project: Path, settings: str, resources: str = "") -> None:
    """Let the plan's training last, with nothing tuned before it, and no model pass: a ninth of the labels is wrong."""
    head, *rows = (project / "trains.csv").read_text().splitlines()
    other = {"late": "early", "early": "late"}
    rows[::9] = [f"{row.rpartition(',')[0]},{other[row.rpartition(',')[2]]}" for row in rows[::9]]
    (project / "trains.csv").write_text("\n".join([head, *rows]) + "\n")
    text = (project / "plan.yaml").read_text()
    text = re.sub(r"(?m)^training:\n(  .*\n)*", f"training:\n{settings}", text)
    (project / "plan.yaml").write_text(text + resources)


def weights(path: Path) -> str:
    return hashlib.sha256((path / "model.safetensors").read_bytes()).hexdigest()


def trained_here(project: Path, run: Path, tmp_path: Path) -> str:
    """Train on the run's own dataset and study, here and without a fault, and return the digest of the weights."""
    from sevenfold.pipelines.store import Store
    from sevenfold.plan import load_plan
    from sevenfold.plan.metrics import default_metric
    from sevenfold.training.train import train

    values = json.loads((run / "run.json").read_text())
    plan, store, key = load_plan(project / "plan.yaml"), Store(values["root"]), f"{run.parent.name}/{values['run']}"
    for task, output in (("prepare-data", "dataset"), ("tune-model", "study")):
        assert store.bring(f"{key}/{task}", output, tmp_path / output)
    metric, section = plan.testing.metric or default_metric(plan.data.task), plan.located(project).training
    digests = {"data": "sha256:0", "plan": "sha256:0"}
    train(tmp_path / "dataset", tmp_path / "study", section, metric, tmp_path / "bundle", name="here", digests=digests)
    return weights(tmp_path / "bundle")


@pytest.mark.soak
def test_a_deleted_training_goes_on_to_the_same_model(kubeflow, tmp_path: Path) -> None:
    project = kubeflow.write_project(tmp_path)
    training_section(project, "  max_epochs: 1500\n  patience: 1500\n")
    done = kubeflow.submit(project, "--trials", "0", "--no-wait")
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads((the_run(project) / "run.json").read_text())
    pod = awaited(lambda: pod_running(kubeflow, record["run"], "train_model"), "training to begin")
    awaited(lambda: epochs(kubeflow, pod) > 300, "some epochs", 120)
    kubeflow.kubectl("delete", "pod", pod)
    kubeflow.run(project, kubeflow.command("follow", record["run"]))
    run = the_run(project)
    assert "going on from where an earlier attempt stopped" in (run / "log.txt").read_text()
    assert [phase for phase, _ in attempts(kubeflow, record["run"])["train-model"]] == ["Error", "Succeeded"]
    assert weights(run / "bundle") == trained_here(project, run, tmp_path)


def epochs(kubeflow, pod: str) -> int:
    log = kubeflow.kubectl("logs", pod, "-c", "main", "--tail=3", fails=True)
    numbers = re.findall(r'"done":(\d+)', log)
    return int(numbers[-1]) if numbers else 0


def test_a_training_killed_for_its_memory_gets_through(kubeflow, patched: bool, tmp_path: Path) -> None:
    """A network that leaks is killed, begins again with an empty memory after its last checkpoint, and ends."""
    resources = 'resources: {training: {cpu: "1", memory: 900Mi}}\n'
    project = kubeflow.write_project(tmp_path)
    (project / "leaking.py").write_text(LEAKING.replace("LEAK", "16_000"))
    training_section(project, "  source: leaking.py\n  max_epochs: 300\n  patience: 300\n", resources)
    done = kubeflow.submit(project, "--trials", "0")
    runs = list((project / "runs").glob("*/cluster-*"))
    tried = attempts(kubeflow, json.loads((the_run(project) / "run.json").read_text())["run"])["train-model"]
    assert tried[-1][0] == "Succeeded", done.stdout
    if patched:
        assert (len(runs), tried[0][1]) == (1, "main: OOMKilled (exit code 1)")
    else:
        assert "train-model was killed for its memory: started again, 1 of 2 times" in done.stdout
        assert len(runs) > 1
    assert "going on from where an earlier attempt stopped" in (the_run(project) / "log.txt").read_text()
