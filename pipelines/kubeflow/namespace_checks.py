"""What serving a model needs of the namespace it is served in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sevenfold.pipelines.kubeflow.check import Check
from sevenfold.pipelines.kubeflow.cluster_reader import ClusterReader
from sevenfold.pipelines.kubeflow.target import Place
from sevenfold.plan import Plan
from sevenfold.plan.deployment import Runtime
from sevenfold.serving.kserve.predictor_spec import RUNTIME, TENSORFLOW_RUNTIME

__all__ = ["SERVING", "namespace_checks"]

SERVING: Final = "/apis/serving.kserve.io/v1alpha1"
PATCH_FETCHER: Final = (
    "kubectl patch clusterstoragecontainer default --type merge "
    "--patch-file manifests/platform/kserve/default-clusterstoragecontainer.yaml"
)
INSTALL_TENSORFLOW: Final = "kubectl apply --server-side -k config/runtimes, in KServe's sources at its version there"
APPLY: Final = "kubectl apply --server-side -k manifests/overlays/cluster"


def namespace_checks(plan: Plan | None, place: Place, reader: ClusterReader) -> Iterator[Check]:
    """Yield what the namespace of the InferenceService lacks, and whether the pods of a run may deploy there."""
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
