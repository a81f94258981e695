"""Fit a network in the pods of a TrainJob, which Kubeflow Trainer runs beside this task's pod."""

from __future__ import annotations

import secrets
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sevenfold.cluster.objects import Cluster, Conflict
from sevenfold.cluster.own_pod import Asking, OwnPod, faults_of, own_cluster
from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.training import TrainingSection
from sevenfold.runtime.checkpoint import CheckpointStore, store_at
from sevenfold.runtime.waiting import wait_until
from sevenfold.training.protocol import OnEpoch, Progress
from sevenfold.training.pytorch.fit import Fitted, fit
from sevenfold.training.pytorch.job import Job
from sevenfold.training.pytorch.model import Model
from sevenfold.training.pytorch.relay import Ended, Relay
from sevenfold.training.pytorch.shared_job import ALIVE, Sent
from sevenfold.training.pytorch.tensors import Tensors
from sevenfold.training.pytorch.trainjob_object import train_job

__all__ = ["ASKING", "fit_in_trainjob"]

ASKING: Final = Asking("training.trainjob", "remove training.trainjob and write training.processes")
PAUSE_SECONDS: Final = 2.0
BEAT_SECONDS: Final = 15.0
READY_SECONDS: Final = 900.0  # until all pods run; pulling the image is most of it
PODS: Final = "jobset.sigs.k8s.io/jobset-name"  # label that JobSet gives the pods
ENDS: Final = ("Complete", "Failed")
BEGUN: Final = ("Running", "Succeeded", "Failed")


def fit_in_trainjob(
    tensors: Tensors,
    section: TrainingSection,
    metric: str,
    *,
    shared: str | None,
    on_epoch: OnEpoch | None = None,
    progress: Progress | None = None,
    model: Model | None = None,
    cluster: Cluster | None = None,
) -> Fitted:
    """Fit a network as `fit_in_processes` does, its processes in the pods of a TrainJob; arguments are those of `fit`.

    Rows, states and scores travel through the store. The TrainJob is removed when the fit ends, fails or is stopped;
    where this process is killed, its pods end by themselves within some two minutes. `shared` is the ``s3://`` address
    below which the pods and this task read and write, `cluster` the namespace of this pod; None takes it from the
    pod's account.

    Raises:
        TrainingError: as `fit_in_processes`; ``no_pod``, ``no_shared_store``, ``no_train_job``.
        PolicyError: ``cluster_refused`` where the pod's account may not make a TrainJob.
    """
    address = _require_store(shared)
    cluster = cluster or own_cluster(ASKING)
    pod = OwnPod.of(cluster, ASKING)
    name = f"training-{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory(prefix="sevenfold-fit-") as path, _kept(store_at(address, name)) as store:
        folder = Sent(Path(path), store)
        folder.write_job(Job(tensors, section, metric))
        earlier = progress.read() if progress is not None else None
        if earlier is not None:
            folder.write_state(earlier)
        relay = Relay(folder, on_epoch or (lambda number, score: True), progress)
        with _made(train_job(name, section, pod, f"{address}/{name}"), cluster):
            _wait_for_pods(name, section, cluster)

            def over() -> bool:
                status = _ending(name, cluster)  # asked first: what was written before the end is handed on
                relay.hand_on()
                if not relay.stopped and (status == "Failed" or folder.failed()):
                    raise _failure(folder, name, cluster)
                return relay.stopped > 0 or status == "Complete"

            wait_until(over, pause_seconds=PAUSE_SECONDS)
        # A fit of one process that begins with the last state has nothing left to do but to make its result.
        return fit(
            tensors,
            section,
            metric,
            on_epoch=lambda number, score: number != relay.stopped,
            progress=Ended(folder),
            model=model,
        )


def _require_store(shared: str | None) -> str:
    """Return the address of the store, without a slash at its end, or raise.

    Raises:
        TrainingError: ``no_shared_store``.
    """
    if shared and shared.startswith("s3://"):
        return shared.rstrip("/")
    raise TrainingError(
        "no_shared_store",
        "training.trainjob sends rows and states through the pipeline's store, so the task must have keys of an S3 "
        f"store, but has {'none' if not shared else shared.partition('://')[0]}.",
        remedy="Name the Secret with the store's keys as secrets.storage, or remove training.trainjob.",
    )


@contextmanager
def _kept(store: CheckpointStore) -> Iterator[CheckpointStore]:
    """Give a sign of life in the store for the `with` block, and remove what lies there after it."""
    over = threading.Event()

    def beat() -> None:
        number = 0
        while True:
            with suppress(OSError):
                store.write(ALIVE, str(number := number + 1).encode())
            if over.wait(BEAT_SECONDS):
                return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        over.set()
        thread.join()
        with suppress(OSError):
            store.remove()


@contextmanager
def _made(job: Mapping[str, Any], cluster: Cluster) -> Iterator[None]:
    try:
        with suppress(Conflict):  # the name is new, so only an answer that was lost can have made it
            cluster.create(job)
        yield
    finally:
        cluster.delete("TrainJob", job["metadata"]["name"])


def _wait_for_pods(name: str, section: TrainingSection, cluster: Cluster) -> None:
    def late() -> TrainingError:
        return _not_made(name, cluster)

    def running() -> bool:
        if _ending(name, cluster) == "Failed":
            raise late()
        phases = [pod.get("status", {}).get("phase") for pod in _pods(name, cluster)]
        return sum(phase in BEGUN for phase in phases) >= section.trainjob.nodes

    wait_until(running, pause_seconds=PAUSE_SECONDS, patience_seconds=READY_SECONDS, late=late)


def _ending(name: str, cluster: Cluster) -> str:
    """Return how the TrainJob has ended, Complete or Failed, or "" while it goes on; one that is gone has failed."""
    job = cluster.get("TrainJob", name)
    if job is None:
        return "Failed"
    conditions = job.get("status", {}).get("conditions", [])
    return next((each["type"] for each in conditions if each["type"] in ENDS and each["status"] == "True"), "")


def _pods(name: str, cluster: Cluster) -> list[dict[str, Any]]:
    return cluster.find("Pod", labels=f"{PODS}={name}")


def _reasons(name: str, cluster: Cluster) -> list[str]:
    conditions = (cluster.get("TrainJob", name) or {}).get("status", {}).get("conditions", [])
    said = [str(each.get("message", "")) for each in conditions if each["type"] == "Failed"]
    return list(dict.fromkeys([*filter(None, said), *faults_of(_pods(name, cluster))]))


def _not_made(name: str, cluster: Cluster) -> TrainingError:
    why = "; ".join(_reasons(name, cluster)) or "its controller does nothing"
    return TrainingError(
        "no_train_job",
        f"Kubeflow Trainer must run the pods of TrainJob {name} in namespace {cluster.namespace!r}, but has not: "
        f"{why[:600]}",
        remedy="Lower training.trainjob to what the nodes have room for, or see what is missing with: sevenfold "
        "doctor with the plan.",
    )


def _failure(folder: Sent, name: str, cluster: Cluster) -> TrainingError:
    if folder.failed():
        return folder.error()
    why = "; ".join(_reasons(name, cluster)) or "no pod says why"
    return TrainingError(
        "processes_ended",
        f"The pods of TrainJob {name} must go on to the end of the fit, but: {why[:600]}",
        remedy="Raise training.trainjob.memory where a pod was OOMKilled, or remove training.trainjob.",
    )
