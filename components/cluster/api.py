"""The few things that are asked of a Kubernetes API server, in one namespace."""

from __future__ import annotations

import contextlib
import io
import json
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.errors import MissingExtraError, PolicyError, ServingError, TemporaryError
from sevenfold.runtime.retry import PATIENT, Backoff, with_retries

if TYPE_CHECKING:
    from kubernetes import client

__all__ = ["FIELD_MANAGER", "Cluster", "Conflict", "configuration"]

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
    "Pod": "/api/v1/namespaces/{namespace}/pods",
    "Event": "/api/v1/namespaces/{namespace}/events",
}


def configuration(context: str = "") -> client.Configuration:
    """Return how a cluster is reached.

    Args:
        context: of the user's kubeconfig; "" takes the current one, or the pod's own account where there is none.

    Raises:
        PolicyError: ``no_cluster`` if there is neither.
    """
    from kubernetes import client, config

    found = client.Configuration()
    try:
        if context:
            config.load_kube_config(context=context, client_configuration=found)
        else:
            with contextlib.redirect_stdout(io.StringIO()):  # it prints where it looked
                config.load_config(client_configuration=found)
    except (config.ConfigException, OSError) as error:
        raise PolicyError(
            "no_cluster",
            f"A cluster must be named by a kubeconfig or a pod's account, but there is none: {str(error)[:200]}",
            remedy="Set KUBECONFIG, or give --context.",
        ) from None
    return found


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
        try:
            from kubernetes import client
        except ImportError as error:
            raise MissingExtraError("kubernetes", "deploy") from error
        self.namespace, self._patience, self._sleep = namespace, patience, time.sleep
        self._failure = client.ApiException
        self._client = client.ApiClient(configuration(context))

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
        """Yield what was told of an object and of those whose names begin with its own, oldest first."""
        found = [event for event in self.find("Event") if event["involvedObject"].get("name", "").startswith(name)]
        for event in sorted(found, key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or ""):
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
        from urllib3.exceptions import HTTPError

        path = PATHS[kind].format(namespace=self.namespace) + (f"/{name}" if name else "")
        headers = {"Accept": "*/*" if text else "application/json", "Content-Type": _content(verb)}
        try:
            answer = self._client.call_api(
                path,
                verb,
                query_params=query,
                header_params=headers,
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=SECONDS,
            )
        except self._failure as error:
            if absent and error.status == 404:
                return None
            raise self._refused(error, verb, kind, name) from None
        except (HTTPError, OSError) as error:
            raise TemporaryError(
                "cluster_unreachable", f"The Kubernetes API must answer, but did not: {type(error).__name__}."
            ) from error
        return answer.data.decode(errors="replace") if text else json.loads(answer.data)

    def _refused(self, error: Any, verb: str, kind: str, name: str) -> ServingError | PolicyError | TemporaryError:
        what = f"{verb} {kind} {name}".strip() + f" in namespace {self.namespace!r}"
        try:
            said = str(json.loads(error.body)["message"])[:600]
        except (TypeError, ValueError, KeyError):
            said = str(error.reason)
        if error.status in PASSING:
            return TemporaryError("cluster_unreachable", f"The Kubernetes API must carry out {what}, but: {said}")
        if error.status in (401, 403):
            return PolicyError(
                "cluster_refused",
                f"This account must be allowed to {what}, but is not: {said}",
                remedy="Bind it to the Role `deployer` of manifests/base, or see: sevenfold doctor",
            )
        if error.status == 409:
            return Conflict("changed_meanwhile", f"{what} met a change by someone else: {said}")
        if error.status == 404:
            return ServingError(
                "no_such_kind",
                f"The cluster must know {kind}, but {what} is answered with: {said}",
                remedy="See what is missing with: sevenfold doctor",
            )
        return ServingError("cluster_rejected", f"The cluster must accept {what}, but says: {said}")


def _content(verb: str) -> str:
    return "application/apply-patch+yaml" if verb == "PATCH" else "application/json"
