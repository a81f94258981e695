"""A fit in the pods of a TrainJob: pods are processes of this machine, which a Trainer that is played starts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from sevenfold.cluster.objects import Cluster, Conflict
from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.training import TrainingSection
from sevenfold.runtime.checkpoint import store_at
from sevenfold.training.data import TrainingData
from sevenfold.training.pytorch import trainjob
from sevenfold.training.pytorch.fit import Fitted, fit
from sevenfold.training.pytorch.pod import LOOK_SECONDS, SILENT_SECONDS, Watch
from sevenfold.training.pytorch.shared_job import ALIVE
from sevenfold.training.pytorch.tensors import Tensors, load_tensors
from sevenfold.training.pytorch.trainjob import fit_in_trainjob

PLAIN = {"dropout": 0.0, "unknown": 0.0}  # no random numbers but those of weights and order
BUCKET = "shared"
ADDRESS = f"s3://{BUCKET}/checkpoints"
POD: dict[str, Any] = {"containers": [{"name": "wait"}, {"name": "main", "image": "train:1", "env": []}]}
FAILS = """
from torch import nn

class Net(nn.Linear):
    def forward(self, numeric, categorical):
        raise ValueError("no such layer")

def build_model(signature):
    return Net(len(signature.numeric), signature.outputs)
