"""What a run of a plan needs of a cluster, looked at from here, and the command that mends what is missing."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.check import Check
from sevenfold.pipelines.cluster_reader import Answer, ClusterReader
from sevenfold.pipelines.gpu_check import gpu_checks
from sevenfold.plan import Plan
from sevenfold.plan.deployment import Runtime, Target
from sevenfold.serving.predictor_spec import RUNTIME, TENSORFLOW_RUNTIME

__all__ = ["Place", "cluster_checks", "require_cluster"]

CRD: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/inferenceservices.serving.kserve.io"
SERVING: Final = "/apis/serving.kserve.io/v1alpha1"
PATCH_SETTINGS: Final = (
    "kubectl -n kserve patch configmap inferenceservice-config --type merge "
    "--patch-file manifests/platform/kserve/inferenceservice-config-configmap.yaml"
)
PATCH_FETCHER: Final = (
    "kubectl patch clusterstoragecontainer default --type merge "
    "--patch-file manifests/platform/kserve/default-clusterstoragecontainer.yaml"
)
PATCH_ENGINE: Final = (
    "kubectl -n kubeflow patch configmap workflow-controller-configmap --type merge "
    "--patch-file manifests/platform/pipelines/workflow-controller-configmap.yaml"
)
INSTALL_TENSORFLOW: Final = "kubectl apply --server-side -k config/runtimes, in KServe's sources at its version there"
APPLY: Final = "kubectl apply --server-side -k manifests/overlays/cluster"
SECONDS: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a plan is to run: the endpoint of Kubeflow Pipelines, the namespaces, who its pods are."""

    endpoint: str = ""
    namespace: str = ""  # of the pods; "" on a Kubeflow for one user
    context: str = ""
    account: str = ""
    tester: str = ""  # account of a first run, that tests; `account` is then that of a second one, that deploys

    @property
    def runner(self) -> str:
        """Account of the pods: Kubeflow's own, where none is named."""
        return self.account or ("default-editor" if self.namespace else "pipeline-runner")

    @property
    def pods(self) -> str:
        """Namespace of the pods."""
        return self.namespace or "kubeflow"

    def serving(self, plan: Plan | None) -> str:
        """Namespace of the InferenceService: the plan's, else that of the pods; without a plan that of the overlay."""
        if plan is None:
            return self.namespace or "sevenfold"
        return plan.deployment.namespace or self.pods


def cluster_checks(plan: Plan | None, place: Place) -> Iterator[Check]:
    """Yield what can be said of a cluster; without a kubeconfig only what the plan itself tells."""
    yield from gpu_checks(plan)
    try:
        reader = ClusterReader(place.context)
    except PolicyError as error:
        yield Check("cluster", None, f"none is looked at: {error.message}", "export KUBECONFIG=…")
        if place.endpoint:
            yield _pipelines(place, None)
        return
    version = reader.get("/version")
    if not version:
        yield Check("cluster", False, f"{reader.host} does not answer", "kubectl cluster-info")
        return
    yield Check("cluster", True, f"Kubernetes {version.get('gitVersion', '')} at {reader.host}")
    yield _pipelines(place, reader)
    yield _engine(reader)
    if plan is None or plan.deployment.target is not Target.LOCAL:
        yield from _serving(plan, reader)
        yield from _namespace(plan, place, reader)
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


def _pipelines(place: Place, reader: ClusterReader | None) -> Check:
    name, remedy = "Kubeflow Pipelines", "Give --endpoint, or set KF_PIPELINES_ENDPOINT."
    if place.endpoint:
        found, there = _health(place.endpoint)
        return Check(name, there, found, remedy)
    assert reader is not None  # noqa: S101 - only asked with one of both
    path = "/api/v1/namespaces/kubeflow/services/http:ml-pipeline:8888/proxy/apis/v2beta1/healthz"
    told = reader.get(path)
    if told:
        return Check(name, True, f"{_tag(told)}, found in the cluster")
    return Check(name, None, "no endpoint is named, and none could be looked at in namespace kubeflow", remedy)


def _health(endpoint: str) -> tuple[str, bool | None]:
    url = f"{endpoint.rstrip('/')}/apis/v2beta1/healthz"
    if urlsplit(url).scheme not in ("http", "https"):
        return f"{endpoint} is no http address", False
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 — http by the line above
            told = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        # a login page before it: submit brings the login, doctor does not
        return f"{endpoint} answers with status {error.code}", None if error.code in (401, 403) else False
    except (OSError, ValueError) as error:
        return f"{endpoint} does not answer as Kubeflow Pipelines does: {str(error)[:100]}", False
    return f"{_tag(told)} at {endpoint}", True


