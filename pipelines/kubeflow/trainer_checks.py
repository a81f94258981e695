"""What a plan that fits in the pods of a TrainJob needs of Kubernetes: types, runtime, rights, a store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sevenfold.cluster.reader import ClusterReader
from sevenfold.pipelines.check import Check
from sevenfold.pipelines.kubeflow.cluster_target import ClusterTarget
from sevenfold.pipelines.kubeflow.object_checks import MadeObject
from sevenfold.plan import Plan

__all__ = ["RUNTIMES", "TRAIN_JOB", "trainer_checks"]

RUNTIMES: Final = "/apis/trainer.kubeflow.org/v1alpha1/clustertrainingruntimes/"
SOURCE: Final = "https://github.com/kubeflow/trainer.git/manifests/overlays"
TRAIN_JOB: Final = MadeObject(
    operator="Kubeflow Trainer",
    since="Trainer 2.2",
    kind="TrainJob",
    resource="trainjobs",
    group="trainer.kubeflow.org",
    fields=("runtimeRef", "runtimePatches"),  # the second is Trainer 2.2's
    install=" && ".join(
        f"kubectl apply --server-side -k '{SOURCE}/{part}?ref=v2.3.0'" for part in ("manager", "runtimes")
    ),
    role="train-job",
    made="TrainJobs",
)


def trainer_checks(plan: Plan | None, target: ClusterTarget, reader: ClusterReader) -> Iterator[Check]:
    """Yield what is missing for ``training.trainjob``; nothing for a plan without it."""
    if plan is None or not plan.training.trainjob.nodes:
        return
    yield TRAIN_JOB.known(reader)
    yield _runtime(plan.training.trainjob.runtime, reader)
    yield TRAIN_JOB.rights("TrainJob rights", target, reader)
    if not plan.secrets.storage:
        finding = "the plan names no Secret with its keys; a cloud identity of the account does as well"
        yield Check("store of TrainJobs", None, finding, "Write secrets.storage: NAME")


def _runtime(name: str, reader: ClusterReader) -> Check:
    there = reader.get(f"{RUNTIMES}{name}").there
    finding = {True: "is there", False: "no such ClusterTrainingRuntime", None: "could not be looked for"}[there]
    return Check(f"runtime {name}", there, finding, "kubectl get clustertrainingruntimes", True)
