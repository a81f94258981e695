"""What serving a model needs of the namespace it is served in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sevenfold.cluster.reader import ClusterReader
from sevenfold.pipelines.check import Check
from sevenfold.pipelines.kubeflow.cluster_target import ClusterTarget
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


def namespace_checks(plan: Plan | None, target: ClusterTarget, reader: ClusterReader) -> Iterator[Check]:
    """Yield what the namespace of the InferenceService lacks, and whether the pods of a run may deploy there."""
    name = target.serving(plan)
    unnamed = plan is not None and not plan.deployment.namespace
    apply = f"Set deployment.namespace, or: {APPLY}" if unnamed else APPLY
    namespace = reader.get(f"/api/v1/namespaces/{name}")
    finding = name if namespace else f"{name} is not there or not to be seen"
    yield Check("namespace", namespace.there, finding, apply, True)
    if namespace.there is False:
        return
    if plan is not None and plan.deployment.runtime is Runtime.TENSORFLOW_SERVING:
        yield _tensorflow(name, reader)
    else:
        yield _object("runtime", f"{SERVING}/namespaces/{name}/servingruntimes/{RUNTIME}", name, apply, reader)
    yield _object("account", f"/api/v1/namespaces/{name}/serviceaccounts/predictor", name, apply, reader)
    who = f"{target.pods}:{target.runner}"
    may = reader.may(name, "patch", "inferenceservices", "serving.kserve.io", who)
    deploys = {True: "may deploy", False: "may not deploy", None: "could not be asked about, to deploy"}[may]
    yield Check("rights", may, f"{target.runner} of {target.pods} {deploys} in {name}", apply, True)
    if target.tester:
        yield from _tester(name, target, reader)
    if namespace.get("metadata", {}).get("labels", {}).get("pod-security.kubernetes.io/enforce") == "restricted":
        fetcher = reader.get(f"{SERVING}/clusterstoragecontainers/default")
        context = fetcher.get("spec", {}).get("container", {}).get("securityContext") or {}
        fine = bool(context.get("runAsNonRoot")) if fetcher else None
        state = "fetches under the restricted standard" if fine else "gives its container no security context"
        yield Check("model fetcher", fine, state if fetcher else "could not be checked", PATCH_FETCHER, True)


def _object(kind: str, path: str, namespace: str, remedy: str, reader: ClusterReader) -> Check:
    answer, what = reader.get(path), f"{path.rpartition('/')[2]} in {namespace}"
    return Check(kind, answer.there, what if answer else f"{what} is not there or not to be seen", remedy, True)


def _tensorflow(namespace: str, reader: ClusterReader) -> Check:
    """KServe takes a runtime of the namespace first, then the cluster's."""
    own = reader.get(f"{SERVING}/namespaces/{namespace}/servingruntimes/{TENSORFLOW_RUNTIME}")
    whole = reader.get(f"{SERVING}/clusterservingruntimes/{TENSORFLOW_RUNTIME}")
    scope = f" in {namespace}" if own else " of the cluster"
    there = bool(own or whole) or (False if own.known and whole.known else None)
    finding = TENSORFLOW_RUNTIME + (scope if there else " is not there or not to be seen")
    return Check("runtime", there, finding, INSTALL_TENSORFLOW, True)


def _tester(name: str, target: ClusterTarget, reader: ClusterReader) -> Iterator[Check]:
    """Of a split run: the first account must read what was promoted, and must not deploy."""
    who, words = f"{target.pods}:{target.tester}", f"{target.tester} of {target.pods}"
    reads = reader.may(name, "list", "configmaps", account=who)
    may = {True: "may read", False: "may not read", None: "could not be asked about, to read"}[reads]
    bind = f"kubectl -n {name} create role tester --verb=get,list --resource=configmaps, and bind {words} to it"
    yield Check("promotions", reads, f"{words} {may} what was promoted in {name}", bind, True)
    deploys = reader.may(name, "patch", "inferenceservices", "serving.kserve.io", who)
    may = {True: "may deploy too", False: "may not deploy", None: "could not be asked about"}[deploys]
    mend = f"Take {words} out of the RoleBindings to deployer in {name}"
    yield Check("separation", None if deploys is None else not deploys, f"{words} {may} in {name}", mend, True)
