"""What a plan that fits in the pods of a TrainJob needs of Kubernetes: types, runtime, rights, a store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sevenfold.cluster.reader import Answer, ClusterReader
from sevenfold.pipelines.check import Check
from sevenfold.pipelines.kubeflow.cluster_target import ClusterTarget
from sevenfold.plan import Plan

__all__ = ["RUNTIMES", "TRAINER_CRD", "VERBS", "trainer_checks"]

TRAINER_CRD: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/trainjobs.trainer.kubeflow.org"
RUNTIMES: Final = "/apis/trainer.kubeflow.org/v1alpha1/clustertrainingruntimes/"
SOURCE: Final = "https://github.com/kubeflow/trainer.git/manifests/overlays"
INSTALL: Final = " && ".join(
    f"kubectl apply --server-side -k '{SOURCE}/{part}?ref=v2.3.0'" for part in ("manager", "runtimes")
)
NEEDED: Final = ("runtimeRef", "runtimePatches")  # the second is Trainer 2.2's
VERBS: Final = ("create", "get", "delete")


def trainer_checks(plan: Plan | None, target: ClusterTarget, reader: ClusterReader) -> Iterator[Check]:
    """Yield what is missing for ``training.trainjob``; nothing for a plan without it."""
    if plan is None or not plan.training.trainjob.nodes:
        return
    crd = reader.get(TRAINER_CRD)
    fine = _known_to(crd) if crd else crd.there
    words = {True: "knows TrainJobs", False: "no TrainJobs as of Trainer 2.2 here", None: "could not be checked"}
    yield Check("Kubeflow Trainer", fine, words[fine], INSTALL, True)
    yield _runtime(plan.training.trainjob.runtime, reader)
    yield _rights(target, reader)
    if not plan.secrets.storage:
        finding = "the plan names no Secret with its keys; a cloud identity of the account does as well"
        yield Check("store of TrainJobs", None, finding, "Write secrets.storage: NAME")


def _known_to(crd: Answer) -> bool:
    versions: list[dict[str, Any]] = crd["spec"]["versions"]
    specs = [each["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"] for each in versions]
    return any(set(NEEDED) <= spec.keys() for spec in specs)


def _runtime(name: str, reader: ClusterReader) -> Check:
    there = reader.get(f"{RUNTIMES}{name}").there
    finding = {True: "is there", False: "no such ClusterTrainingRuntime", None: "could not be looked for"}[there]
    return Check(f"runtime {name}", there, finding, "kubectl get clustertrainingruntimes", True)


def _rights(target: ClusterTarget, reader: ClusterReader) -> Check:
    where, who = target.pods, f"{target.pods}:{target.runner}"
    answers = {verb: reader.may(where, verb, "trainjobs", "trainer.kubeflow.org", who) for verb in VERBS}
    may = False if False in answers.values() else None if None in answers.values() else True
    words = {True: "may make", False: "may not make", None: "could not be asked about, to make"}[may]
    role = (
        f"kubectl -n {where} create role train-job --verb={','.join(VERBS)} --resource=trainjobs.trainer.kubeflow.org"
    )
    bind = f"kubectl -n {where} create rolebinding train-job --role=train-job --serviceaccount={who}"
    return Check("TrainJob rights", may, f"{target.runner} {words} TrainJobs in {where}", f"{role} && {bind}", True)
