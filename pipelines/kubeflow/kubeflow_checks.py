"""What a run needs of Kubeflow Pipelines and its engine."""

from __future__ import annotations

import ssl
from typing import Any, Final
from urllib.parse import urlsplit

from sevenfold.cluster.reader import ClusterReader
from sevenfold.pipelines.check import Check
from sevenfold.pipelines.kubeflow.cluster_target import ClusterTarget

__all__ = ["pipelines_check", "retries_check"]

PATCH_ENGINE: Final = (
    "kubectl -n kubeflow patch configmap workflow-controller-configmap --type merge "
    "--patch-file manifests/platform/pipelines/workflow-controller-configmap.yaml"
)
SECONDS: Final = 5.0


def pipelines_check(target: ClusterTarget, reader: ClusterReader | None) -> Check:
    """Say whether Kubeflow Pipelines answers: at the endpoint, else where it stands in the cluster."""
    name, remedy = "Kubeflow Pipelines", "Give --endpoint, or set KF_PIPELINES_ENDPOINT."
    if target.endpoint:
        finding, there = _health(target.endpoint)
        return Check(name, there, finding, remedy)
    assert reader is not None  # noqa: S101 - only asked with one of both
    path = "/api/v1/namespaces/kubeflow/services/http:ml-pipeline:8888/proxy/apis/v2beta1/healthz"
    answer = reader.get(path)
    if answer:
        return Check(name, True, f"{_tag(answer)}, found in the cluster")
    return Check(name, None, "no endpoint is named, and none could be seen in namespace kubeflow", remedy)


def _health(endpoint: str) -> tuple[str, bool | None]:
    url = f"{endpoint.rstrip('/')}/apis/v2beta1/healthz"
    if urlsplit(url).scheme not in ("http", "https"):
        return f"{endpoint} is no http address", False
    import httpx

    try:
        # the machine's own certificates count, as they do for everything else here
        answer = httpx.get(url, timeout=SECONDS, follow_redirects=True, verify=ssl.create_default_context())
        if answer.is_error:
            # a login page before it: submit brings the login, doctor does not
            status = answer.status_code
            return f"{endpoint} answers with status {status}", None if status in (401, 403) else False
        return f"{_tag(answer.json())} at {endpoint}", True
    except (httpx.HTTPError, httpx.InvalidURL, ImportError, ValueError, AttributeError) as error:  # a SOCKS proxy
        return f"{endpoint} does not answer as Kubeflow Pipelines does: {str(error)[:100]}", False


def _tag(health: dict[str, Any]) -> str:
    tag = str(health.get("tag_name") or "unknown")
    return "of an unknown version" if tag == "unknown" else tag


def retries_check(reader: ClusterReader) -> Check:
    """Say what the engine repeats after a fault."""
    settings = reader.get("/api/v1/namespaces/kubeflow/configmaps/workflow-controller-configmap")
    defaults = str(settings.get("data", {}).get("workflowDefaults", ""))
    if not settings.known or not settings:
        return Check("retries", None, "the engine's settings could not be checked")
    if "retryable" in defaults:
        return Check("retries", True, "deleted, evicted and out-of-memory pods and passing faults are repeated")
    return Check(
        "retries", None, "the engine repeats deleted pods only; submit starts a killed run again", PATCH_ENGINE
    )