"""


class Trainer(Cluster):
    """A namespace whose TrainJobs become processes of this machine, with the variables that Kubeflow Trainer sets."""

    def __init__(self) -> None:
        self.namespace, self.jobs, self.pods = "team", dict[str, dict[str, Any]](), list[subprocess.Popen[str]]()
        self.logs, self.starts, self.answer_is_lost, self.failed = list[Path](), True, False, ""

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        if kind == "Pod":
            return {"spec": POD} if name == "pod" else None
        if name not in self.jobs:
            return None
        codes = [pod.poll() for pod in self.pods]
        over = "Failed" if self.failed or any(codes) else "Complete" if codes and set(codes) == {0} else ""
        condition = {"type": over, "status": "True", "message": self.failed}
        return {"status": {"conditions": [{"type": "Suspended", "status": "False"}, *[condition] * bool(over)]}}

    def create(self, manifest: Any) -> dict[str, Any]:
        name, trainer = manifest["metadata"]["name"], manifest["spec"]["trainer"]
        self.jobs[name] = manifest
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        said = {"NNODES": trainer["numNodes"], "NPROC_PER_NODE": trainer["numProcPerNode"]}
        said |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        for rank in range(trainer["numNodes"] if self.starts else 0):
            variables = {f"PET_{key}": str(value) for key, value in {**said, "NODE_RANK": rank}.items()}
            command = [sys.executable, *trainer["command"][1:]]
            log = Path(tempfile.mkstemp(prefix="pod-")[1])
            self.logs.append(log)
            with log.open("w") as out:
                environment = {**os.environ, **variables, "GLOO_SOCKET_IFNAME": "lo"}
                self.pods.append(subprocess.Popen(command, env=environment, stderr=out, text=True))
        if self.answer_is_lost:
            raise Conflict("changed_meanwhile", "there is one")
        return dict(manifest)

    def delete(self, kind: str, name: str) -> None:
        assert kind == "TrainJob"
        del self.jobs[name]
        for pod in self.pods:
            pod.terminate()
        for pod in self.pods:
            pod.wait(30)

    def find(self, kind: str, *, labels: str = "", fields: str = "") -> list[dict[str, Any]]:
        assert (kind, labels) == ("Pod", f"jobset.sigs.k8s.io/jobset-name={next(iter(self.jobs))}")
        if self.starts:
            return [{"status": {"phase": "Running"}} for _ in self.pods]
        condition = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes: Insufficient cpu."}
        return [{"status": {"phase": "Pending", "conditions": [condition]}}] * 2


@pytest.fixture(scope="module")
def objects() -> Iterator[Any]:
    """An S3 store on this machine; yields a client of it."""
    boto3 = pytest.importorskip("boto3")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client
    server.stop()


@pytest.fixture
def trainer(objects: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trainer]:
    monkeypatch.setenv("KFP_POD_NAME", "pod")
    monkeypatch.setenv("KFP_POD_UID", "uid-1")
    monkeypatch.setattr(trainjob, "PAUSE_SECONDS", 0.05)
    played = Trainer()
    yield played
    assert played.jobs == {}
    left = objects.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    assert [each["Key"] for each in left if not each["Key"].endswith("/")] == [], "nothing is left in the store"
    for log in played.logs:
        log.unlink()


def losses(fitted: Fitted) -> list[float]:
    return [value for epoch in fitted.curve for value in (epoch.train_loss, epoch.validation_loss)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "metric", "changes"),
    [
        ("mixed", "roc_auc", {"trainjob": {"nodes": 2}, "class_weights": {"yes": 3.0, "no": 1.0}, "batch_size": 47}),
        pytest.param(
            *("diabetes", "rmse", {"trainjob": {"nodes": 2}, "processes": 2, "batch_size": 17}),
            marks=pytest.mark.extended,
        ),
    ],
)
def test_it_has_the_losses_of_one_process(
    table: str,
    metric: str,
    changes: dict[str, Any],
    section: TrainingSection,
    trainer: Trainer,
    request: pytest.FixtureRequest,
) -> None:
    tensors = load_tensors(TrainingData(request.getfixturevalue(table)))
    shared = section.replaced(max_epochs=2, settings=PLAIN, **changes)
    trainer.answer_is_lost, scores = True, list[float]()
    together = fit_in_trainjob(
        *(tensors, shared, metric),
        shared=ADDRESS,
        cluster=trainer,
        on_epoch=lambda number, score: not scores.append(score),
    )
    alone = fit(tensors, shared.alone, metric)
    assert len(trainer.pods) == 2
    assert losses(together) == pytest.approx(losses(alone), rel=1e-5)
    assert scores == [epoch.score for epoch in together.curve]
    assert (together.stopped, together.size, together.settings) == (alone.stopped, alone.size, alone.settings)


@pytest.mark.extended
def test_the_caller_ends_it_and_no_pod_is_left(tensors: Tensors, section: TrainingSection, trainer: Trainer) -> None:
    shared = section.replaced(trainjob={"nodes": 2}, max_epochs=500, patience=500)
    ended = fit_in_trainjob(
        tensors, shared, "roc_auc", shared=ADDRESS, cluster=trainer, on_epoch=lambda number, score: number < 2
    )
    assert ended.stopped == "pruned"
    assert not [pod for pod in trainer.pods if pod.poll() is None]
    with pytest.raises(KeyError, match="stopped here"):
        fit_in_trainjob(
            tensors,
            shared,
            "roc_auc",
            shared=ADDRESS,
            cluster=trainer,
            on_epoch=lambda number, score: {}["stopped here"],
        )
    assert not [pod for pod in trainer.pods if psutil.pid_exists(pod.pid)]


@pytest.mark.extended
def test_what_a_pod_raises_comes_back(
    tensors: Tensors, section: TrainingSection, trainer: Trainer, tmp_path: Path
) -> None:
    source = tmp_path / "own.py"
    source.write_text(FAILS)
    shared = section.replaced(trainjob={"nodes": 2}, max_epochs=1, source=str(source), settings={})
    with pytest.raises(TrainingError, match="no such layer") as raised:
        fit_in_trainjob(tensors, shared, "roc_auc", shared=ADDRESS, cluster=trainer)
    assert raised.value.code == "fit_failed"


def test_pods_that_do_not_run_say_why(
    tensors: Tensors, section: TrainingSection, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainjob, "READY_SECONDS", 0.1)
    trainer.starts = False
    shared = section.replaced(trainjob={"nodes": 2})
    with pytest.raises(TrainingError, match=r"0/1 nodes: Insufficient cpu") as raised:
        fit_in_trainjob(tensors, shared, "roc_auc", shared=ADDRESS, cluster=trainer)
    assert raised.value.code == "no_train_job"
    trainer.failed = "TrainingRuntime torch-distributed not found"
    with pytest.raises(TrainingError, match="torch-distributed not found; 0/1 nodes"):
        fit_in_trainjob(tensors, shared, "roc_auc", shared=ADDRESS, cluster=trainer)


@pytest.mark.parametrize("shared", [None, "/checkpoints", "gs://bucket/checkpoints"])
def test_without_a_store_that_pods_reach_it_is_refused(
    shared: str | None, tensors: Tensors, section: TrainingSection, trainer: Trainer
) -> None:
    with pytest.raises(TrainingError, match=r"keys of an S3 store") as raised:
        fit_in_trainjob(tensors, section, "roc_auc", shared=shared, cluster=trainer)
    assert raised.value.code == "no_shared_store"


def test_outside_kubeflow_it_is_refused(
    tensors: Tensors, section: TrainingSection, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KFP_POD_NAME")
    for cluster in (trainer, None):
        with pytest.raises(TrainingError) as raised:
            fit_in_trainjob(tensors, section, "roc_auc", shared=ADDRESS, cluster=cluster)
        assert raised.value.code == "no_pod"


def test_a_pod_ends_when_its_task_gives_no_sign_of_life(tmp_path: Path) -> None:
    store, now = store_at(str(tmp_path), "fit"), 0.0
    watch, number = Watch(store, lambda: now), 0
    while now < 10 * SILENT_SECONDS:
        store.write(ALIVE, str(number := number + 1).encode())
        now += LOOK_SECONDS
        assert not watch.silent
    silent_from = now
    while not watch.silent:
        now += LOOK_SECONDS
    assert SILENT_SECONDS < now - silent_from <= SILENT_SECONDS + LOOK_SECONDS
