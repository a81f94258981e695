"""Objects of one namespace of a cluster: read, apply, create, delete, with patience for an API server that restarts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from sevenfold.cluster.api_server import ApiServer, RequestError
from sevenfold.contracts.errors import PolicyError, ServingError, SevenfoldError, TemporaryError
from sevenfold.runtime.retry import PATIENT, Backoff, with_retries

__all__ = ["FIELD_MANAGER", "Cluster", "Conflict"]

FIELD_MANAGER: Final = "sevenfold"
SECONDS: Final = 30.0  # of one request
LOG_LINES: Final = 40
NO_LOG: Final = "unable to retrieve container logs"  # with status 200, once a container's log was removed
PASSING: Final = (0, 408, 429, 500, 502, 503, 504)
PATHS: Final = {
    "InferenceService": "/apis/serving.kserve.io/v1beta1/namespaces/{namespace}/inferenceservices",
    "ServingRuntime": "/apis/serving.kserve.io/v1alpha1/namespaces/{namespace}/servingruntimes",
    "HTTPRoute": "/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes",
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
    "ConfigMap": "/api/v1/namespaces/{namespace}/configmaps",
    "RayJob": "/apis/ray.io/v1/namespaces/{namespace}/rayjobs",
    "TrainJob": "/apis/trainer.kubeflow.org/v1alpha1/namespaces/{namespace}/trainjobs",
    "Secret": "/api/v1/namespaces/{namespace}/secrets",
    "Pod": "/api/v1/namespaces/{namespace}/pods",
    "Event": "/api/v1/namespaces/{namespace}/events",
}

ROLES: Final = {
    "RayJob": "ray-cluster",
    "TrainJob": "train-job",
}  # that allow it; for what is not listed it is `deployer`


class Conflict(ServingError):
    """Someone else changed or made the object first; read it again and decide anew."""


class Cluster:
    """Reads and writes objects of one namespace; a fault that may pass is waited out, then a `TemporaryError`.

    An answer may have been lost after the server acted on the request, so every call here may be repeated: what is
    applied or deleted twice is the same as once, and who creates an object reads the one in its way.

    Args:
        namespace: where all objects lie.
        context: of the user's kubeconfig; "" takes the pod's own account in a pod, else the current context.
        patience: with an API server that does not answer.

    Raises:
        PolicyError: ``no_cluster`` if neither a pod's account nor a kubeconfig is there.
    """

    def __init__(self, namespace: str, *, context: str = "", patience: Backoff = PATIENT) -> None:
        self.namespace, self._patience, self._sleep = namespace, patience, time.sleep
        self._server = ApiServer(context, seconds=SECONDS)

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """Return an object, or None if there is none of this name."""
        answer: dict[str, Any] | None = self._ask("GET", kind, name, absent=True)
        return answer

    def find(self, kind: str, *, labels: str = "", fields: str = "") -> list[dict[str, Any]]:
        """Return the objects that fit a label selector and a field selector."""
        query = [("labelSelector", labels), ("fieldSelector", fields)]
        answer = self._ask("GET", kind, query=[pair for pair in query if pair[1]])
        return list(answer["items"])

    def apply(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Apply an object on the server as ours; of fields that others set too, ours win.

        With `metadata.resourceVersion` only the version that was read is changed.

        Raises:
            Conflict: ``changed_meanwhile``.
        """
        query = [("fieldManager", FIELD_MANAGER), ("force", "true")]
        name = str(manifest["metadata"]["name"])
        return dict(self._ask("PATCH", str(manifest["kind"]), name, query=query, body=manifest))

    def create(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Make an object.

        Raises:
            Conflict: ``changed_meanwhile`` if there is one of this name.
        """
        return dict(self._ask("POST", str(manifest["kind"]), query=[("fieldManager", FIELD_MANAGER)], body=manifest))

    def delete(self, kind: str, name: str) -> None:
        """Delete an object and what it owns; one that is not there is fine."""
        self._ask("DELETE", kind, name, absent=True)

    def events(self, name: str) -> Iterator[str]:
        """Yield the events of an object and of those whose names begin with its own, oldest first."""
        events = [event for event in self.find("Event") if event["involvedObject"].get("name", "").startswith(name)]
        for event in sorted(events, key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or ""):
            yield f"{event.get('type')} {event.get('reason')}: {event.get('message')}"

    def log(self, pod: str, container: str, *, previous: bool = False) -> str:
        """Return the end of a container's log, or "" where there is none."""
        query = [("container", container), ("tailLines", str(LOG_LINES)), ("previous", str(previous).lower())]
        try:
            text = str(self._ask("GET", "Pod", f"{pod}/log", query=query, text=True))
            return "" if text.startswith(NO_LOG) else text
        except ServingError:
            return ""

    def _ask(
        self,
        verb: str,
        kind: str,
        name: str = "",
        *,
        query: list[tuple[str, str]] | None = None,
        body: Mapping[str, Any] | None = None,
        absent: bool = False,
        text: bool = False,
    ) -> Any:
        once = partial(self._once, verb, kind, name, query or [], body, absent, text)
        return with_retries(once, (TemporaryError,), backoff=self._patience, sleep=self._sleep)

    def _once(
        self,
        verb: str,
        kind: str,
        name: str,
        query: list[tuple[str, str]],
        body: Mapping[str, Any] | None,
        absent: bool,
        text: bool,
    ) -> Any:
        path = PATHS[kind].format(namespace=self.namespace) + (f"/{name}" if name else "")
        accept = "*/*" if text else "application/json"
        try:
            answer = self._server.request(verb, path, query=query, body=body, accept=accept, content=_content(verb))
        except RequestError as error:
            if absent and error.status == 404:
                return None
            raise self._refused(error, verb, kind, name) from None
        return answer.decode(errors="replace") if text else json.loads(answer)

    def _refused(self, error: RequestError, verb: str, kind: str, name: str) -> SevenfoldError:
        what, message = f"{verb} {kind} {name}".strip() + f" in namespace {self.namespace!r}", error.message
        if error.status in PASSING:
            return TemporaryError("cluster_unreachable", f"The Kubernetes API must carry out {what}, but: {message}")
        if error.status in (401, 403):
            return PolicyError(
                "cluster_refused",
                f"This account must be allowed to {what}, but is not: {message}",
                remedy=f"Bind it to the Role `{ROLES.get(kind, 'deployer')}` of manifests, or see: sevenfold doctor",
            )
        if error.status == 409:
            return Conflict("changed_meanwhile", f"{what} met a change by someone else: {message}")
        if error.status == 404:
            return ServingError(
                "no_such_kind",
                f"The cluster must know {kind}, but {what} is answered with: {message}",
                remedy="See what is missing with: sevenfold doctor",
            )
        return ServingError("cluster_rejected", f"The cluster must accept {what}, but says: {message}")


def _content(verb: str) -> str:
    return "application/apply-patch+yaml" if verb == "PATCH" else "application/json"
