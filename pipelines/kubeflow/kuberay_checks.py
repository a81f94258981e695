"""What a plan that has KubeRay make a Ray cluster needs of Kubernetes: types, operator, rights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sevenfold.cluster.reader import Answer, ClusterReader
from sevenfold.pipelines.check import Check
from sevenfold.pipelines.kubeflow.cluster_target import ClusterTarget
from sevenfold.pipelines.ray_stages import stages_on_ray
from sevenfold.plan import Plan

__all__ = ["RAY_CRD", "RAY_OPERATORS", "VERBS", "kuberay_checks"]

RAY_CRD: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/rayjobs.ray.io"
RAY_OPERATORS: Final = "/apis/apps/v1/deployments?fieldSelector=metadata.name%3Dkuberay-operator"
INSTALL: Final = (
    "helm install kuberay-operator kuberay-operator --repo https://ray-project.github.io/kuberay-helm --version 1.7.0"
)
NEEDED: Final = ("preRunningDeadlineSeconds", "rayClusterSpec")  # the first is KubeRay 1.7's
VERBS: Final = ("create", "get", "delete")


def kuberay_checks(plan: Plan | None, target: ClusterTarget, reader: ClusterReader) -> Iterator[Check]:
    """Yield what is missing for ``cluster`` of a section `ray`; nothing for a plan without one."""
    if plan is None or not any(place.wanted_cluster for _, place in stages_on_ray(plan)):
        return
    crd = reader.get(RAY_CRD)
    fine = _known_to(crd) if crd else crd.there
    finding = {True: "knows RayJobs", False: "no RayJobs as of KubeRay 1.7 here", None: "could not be checked"}[fine]
    yield Check("KubeRay", fine, finding, INSTALL, True)
    yield _operator(reader)
    yield _rights(target, reader)


def _known_to(crd: Answer) -> bool:
    versions: list[dict[str, Any]] = crd["spec"]["versions"]
    specs = [each["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"] for each in versions]
    return any(set(NEEDED) <= spec.keys() for spec in specs)


def _operator(reader: ClusterReader) -> Check:
    answer, name = reader.get(RAY_OPERATORS), "KubeRay's operator"
    if not answer.known:
        return Check(name, None, "could not be looked for", INSTALL)
    for found in answer.get("items", []):
        if found.get("status", {}).get("availableReplicas"):
            return Check(name, True, f"runs in {found['metadata']['namespace']}")
    # it may run under another name
    return Check(name, None, "no deployment kuberay-operator is available in the cluster", INSTALL)


def _rights(target: ClusterTarget, reader: ClusterReader) -> Check:
    where, who = target.pods, f"{target.pods}:{target.runner}"
    answers = {verb: reader.may(where, verb, "rayjobs", "ray.io", who) for verb in VERBS}
    may = False if False in answers.values() else None if None in answers.values() else True
    words = {True: "may make", False: "may not make", None: "could not be asked about, to make"}[may]
    role = f"kubectl -n {where} create role ray-cluster --verb={','.join(VERBS)} --resource=rayjobs.ray.io"
    bind = f"kubectl -n {where} create rolebinding ray-cluster --role=ray-cluster --serviceaccount={who}"
    return Check("Ray rights", may, f"{target.runner} {words} Ray clusters in {where}", f"{role} && {bind}", True)
