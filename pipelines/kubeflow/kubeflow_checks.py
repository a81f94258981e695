"""What a run needs of Kubeflow Pipelines and its engine."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any, Final
from urllib.parse import urlsplit

from sevenfold.pipelines.kubeflow.check import Check
from sevenfold.pipelines.kubeflow.cluster_reader import ClusterReader
from sevenfold.pipelines.kubeflow.target import Place

__all__ = ["SECONDS", "pipelines_check", "retries_check"]

PATCH_ENGINE: Final = (
    "kubectl -n kubeflow patch configmap workflow-controller-configmap --type merge "
    "--patch-file manifests/platform/pipelines/workflow-controller-configmap.yaml"
)
SECONDS: Final = 5.0


def pipelines_check(place: Place, reader: ClusterReader | None) -> Check:
    """Say whether Kubeflow Pipelines answers: at the endpoint, else where it stands in the cluster."""
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


def retries_check(reader: ClusterReader) -> Check:
    """Say what the engine repeats after a fault."""
    told = reader.get("/api/v1/namespaces/kubeflow/configmaps/workflow-controller-configmap")
    defaults = str(told.get("data", {}).get("workflowDefaults", ""))
    if not told.known or not told:
        return Check("retries", None, "the engine's settings could not be looked at")
    if "retryable" in defaults:
        return Check("retries", True, "deleted, evicted and out-of-memory pods and passing faults are repeated")
    return Check(
        "retries", None, "the engine repeats deleted pods only; submit starts a killed run again", PATCH_ENGINE
    )
