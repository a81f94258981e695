"""The one client of Kubernetes: a request to an API server, over the kubernetes package."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sevenfold.contracts.errors import MissingExtraError, PolicyError, TemporaryError

if TYPE_CHECKING:
    from kubernetes import client

__all__ = ["ApiServer", "RequestError", "configuration"]


class RequestError(Exception):
    """The API server answered with a status that is no success; `message` is its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"status {status}: {message}")
        self.status, self.message = status, message


def configuration(context: str = "") -> client.Configuration:
    """Return how a cluster is reached.

    Args:
        context: of the user's kubeconfig; "" takes the current one, or the pod's own account where there is none.

    Raises:
        PolicyError: ``no_cluster`` if there is neither.
    """
    from kubernetes import client, config

    settings = client.Configuration()
    try:
        if context:
            config.load_kube_config(context=context, client_configuration=settings)
        else:
            with contextlib.redirect_stdout(io.StringIO()):  # it prints where it looked
                config.load_config(client_configuration=settings)
    except (config.ConfigException, OSError) as error:
        raise PolicyError(
            "no_cluster",
            f"A cluster must be named by a kubeconfig or a pod's account, but there is none: {str(error)[:200]}",
            remedy="Set KUBECONFIG, or give --context.",
        ) from None
    return settings


class ApiServer:
    """An API server as the user's kubeconfig, or a pod's own account, reaches it.

    Args:
        context: of the user's kubeconfig; "" takes the current one, or the pod's own account where there is none.
        seconds: longest time for one request.
        reconnects: whether a connection that breaks is tried again at once.

    Raises:
        PolicyError: ``no_cluster`` if there is neither kubeconfig nor account.
        MissingExtraError: the kubernetes package is not installed.
    """

    def __init__(self, context: str = "", *, seconds: float, reconnects: bool = True) -> None:
        try:
            from kubernetes import client
        except ImportError as error:
            raise MissingExtraError("kubernetes", "deploy") from error
        settings = configuration(context)
        if not reconnects:
            settings.retries = False
        self._seconds, self._failure = seconds, client.ApiException
        self._client = client.ApiClient(settings)

    @property
    def host(self) -> str:
        """Address of the API server."""
        return str(self._client.configuration.host)

    def request(
        self,
        verb: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: Any = None,
        accept: str = "application/json",
        content: str = "application/json",
    ) -> bytes:
        """Send one request and return the body of the answer.

        Raises:
            RequestError: the server answered with a status that is no success.
            TemporaryError: ``cluster_unreachable`` if it did not answer.
        """
        from urllib3.exceptions import HTTPError

        try:
            answer = self._client.call_api(
                path,
                verb,
                query_params=list(query),
                header_params={"Accept": accept, "Content-Type": content},
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=self._seconds,
            )
            return bytes(answer.data)
        except self._failure as error:
            raise RequestError(int(error.status or 0), _message(error)) from None
        except (HTTPError, OSError) as error:
            raise TemporaryError(
                "cluster_unreachable", f"The Kubernetes API must answer, but did not: {type(error).__name__}."
            ) from error


def _message(error: Any) -> str:
    try:
        return str(json.loads(error.body)["message"])[:600]
    except (TypeError, ValueError, KeyError):
        return str(error.reason)
