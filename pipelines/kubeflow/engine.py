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

from sevenfold.contracts.errors import TemporaryError
from sevenfold.pipelines.kubeflow.entry import refused, require_entry
from sevenfold.pipelines.kubeflow.lineage import task_key
from sevenfold.pipelines.kubeflow.login import Login
from sevenfold.pipelines.kubeflow.nodes import executor_node, run_nodes, task_rows

__all__ = ["FINAL", "Engine", "Registered", "Schedule", "task_states"]

FINAL = frozenset({"SUCCEEDED", "FAILED", "SKIPPED", "CANCELED"})
PATIENCE_SECONDS = 600.0  # an API server that restarts loses nothing
PAUSE_SECONDS = 5.0
NO_LOG = '{"error_message":'
PASSING_STATUS = (0, 408, 429, 500, 502, 503, 504)

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Schedule:
    """When a pipeline starts by itself: a cron expression, or a number of seconds.

    `name` is the plan's, and there is one schedule of a name.
    """

    name: str
    cron: str = ""
    every: int = 0

    @property
    def cron_with_seconds(self) -> str:
        """The expression with six fields, as Kubeflow reads it; five, as everybody writes it, get seconds of 0."""
        return f"0 {self.cron}" if len(self.cron.split()) == 5 else self.cron


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
        self._specs: dict[str, dict[str, Any]] = {}
        self.endpoint = endpoint.rstrip("/")
        with _quiet():
            import kfp_server_api as api

            self._api = api
            self._client = self._first(lambda: (login or Login()).client(self.endpoint, namespace))
            self._calls = self._client._run_api.api_client
            self.endpoint = self._calls.configuration.host.rstrip("/")
        self.namespace = namespace or self._client.get_user_namespace() or ""
        # one question, not the client's own five with pauses
        self._first(lambda: require_entry(self._calls, self.endpoint, self.namespace))

    def link(self, run: str) -> str:
        """Return the page of a run; KF_PIPELINES_UI_ENDPOINT says where the pages are, if not at the endpoint."""
        return f"{self._client._get_url_prefix().rstrip('/')}/#/runs/details/{run}"

    def register(self, name: str, version: str, package: Path, description: str = "") -> Registered:
        """Make sure that pipeline and version are there; a version that is there already is not sent again."""
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
        api = self._api
        body = api.V2beta1Run(
            experiment_id=self._experiment(experiment),
            display_name=title,
            pipeline_version_reference=self._reference(made),
            runtime_config=api.V2beta1RuntimeConfig(parameters=dict(parameters)),
            service_account=account or None,
        )
        # Not repeated: a request whose answer was lost may have started it.
        return str(self._first(lambda: self._client._run_api.run_service_create_run(run=body)).run_id)

    def schedule(
        self, made: Registered, when: Schedule, experiment: str, parameters: Mapping[str, Any], account: str
    ) -> tuple[str, int]:
        """Start a registered version again and again; return the schedule's id and how many it replaces.

        A plan has one schedule: the new one is made first, then those of the same name go.
        """
        api = self._api
        trigger = api.V2beta1Trigger(
            cron_schedule=api.V2beta1CronSchedule(cron=when.cron_with_seconds) if when.cron else None,
            periodic_schedule=api.V2beta1PeriodicSchedule(interval_second=str(when.every)) if when.every else None,
        )
        body = api.V2beta1RecurringRun(
            experiment_id=self._experiment(experiment),
            display_name=when.name,
            pipeline_version_reference=self._reference(made),
            runtime_config=api.V2beta1RuntimeConfig(parameters=dict(parameters)),
            trigger=trigger,
            mode=api.RecurringRunMode.ENABLE,
            max_concurrency="1",
            no_catchup=True,
            service_account=account or None,
        )
        earlier = [known.recurring_run_id for known in self.schedules() if known.display_name == when.name]
        calls = self._client._recurring_run_api
        fresh = self._first(lambda: calls.recurring_run_service_create_recurring_run(recurring_run=body))
        for known in earlier:
            self.unschedule(known)
        return str(fresh.recurring_run_id), len(earlier)

    def schedules(self) -> list[Any]:
        """Return every recurring run of the namespace."""
        found: list[Any] = []
        token = ""
        while True:
            page = self._patiently(
                lambda token=token: self._client.list_recurring_runs(  # type: ignore[misc]
                    page_token=token, page_size=100, namespace=self.namespace or None
                )
            )
            found += page.recurring_runs or []
            token = page.next_page_token or ""
            if not token:
                return found

    def unschedule(self, schedule: str) -> bool:
        """Delete a recurring run, or only stop it and return False while a run that it started goes on.

        Kubernetes would take that run's pods away together with the schedule.
        """
        found = self._patiently(
            lambda: self._client.list_runs(page_size=100, sort_by="created_at desc", namespace=self.namespace or None)
        )
        busy = any(run.recurring_run_id == schedule and run.state not in FINAL for run in found.runs or ())
        calls = self._client
        self._patiently(lambda: (calls.disable_recurring_run if busy else calls.delete_recurring_run)(schedule))
        return not busy

    def run(self, run: str) -> Any:
        """Return a run as the endpoint tells it."""
        return self._patiently(lambda: self._client.get_run(run))

    def pipeline_name(self, run: Any) -> str:
        """Return the name of the pipeline a run is of."""
        pipeline = run.pipeline_version_reference.pipeline_id
        return str(self._patiently(lambda: self._client.get_pipeline(pipeline)).display_name)

    def log(self, run: Any, task: str) -> tuple[str, str]:
        """Return the pod a task's last attempt ran in and what it printed; "" where that is gone or never was."""
        node = executor_node(run_nodes(run), task)
        if node is None:
            return "", ""
        path = f"/apis/v1alpha1/runs/{run.run_id}/nodes/{node.node_id}/log"
        try:
            with _quiet():
                told = self._calls.call_api(
                    path, "GET", auth_settings=["Bearer"], _preload_content=False, _return_http_data_only=True
                )
        except self._api.ApiException:
            return node.pod, ""
        text = bytes(told.data).decode(errors="replace")
        # a task whose outputs were cached had no pod, and the answer begins as if there were a log
        return ("", "") if text.startswith(NO_LOG) else (node.pod, text)

    def _experiment(self, name: str) -> str:
        wanted = self._patiently(lambda: self._client.create_experiment(name, namespace=self.namespace or None))
        return str(wanted.experiment_id)

    def _reference(self, made: Registered) -> Any:
        return self._api.V2beta1PipelineVersionReference(pipeline_id=made.pipeline, pipeline_version_id=made.version)

    def same_runs(self, run: Any, task: str) -> list[str]:
        """Return the earlier runs in which a task had the same inputs, newest first: its cache can come from them."""
        wanted = self._task_key(run, task)
        found = self._patiently(
            lambda: self._client.list_runs(page_size=100, sort_by="created_at desc", namespace=self.namespace or None)
        )
        pipeline = run.pipeline_version_reference.pipeline_id
        earlier = [
            other
            for other in found.runs or ()
            if other.created_at < run.created_at
            and other.pipeline_version_reference
            and other.pipeline_version_reference.pipeline_id == pipeline
        ]
        return [other.run_id for other in earlier if wanted and self._task_key(other, task) == wanted]

    def _task_key(self, run: Any, task: str) -> str:
        made = run.pipeline_version_reference
        if made.pipeline_version_id not in self._specs:
            calls = self._client._pipelines_api
            version = self._patiently(
                lambda: calls.pipeline_service_get_pipeline_version(made.pipeline_id, made.pipeline_version_id)
            )
            spec = dict(version.pipeline_spec or {})
            self._specs[made.pipeline_version_id] = spec.get("pipeline_spec", spec)
        return task_key(self._specs[made.pipeline_version_id], run.runtime_config.parameters or {}, task)

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
            raise refused(self.endpoint, error) from None

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
                    raise refused(self.endpoint, error) from None
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
    return {row.display_name: str(row.state) for row in task_rows(run)}


def _named(key: str, name: str) -> str:
    return json.dumps({"predicates": [{"operation": "EQUALS", "key": key, "stringValue": name}]})


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence what kfp warns of and prints about itself."""
    import io

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
