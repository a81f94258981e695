"""The connection to one Kubeflow Pipelines endpoint: who asks, and how patiently."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from sevenfold.contracts.errors import TemporaryError
from sevenfold.pipelines.kubeflow.entry import refused, require_entry
from sevenfold.pipelines.kubeflow.login import Login
from sevenfold.runtime.waiting import wait_until

__all__ = ["Connection", "quiet"]

PATIENCE_SECONDS: Final = 600.0  # an API server that restarts loses nothing
PAUSE_SECONDS: Final = 5.0
NOWHERE: Final = "No endpoint is given, and what kfp finds in this cluster or the kubeconfig"
PASSING_STATUS: Final = (0, 408, 429, 500, 502, 503, 504)

Answer = TypeVar("Answer")


class Connection:
    """Calls one endpoint; a call is repeated while the endpoint does not answer, for at most ten minutes.

    `client` is kfp's client, `api` its module of request objects; `call` wraps every use of them.

    Args:
        endpoint: URL of the API, or of Kubeflow's pages before it; "" lets kfp look in its cluster and the kubeconfig.
        namespace: the user's own on a multi-user Kubeflow; "" takes what kfp's own settings say.
        login: who asks.
        sleep: waits so many seconds.

    Raises:
        PolicyError: ``endpoint_refused``, ``login_page``: it does not let us in.
        TemporaryError: ``endpoint_unreachable``.
    """

    def __init__(
        self,
        endpoint: str,
        namespace: str = "",
        login: Login | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sleep = sleep
        self.endpoint = endpoint.rstrip("/")
        with quiet():
            import kfp_server_api as api

            self.api = api
            self.client = self.call_once(lambda: (login or Login()).client(self.endpoint, namespace))
            self.requests = self.client._run_api.api_client
            self.endpoint = self.requests.configuration.host.rstrip("/")
        self.namespace = namespace or self.client.get_user_namespace() or ""
        # one question, not the client's own five with pauses
        self.call_once(lambda: require_entry(self.requests, self.endpoint, self.namespace))

    def call_once(self, ask: Callable[[], Answer]) -> Answer:
        """Call without patience: at the start, an endpoint that does not answer is a wrong one."""
        return self.call(ask, patience_seconds=0.0)

    def call(self, ask: Callable[[], Answer], *, patience_seconds: float = PATIENCE_SECONDS) -> Answer:
        """Return what `ask` returns, asked again while the endpoint does not answer.

        Raises:
            PolicyError: ``endpoint_refused``.
            TemporaryError: ``endpoint_unreachable`` when the patience is over.
        """
        from urllib3.exceptions import HTTPError

        fault = ""

        def attempt() -> tuple[Answer] | None:
            nonlocal fault
            try:
                with quiet():
                    return (ask(),)
            except self.api.ApiException as error:
                if error.status not in PASSING_STATUS:
                    raise refused(self.endpoint, error) from None
                fault = f"status {error.status} {error.reason}"
            except (HTTPError, OSError) as error:
                fault = type(error).__name__
            return None

        def late() -> TemporaryError:
            return TemporaryError(
                "endpoint_unreachable",
                f"{self.endpoint or NOWHERE} must answer as Kubeflow Pipelines does, but did not: {fault}.",
                remedy="See whether the endpoint is right and its server is up, then run the same command again."
                if self.endpoint
                else "Name it with --endpoint, or in KF_PIPELINES_ENDPOINT.",
            )

        (answer,) = wait_until(
            attempt, pause_seconds=PAUSE_SECONDS, patience_seconds=patience_seconds, late=late, sleep=self._sleep
        )
        return answer


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence what kfp warns of and prints about itself."""
    import io

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
