"""What a plan that has KubeRay make a Ray cluster needs of Kubernetes: types, operator, rights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sevenfold.cluster.reader import ClusterReader
from sevenfold.pipelines.check import Check
from sevenfold.pipelines.kubeflow.cluster_target import ClusterTarget
from sevenfold.pipelines.kubeflow.object_checks import MadeObject
from sevenfold.pipelines.ray_stages import stages_on_ray
from sevenfold.plan import Plan

__all__ = ["RAY_JOB", "RAY_OPERATORS", "kuberay_checks"]

RAY_OPERATORS: Final = "/apis/apps/v1/deployments?fieldSelector=metadata.name%3Dkuberay-operator"
RAY_JOB: Final = MadeObject(
    operator="KubeRay",
    since="KubeRay 1.7",
    kind="RayJob",
    resource="rayjobs",
    group="ray.io",
    fields=("preRunningDeadlineSeconds", "rayClusterSpec"),  # the first is KubeRay 1.7's
    install="helm install kuberay-operator kuberay-operator --repo https://ray-project.github.io/kuberay-helm "
    "--version 1.7.0",
    role="ray-cluster",
    made="Ray clusters",
)


def kuberay_checks(plan: Plan | None, target: ClusterTarget, reader: ClusterReader) -> Iterator[Check]:
    """Yield what is missing for ``cluster`` of a section `ray`; nothing for a plan without one."""
    if plan is None or not any(place.wanted_cluster for _, place in stages_on_ray(plan)):
        return
    yield RAY_JOB.known(reader)
    yield _operator(reader)
    yield RAY_JOB.rights("Ray rights", target, reader)


def _operator(reader: ClusterReader) -> Check:
    answer, name = reader.get(RAY_OPERATORS), "KubeRay's operator"
    if not answer.known:
        return Check(name, None, "could not be looked for", RAY_JOB.install)
    for found in answer.get("items", []):
        if found.get("status", {}).get("availableReplicas"):
            return Check(name, True, f"runs in {found['metadata']['namespace']}")
    # it may run under another name
    return Check(name, None, "no deployment kuberay-operator is available in the cluster", RAY_JOB.install)