def _tag(told: dict[str, Any]) -> str:
    tag = str(told.get("tag_name") or "unknown")
    return "of an unknown version" if tag == "unknown" else tag


def _engine(reader: ClusterReader) -> Check:
    told = reader.get("/api/v1/namespaces/kubeflow/configmaps/workflow-controller-configmap")
    defaults = str(told.get("data", {}).get("workflowDefaults", ""))
    if not told.known or not told:
        return Check("retries", None, "the engine's settings could not be looked at")
    if "retryable" in defaults:
        return Check("retries", True, "deleted, evicted and out-of-memory pods and passing faults are repeated")
    return Check(
        "retries", None, "the engine repeats deleted pods only; submit starts a killed run again", PATCH_ENGINE
    )


def _serving(plan: Plan | None, reader: ClusterReader) -> Iterator[Check]:
    crd = reader.get(CRD)
    version = _version(reader)
    if crd.there is not True:
        remedy = "kubectl apply --server-side -k manifests/platform/kserve"
        yield Check("KServe", crd.there, "no InferenceServices here" if crd.known else "could not be looked at", remedy)
        return
    canary = _has_canary(crd) and not version.startswith("v0.20.0")
    yield Check("KServe", True, f"{version or 'of an unknown version'}, {'with' if canary else 'without'} spec.canary")
    settings = reader.get("/api/v1/namespaces/kserve/configmaps/inferenceservice-config")
    ingress = _json(settings.get("data", {}).get("ingress", ""))
    on = bool(ingress.get("enableGatewayApi"))
    if settings:
        yield Check("Gateway API", on, "KServe uses it" if on else "KServe does not use it", PATCH_SETTINGS)
        yield from _gateway(str(ingress.get("kserveIngressGateway", "")), reader)
    else:
        yield Check("Gateway API", None, "KServe's settings could not be looked at")
    yield _strategy(plan, canary, on if settings else None)


def _gateway(named: str, reader: ClusterReader) -> Iterator[Check]:
    namespace, _, name = named.partition("/")
    if not name:
        return
    told = reader.get(f"/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/gateways/{name}")
    remedy = "kubectl apply -k manifests/platform/gateway"
    yield Check("Gateway", told.there, named if told else f"{named} is not there or not to be seen", remedy)


def _strategy(plan: Plan | None, canary: bool, gateway: bool | None) -> Check:
    wanted = plan.deployment.strategy.value if plan else ""
    if canary and gateway is None:
        return Check("strategy", None, "canary, if KServe uses the Gateway API; replace works")
    if canary and gateway:
        return Check("strategy", True, "this cluster allows canary and replace")
    found = "this cluster allows replace only" + (f", but the plan says {wanted}" if wanted == "canary" else "")
    why = PATCH_SETTINGS if canary else "install KServe 0.21 or newer"
    return Check("strategy", wanted != "canary", found, f"Set deployment.strategy: replace, or: {why}", blocking=True)


def _namespace(plan: Plan | None, place: Place, reader: ClusterReader) -> Iterator[Check]:
    name = place.serving(plan)
    unnamed = plan is not None and not plan.deployment.namespace
    apply = f"Set deployment.namespace, or: {APPLY}" if unnamed else APPLY
    told = reader.get(f"/api/v1/namespaces/{name}")
    yield Check("namespace", told.there, name if told else f"{name} is not there or not to be seen", apply, True)
    if told.there is False:
        return
    if plan is not None and plan.deployment.runtime is Runtime.TENSORFLOW_SERVING:
        yield _tensorflow(name, reader)
    else:
        yield _object("runtime", f"{SERVING}/namespaces/{name}/servingruntimes/{RUNTIME}", name, apply, reader)
    yield _object("account", f"/api/v1/namespaces/{name}/serviceaccounts/predictor", name, apply, reader)
    who = f"{place.pods}:{place.runner}"
    may = reader.may(name, "patch", "inferenceservices", "serving.kserve.io", who)
    said = {True: "may deploy", False: "may not deploy", None: "could not be asked about, to deploy"}[may]
    yield Check("rights", may, f"{place.runner} of {place.pods} {said} in {name}", apply, True)
    if place.tester:
        yield from _tester(name, place, reader)
    if told.get("metadata", {}).get("labels", {}).get("pod-security.kubernetes.io/enforce") == "restricted":
        fetcher = reader.get(f"{SERVING}/clusterstoragecontainers/default")
        context = fetcher.get("spec", {}).get("container", {}).get("securityContext") or {}
        fine = bool(context.get("runAsNonRoot")) if fetcher else None
        said = "fetches under the restricted standard" if fine else "gives its container no security context"
        yield Check("model fetcher", fine, said if fetcher else "could not be looked at", PATCH_FETCHER, True)


