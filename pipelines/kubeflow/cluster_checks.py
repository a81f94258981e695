"""What a run of a plan needs of a cluster, looked at from here, and the command that mends what is missing."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.kubeflow.check import Check
from sevenfold.pipelines.kubeflow.cluster_reader import Answer, ClusterReader
from sevenfold.pipelines.kubeflow.gpu_check import gpu_checks
from sevenfold.pipelines.kubeflow.kserve_checks import kserve_checks
from sevenfold.pipelines.kubeflow.kubeflow_checks import SECONDS, pipelines_check, retries_check
from sevenfold.pipelines.kubeflow.namespace_checks import namespace_checks
from sevenfold.pipelines.kubeflow.target import Place
from sevenfold.plan import Plan
from sevenfold.plan.deployment import Target

__all__ = ["cluster_checks", "require_cluster"]

SECRET_KINDS: Final = {
    "storage": "generic {} --from-literal=AWS_ACCESS_KEY_ID=…",
    "pull": "docker-registry {} --docker-server=… --docker-username=… --docker-password=…",
    "prometheus": "generic {} --from-literal=PROMETHEUS_TOKEN=…",
}


def cluster_checks(plan: Plan | None, place: Place) -> Iterator[Check]:
    """Yield what can be said of a cluster; without a kubeconfig only what the plan itself tells."""
    yield from gpu_checks(plan)
    try:
        reader = ClusterReader(place.context)
    except PolicyError as error:
        yield Check("cluster", None, f"none is looked at: {error.message}", "export KUBECONFIG=…")
        if place.endpoint:
            yield pipelines_check(place, None)
        return
    version = reader.get("/version")
    if not version:
        yield Check("cluster", False, f"{reader.host} does not answer", "kubectl cluster-info")
        return
    yield Check("cluster", True, f"Kubernetes {version.get('gitVersion', '')} at {reader.host}")
    yield pipelines_check(place, reader)
    yield retries_check(reader)
    if plan is None or plan.deployment.target is not Target.LOCAL:
        yield from kserve_checks(plan, reader)
        yield from namespace_checks(plan, place, reader)
    yield from _secrets(plan, place, reader)
    yield _prometheus(plan, reader)


def require_cluster(plan: Plan, place: Place) -> None:
    """Refuse a run that cannot succeed, before anything is sent; what could not be looked at passes.

    A kubeconfig may name another cluster than the endpoint's; unless both tell of the same experiment, nothing of it
    counts, and only what the plan itself tells is looked at.

    Raises:
        PolicyError: ``cluster`` naming what is missing and the command that mends it.
    """
    elsewhere = place.endpoint and not _same_cluster(place)
    for check in gpu_checks(plan) if elsewhere else cluster_checks(plan, place):
        if check.fine is False and check.blocking:
            raise PolicyError(
                "cluster",
                f"{check.name}: {check.found}.",
                remedy=f"Mend it with: {check.remedy} — or see all of it with: sevenfold doctor PLAN.YAML",
            )


def _same_cluster(place: Place) -> bool:
    """Whether the endpoint is known to be that of the kubeconfig's cluster: an experiment's id is there only once."""
    path = "/apis/v2beta1/experiments?page_size=1&sort_by=created_at"
    path += f"&namespace={place.namespace}" if place.namespace else ""
    try:
        reader = ClusterReader(place.context)
        with urllib.request.urlopen(place.endpoint.rstrip("/") + path, timeout=SECONDS) as answer:  # noqa: S310
            there = json.loads(answer.read())
    except (PolicyError, OSError, ValueError):
        return False
    here = reader.get(f"/api/v1/namespaces/kubeflow/services/http:ml-pipeline:8888/proxy{path}")
    ids = [[found.get("experiment_id") for found in told.get("experiments", [])] for told in (there, here)]
    return bool(ids[0]) and ids[0] == ids[1]


def _secrets(plan: Plan | None, place: Place, reader: ClusterReader) -> Iterator[Check]:
    for key, name in plan.secrets.model_dump().items() if plan else ():
        if not name:
            continue
        told = Answer(known=False)
        if reader.may(place.pods, "get", "secrets"):
            told = reader.get(f"/api/v1/namespaces/{place.pods}/secrets/{name}", names_only=True)
        said = {True: "is there", False: "is not there", None: "could not be looked for"}[told.there]
        remedy = f"kubectl -n {place.pods} create secret {SECRET_KINDS[key].format(name)}"
        # storage is optional for a table that needs no keys
        yield Check(f"secrets.{key}", told.there, f"{name} {said} in {place.pods}", remedy, key != "storage")


def _prometheus(plan: Plan | None, reader: ClusterReader) -> Check:
    address = plan.monitoring.prometheus if plan else "http://prometheus.sevenfold-monitoring.svc:9090"
    parts = urlsplit(address)
    service, _, rest = (parts.hostname or "").partition(".")
    if not rest:
        return Check("Prometheus", None, f"{address} is not in the cluster; it was not looked at")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    path = f"/api/v1/namespaces/{rest.partition('.')[0]}/services/{parts.scheme}:{service}:{port}/proxy"
    told = reader.get(f"{path}{parts.path.rstrip('/')}/api/v1/targets?state=active")
    targets = told.get("data", {}).get("activeTargets", [])
    up = sum(target.get("health") == "up" for target in targets)
    if told.get("status") == "success":
        return Check("Prometheus", True, f"answers at {address}; {up} of {len(targets)} targets are up")
    remedy = "Set monitoring.prometheus, or: kubectl apply --server-side -k manifests/overlays/kind"
    said = "does not answer" if told.there is False else "may need a login; it could not be asked from here"
    return Check("Prometheus", told.there, f"{address} {said}", remedy)
