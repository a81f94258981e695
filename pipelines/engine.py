"""A Kubeflow Pipelines endpoint: register a pipeline once, start a run, ask how it goes."""

from __future__ import annotations

import contextlib
import json
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sevenfold.contracts.canonical import file_digest
from sevenfold.contracts.errors import PolicyError, TemporaryError

__all__ = ["FINAL", "Engine", "Registered", "task_states"]

FINAL = frozenset({"SUCCEEDED", "FAILED", "SKIPPED", "CANCELED"})
PATIENCE_SECONDS = 600.0  # an API server that restarts loses nothing
PAUSE_SECONDS = 5.0
PASSING_STATUS = (0, 408, 429, 500, 502, 503, 504)

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Registered:
    """A pipeline and the version of it that has the compiled content."""

    pipeline: str
    version: str
    name: str
    fresh: bool


class Engine:
    """Speaks to one endpoint; every call is repeated while the endpoint does not answer, at most ten minutes.

    Args:
        endpoint: URL of the API, or of Kubeflow's pages before it.
        namespace: the user's own on a multi-user Kubeflow; "" on a single-user one.
        sleep: waits so many seconds.
    """

    def __init__(self, endpoint: str, namespace: str = "", *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.endpoint, self.namespace, self._sleep = endpoint.rstrip("/"), namespace, sleep
        with _quiet():
            import kfp
            import kfp_server_api as api

            self._api = api
            self._client = self._first(lambda: kfp.Client(host=self.endpoint, namespace=namespace or "kubeflow"))
            self._first(self._client.get_kfp_healthz)

    def link(self, run: str) -> str:
        """Return the page of a run."""
        return f"{self.endpoint}/#/runs/details/{run}"

    def register(self, name: str, package: Path, description: str = "") -> Registered:
        """Make sure that pipeline and version are there; the version's name is the digest of its content."""
        version = f"{name}-{file_digest(package).removeprefix('sha256:')[:16]}"
        pipeline = self._pipeline(name) or self._created(name, description)
        known = self._version(pipeline, version)
        if known:
            return Registered(pipeline, known, version, fresh=False)
        made = self._patiently(
            lambda: self._client.upload_pipeline_version(
                str(package), pipeline_version_name=version, pipeline_id=pipeline, description=description
            )
        )
        return Registered(pipeline, made.pipeline_version_id, version, fresh=True)

    def start(self, made: Registered, title: str, experiment: str, parameters: Mapping[str, Any], account: str) -> str:
        """Start a run of a registered version and return its id."""
        wanted = self._patiently(lambda: self._client.create_experiment(experiment, namespace=self.namespace or None))
        api = self._api
        body = api.V2beta1Run(
            experiment_id=wanted.experiment_id,
            display_name=title,
            pipeline_version_reference=api.V2beta1PipelineVersionReference(
                pipeline_id=made.pipeline, pipeline_version_id=made.version
            ),
            runtime_config=api.V2beta1RuntimeConfig(parameters=dict(parameters)),
            service_account=account or None,
        )
        # Not repeated: a request whose answer was lost may have started it.
        return str(self._first(lambda: self._client._run_api.run_service_create_run(run=body)).run_id)

    def run(self, run: str) -> Any:
        """Return a run as the endpoint tells it."""
        return self._patiently(lambda: self._client.get_run(run))

    def same_runs(self, run: Any) -> list[str]:
        """Return the earlier runs with the same version and parameters, newest first: its cache can come from them."""
        found = self._patiently(
            lambda: self._client.list_runs(page_size=100, sort_by="created_at desc", experiment_id=run.experiment_id)
        )
        version = run.pipeline_version_reference.pipeline_version_id
        return [
            other.run_id
            for other in found.runs or ()
            if other.created_at < run.created_at
            and other.pipeline_version_reference
            and other.pipeline_version_reference.pipeline_version_id == version
            and other.runtime_config.parameters == run.runtime_config.parameters
        ]

    def _pipeline(self, name: str) -> str:
        found = self._patiently(
            lambda: self._client.list_pipelines(filter=_named("name", name), namespace=self.namespace or None)
        )
        return str(found.pipelines[0].pipeline_id) if found.pipelines else ""

    def _created(self, name: str, description: str) -> str:
        body = self._api.V2beta1Pipeline(
            name=name, display_name=name, description=description, namespace=self.namespace or None
        )
        try:
            return str(self._client._pipelines_api.pipeline_service_create_pipeline(pipeline=body).pipeline_id)
        except self._api.ApiException as error:
            if error.status == 409:  # someone else was faster
                return self._pipeline(name)
            raise _refused(self.endpoint, error) from None

    def _version(self, pipeline: str, version: str) -> str:
        found = self._patiently(
            lambda: self._client.list_pipeline_versions(pipeline, page_size=1, filter=_named("name", version))
        )
        return str(found.pipeline_versions[0].pipeline_version_id) if found.pipeline_versions else ""

    def _first(self, call: Callable[[], Answer]) -> Answer:
        """Call once: at the start, an endpoint that does not answer is a wrong one."""
        return self._patiently(call, patience=0.0)

    def _patiently(self, call: Callable[[], Answer], patience: float = PATIENCE_SECONDS) -> Answer:
        from urllib3.exceptions import HTTPError

        waited = 0.0
        while True:
            try:
                with _quiet():
                    return call()
            except self._api.ApiException as error:
                if error.status not in PASSING_STATUS:
                    raise _refused(self.endpoint, error) from None
                fault = f"status {error.status} {error.reason}"
            except (HTTPError, OSError, TimeoutError) as error:
                fault = type(error).__name__
            if waited >= patience:
                raise TemporaryError(
                    "endpoint_unreachable",
                    f"{self.endpoint} must answer as Kubeflow Pipelines does, but did not: {fault}.",
                    remedy="See whether the endpoint is right and its server is up, then submit again.",
                )
            self._sleep(PAUSE_SECONDS)
            waited += PAUSE_SECONDS


def task_states(run: Any) -> dict[str, str]:
    """Return each named task's state: PENDING, RUNNING, SUCCEEDED, SKIPPED, FAILED, …; of several rows the last."""
    rows = (run.run_details.task_details if run.run_details else None) or ()
    named = [row for row in rows if row.display_name and row.state]
    return {row.display_name: str(row.state) for row in sorted(named, key=lambda row: row.create_time)}


def _named(key: str, name: str) -> str:
    return json.dumps({"predicates": [{"operation": "EQUALS", "key": key, "stringValue": name}]})


def _refused(endpoint: str, error: Any) -> PolicyError:
    try:
        said = json.loads(error.body)["error"]
    except (TypeError, ValueError, KeyError):
        said = error.reason
    return PolicyError(
        "endpoint_refused",
        f"{endpoint} must accept the request, but answered with status {error.status}: {str(said)[:300]}",
        remedy="See namespace, service account and login.",
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence what kfp warns of and prints about itself."""
    import io

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