def _object(kind: str, path: str, namespace: str, remedy: str, reader: ClusterReader) -> Check:
    found, what = reader.get(path), f"{path.rpartition('/')[2]} in {namespace}"
    return Check(kind, found.there, what if found else f"{what} is not there or not to be seen", remedy, True)


def _tensorflow(namespace: str, reader: ClusterReader) -> Check:
    """KServe takes a runtime of the namespace first, then the cluster's."""
    own = reader.get(f"{SERVING}/namespaces/{namespace}/servingruntimes/{TENSORFLOW_RUNTIME}")
    whole = reader.get(f"{SERVING}/clusterservingruntimes/{TENSORFLOW_RUNTIME}")
    place = f" in {namespace}" if own else " of the cluster"
    there = bool(own or whole) or (False if own.known and whole.known else None)
    found = TENSORFLOW_RUNTIME + (place if there else " is not there or not to be seen")
    return Check("runtime", there, found, INSTALL_TENSORFLOW, True)


def _tester(name: str, place: Place, reader: ClusterReader) -> Iterator[Check]:
    """Of a split run: the first account must read what was promoted, and must not deploy."""
    who, words = f"{place.pods}:{place.tester}", f"{place.tester} of {place.pods}"
    reads = reader.may(name, "list", "configmaps", account=who)
    said = {True: "may read", False: "may not read", None: "could not be asked about, to read"}[reads]
    bind = f"kubectl -n {name} create role tester --verb=get,list --resource=configmaps, and bind {words} to it"
    yield Check("promotions", reads, f"{words} {said} what was promoted in {name}", bind, True)
    deploys = reader.may(name, "patch", "inferenceservices", "serving.kserve.io", who)
    said = {True: "may deploy too", False: "may not deploy", None: "could not be asked about"}[deploys]
    mend = f"Take {words} out of the RoleBindings to deployer in {name}"
    yield Check("separation", None if deploys is None else not deploys, f"{words} {said} in {name}", mend, True)


def _secrets(plan: Plan | None, place: Place, reader: ClusterReader) -> Iterator[Check]:
    for key, name in plan.secrets.model_dump().items() if plan else ():
        if not name:
            continue
        told = Answer(known=False)
        if reader.may(place.pods, "get", "secrets"):
            told = reader.get(f"/api/v1/namespaces/{place.pods}/secrets/{name}", names_only=True)
        said = {True: "is there", False: "is not there", None: "could not be looked for"}[told.there]
        remedy = f"kubectl -n {place.pods} create secret generic {name} --from-literal=AWS_ACCESS_KEY_ID=…"
        # storage is optional for a table that needs no keys
        yield Check(f"secrets.{key}", told.there, f"{name} {said} in {place.pods}", remedy, key == "pull")


def _prometheus(plan: Plan | None, reader: ClusterReader) -> Check:
    address = plan.monitoring.prometheus if plan else "http://prometheus.sevenfold-monitoring.svc:9090"
    parts = urlsplit(address)
    service, _, rest = (parts.hostname or "").partition(".")
    if not rest:
        return Check("Prometheus", None, f"{address} is not in the cluster; it was not looked at")
    path = f"/api/v1/namespaces/{rest.partition('.')[0]}/services/http:{service}:{parts.port or 80}/proxy"
    told = reader.get(f"{path}/api/v1/targets?state=active")
    targets = told.get("data", {}).get("activeTargets", [])
    up = sum(target.get("health") == "up" for target in targets)
    if told.get("status") == "success":
        return Check("Prometheus", True, f"answers at {address}; {up} of {len(targets)} targets are up")
    remedy = "Set monitoring.prometheus, or: kubectl apply --server-side -k manifests/overlays/kind"
    return Check("Prometheus", told.there, f"{address} does not answer", remedy)


def _version(reader: ClusterReader) -> str:
    told = reader.get("/apis/apps/v1/namespaces/kserve/deployments/kserve-controller-manager")
    containers = told.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
    images = [str(container.get("image", "")) for container in containers]
    found = (re.search(r":(v\d+\.\d+\.\d+[^@]*)", image) for image in images)
    return next((match[1] for match in found if match), "")


def _has_canary(crd: dict[str, Any]) -> bool:
    for version in crd["spec"]["versions"]:
        spec = version.get("schema", {}).get("openAPIV3Schema", {}).get("properties", {}).get("spec", {})
        if "canary" in spec.get("properties", {}):
            return True
    return False


def _json(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
