"""Vertex AI's API in one region: start a pipeline job, read its state, read what its tasks printed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from sevenfold.contracts.errors import MissingExtraError
from sevenfold.pipelines.vertex.refusals import passes, refusal
from sevenfold.runtime.waiting import wait_until

if TYPE_CHECKING:
    from sevenfold.plan.vertex import VertexSection

__all__ = ["Service", "console_page"]

SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
LOGGING: Final = "https://logging.googleapis.com"
MONITORING: Final = "https://monitoring.googleapis.com"
PATIENCE_SECONDS: Final = 600.0
PAUSE_SECONDS: Final = 5.0
MOST_LINES: Final = 1_000  # of a task's log; the cause of a failure stands last

Answer = TypeVar("Answer")


class Service:
    """The API of Vertex AI, asked by REST; a question is repeated while nothing answers, for at most ten minutes.

    Credentials are those that every tool of Google finds by itself.

    Args:
        section: the project, the region, the account.
        logging: address of Cloud Logging; "" takes Google's.
        monitoring: the same of Cloud Monitoring.
        sleep: waits so many seconds.

    Raises:
        MissingExtraError: google-cloud-aiplatform is not installed.
        PolicyError: ``vertex_login``.
    """

    def __init__(
        self,
        section: VertexSection,
        *,
        logging: str = "",
        monitoring: str = "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        try:
            import google.auth
            from google.cloud.aiplatform_v1 import types
            from google.cloud.aiplatform_v1.services.pipeline_service import PipelineServiceClient
            from google.cloud.aiplatform_v1.services.pipeline_service.transports.rest import (
                PipelineServiceRestTransport,
            )
        except ImportError as error:
            raise MissingExtraError("google-cloud-aiplatform", "vertex") from error
        self.section, self._sleep, self._logging = section, sleep, logging or LOGGING
        self._monitoring = monitoring or MONITORING
        self.types = types
        self.parent = f"projects/{section.project}/locations/{section.region}"
        address = urlsplit(section.endpoint or f"https://{section.region}-aiplatform.googleapis.com")
        self._credentials = self.asked("log in", lambda: google.auth.default(scopes=[SCOPE])[0])
        self._reached = {"host": address.netloc, "url_scheme": address.scheme, "credentials": self._credentials}
        transport = PipelineServiceRestTransport(**self._reached)
        self._client = PipelineServiceClient(transport=transport)

    def start(self, job: Any, name: str) -> str:
        """Start a `PipelineJob` under a name of our own, and return its whole name.

        The name is new, so a job that is there already is the one whose answer was lost.
        """
        from google.api_core.exceptions import Conflict

        def create() -> str:
            try:
                made = self._client.create_pipeline_job(parent=self.parent, pipeline_job=job, pipeline_job_id=name)
            except Conflict:
                return self.whole(name)
            return str(made.name)

        return self.asked("start a run", create, patience_seconds=PATIENCE_SECONDS)

    def job(self, name: str) -> Any:
        """Return a job, by its name or its whole one, as Vertex AI describes it."""
        whole = self.whole(name)
        ask = lambda: self._client.get_pipeline_job(name=whole)  # noqa: E731
        return self.asked("read a run", ask, patience_seconds=PATIENCE_SECONDS, reading=True)

    def newest(self) -> Any:
        """Return the newest job of project and region, or None: the least that can be asked."""
        request = {"parent": self.parent, "page_size": 1, "read_mask": {"paths": ["name"]}}
        return self.asked("list the runs", lambda: next(iter(self._client.list_pipeline_jobs(request=request)), None))

    def whole(self, name: str) -> str:
        """Return the whole name of a job."""
        return name if name.startswith("projects/") else f"{self.parent}/pipelineJobs/{name}"

    def models(self) -> Any:
        """Return the client of the model registry."""
        from google.cloud.aiplatform_v1.services.model_service import ModelServiceClient
        from google.cloud.aiplatform_v1.services.model_service.transports.rest import ModelServiceRestTransport

        return ModelServiceClient(transport=ModelServiceRestTransport(**self._reached))

    def endpoints(self) -> Any:
        """Return the client of endpoints."""
        from google.cloud.aiplatform_v1.services.endpoint_service import EndpointServiceClient
        from google.cloud.aiplatform_v1.services.endpoint_service.transports.rest import EndpointServiceRestTransport

        return EndpointServiceClient(transport=EndpointServiceRestTransport(**self._reached))

    def predict(self, endpoint: str, body: bytes) -> dict[str, Any]:
        """Return an endpoint's answer to a request as its container takes it.

        The generated client would wrap the body of `rawPredict` into an object of its own.

        Raises:
            PolicyError, TemporaryError: as `refusal` says.
        """
        address = f"{self._reached['url_scheme']}://{self._reached['host']}/v1/{endpoint}:rawPredict"
        headers = {"Content-Type": "application/json"}
        ask = lambda: self._fetched("POST", address, data=body, headers=headers)  # noqa: E731
        return self.asked("ask the endpoint", ask, patience_seconds=PATIENCE_SECONDS)

    def series(self, query: Mapping[str, str]) -> list[Mapping[str, Any]]:
        """Return the time series of Cloud Monitoring that a query asks for, of all pages.

        Raises:
            PolicyError, TemporaryError: as `refusal` says.
        """
        address = f"{self._monitoring}/v3/projects/{self.section.project}/timeSeries"

        def ask() -> list[Mapping[str, Any]]:
            page = self._fetched("GET", address, params=query)
            found = list(page.get("timeSeries", []))
            while page.get("nextPageToken"):
                page = self._fetched("GET", address, params={**query, "pageToken": page["nextPageToken"]})
                found += page.get("timeSeries", [])
            return found

        return self.asked("read Cloud Monitoring", ask, reading=True)

    def fetched(self, what: str, method: str, address: str, **given: Any) -> dict[str, Any]:
        """Return the document that another API of Google's answers with; errors are those of `asked`."""
        return self.asked(what, lambda: self._fetched(method, address, **given))

    def _fetched(self, method: str, address: str, **given: Any) -> dict[str, Any]:
        from google.api_core.exceptions import from_http_response
        from google.auth.transport.requests import AuthorizedSession

        with AuthorizedSession(self._credentials) as session:
            answer = session.request(method, address, timeout=60, **given)
        if not answer.ok:
            raise from_http_response(answer)
        document = answer.json()
        return document if isinstance(document, dict) else {}

    def printed(self, task: Any) -> list[Mapping[str, Any]]:
        """Return the entries of Cloud Logging of a task's container, the last one last; [] where they may not be read.

        Args:
            task: its `PipelineTaskDetail`.
        """
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import AuthorizedSession
        from requests.exceptions import RequestException

        job = str(task.executor_detail.container_detail.main_job).rpartition("/")[2]
        if not job:
            return []
        body = {
            "resourceNames": [f"projects/{self.section.project}"],
            "filter": f'resource.type="ml_job" resource.labels.job_id="{job}"',
            "orderBy": "timestamp desc",
            "pageSize": MOST_LINES,
        }
        try:
            with AuthorizedSession(self._credentials) as session:
                answer = session.post(f"{self._logging}/v2/entries:list", json=body, timeout=60)
            entries = answer.json().get("entries", []) if answer.ok else []
        except (GoogleAuthError, RequestException, ValueError):
            return []
        return list(reversed(entries))

    def asked(
        self, what: str, ask: Callable[[], Answer], *, patience_seconds: float = 0.0, reading: bool = False
    ) -> Answer:
        """Return what `ask` returns; errors of Google's clients become ours, and passing ones are waited out.

        Args:
            what: what is asked for, as in "You must be allowed to start a run".
            ask: may be called again.
            patience_seconds: longest wait for an answer.
            reading: nothing is changed, so a question too many is asked again.
        """
        from google.api_core.exceptions import GoogleAPICallError
        from google.auth.exceptions import GoogleAuthError
        from google.protobuf.json_format import ParseError
        from requests.exceptions import RequestException

        fault: Exception | None = None

        def attempt() -> tuple[Answer] | None:
            nonlocal fault
            try:
                return (ask(),)
            except (GoogleAPICallError, GoogleAuthError, ParseError, RequestException) as error:
                if not passes(error, reading=reading):
                    raise refusal(error, self.section, what) from error
                fault = error
                return None

        (answer,) = wait_until(
            attempt,
            pause_seconds=PAUSE_SECONDS,
            patience_seconds=patience_seconds,
            late=lambda: refusal(fault or TimeoutError(), self.section, what),
            sleep=self._sleep,
        )
        return answer


def console_page(section: VertexSection, name: str) -> str:
    """Return the page of a run in Google's console."""
    where = f"locations/{section.region}/runs/{name}?project={section.project}"
    return f"https://console.cloud.google.com/vertex-ai/pipelines/{where}"
