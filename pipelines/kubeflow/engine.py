"""A Kubeflow Pipelines endpoint: register a pipeline once, start a run, read its state and its logs."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sevenfold.pipelines.kubeflow.connection import Connection, quiet
from sevenfold.pipelines.kubeflow.entry import refused
from sevenfold.pipelines.kubeflow.nodes import executor_node, run_nodes, task_rows

__all__ = ["FINAL", "Engine", "Registered", "task_states"]

FINAL: Final = frozenset({"SUCCEEDED", "FAILED", "SKIPPED", "CANCELED"})
NO_LOG: Final = '{"error_message":'
PAGE_SIZE: Final = 100


@dataclass(frozen=True)
class Registered:
    """A pipeline and the version of it that has the compiled content."""

    pipeline: str
    version: str
    name: str
    fresh: bool


class Engine(Connection):
    """The pipelines and runs of one endpoint; arguments and errors are those of `Connection`."""

    def link(self, run: str) -> str:
        """Return the page of a run; KF_PIPELINES_UI_ENDPOINT says where the pages are, if not at the endpoint."""
        return f"{self.client._get_url_prefix().rstrip('/')}/#/runs/details/{run}"

    def register(self, name: str, version: str, package: Path, description: str = "") -> Registered:
        """Make sure that pipeline and version are there; a version that is there already is not sent again."""
        pipeline = self._pipeline(name) or self._created(name, description)
        known = self._version(pipeline, version)
        if known:
            return Registered(pipeline, known, version, fresh=False)
        made = self.call(
            lambda: self.client.upload_pipeline_version(
                str(package), pipeline_version_name=version, pipeline_id=pipeline, description=description
            )
        )
        return Registered(pipeline, made.pipeline_version_id, version, fresh=True)

    def start(self, made: Registered, title: str, experiment: str, parameters: Mapping[str, Any], account: str) -> str:
        """Start a run of a registered version and return its id."""
        api = self.api
        body = api.V2beta1Run(
            experiment_id=self.experiment(experiment),
            display_name=title,
            pipeline_version_reference=self.reference(made),
            runtime_config=api.V2beta1RuntimeConfig(parameters=dict(parameters)),
            service_account=account or None,
        )
        # Not repeated: a request whose answer was lost may have started it.
        return str(self.call_once(lambda: self.client._run_api.run_service_create_run(run=body)).run_id)

    def run(self, run: str) -> Any:
        """Return a run as the endpoint describes it."""
        return self.call(lambda: self.client.get_run(run))

    def terminate(self, run: str) -> None:
        """Have a run ended.

        Raises:
            PolicyError: it is over, or Kubeflow does not know it.
        """
        self.call(lambda: self.client.terminate_run(run))

    def runs(self, *, without: Collection[str] = ()) -> Iterator[Any]:
        """Yield every run of the namespace, newest first, a page at a time.

        Args:
            without: states that the server leaves out. Of the keys that a filter needs here, Kubeflow 2.17 knows
                `state` alone: it has none for the pipeline, and that for the schedule names a missing column.
        """
        predicates = [{"operation": "NOT_EQUALS", "key": "state", "stringValue": state} for state in sorted(without)]
        first = {"sort_by": "created_at desc", "filter": json.dumps({"predicates": predicates}) if predicates else None}
        token = ""
        while True:
            # a page token has order and filter of the first page, and refuses others beside it
            asked = {"page_token": token} if token else first
            page = self.call(
                lambda asked=asked: self.client.list_runs(  # type: ignore[misc]
                    **asked, page_size=PAGE_SIZE, namespace=self.namespace or None
                )
            )
            yield from page.runs or ()
            token = page.next_page_token or ""
            if not token:
                return

    def first_experiment(self) -> str:
        """Return the id of the namespace's oldest experiment, or ""."""
        page = self.call_once(
            lambda: self.client.list_experiments(page_size=1, sort_by="created_at", namespace=self.namespace or None)
        )
        return str(page.experiments[0].experiment_id) if page.experiments else ""

    def pipeline(self, run: Any) -> Any:
        """Return the pipeline a run is of."""
        return self.call(lambda: self.client.get_pipeline(run.pipeline_version_reference.pipeline_id))

    def specification(self, run: Any) -> dict[str, Any]:
        """Return what a run's pipeline version was compiled to, the first YAML document."""
        made = run.pipeline_version_reference
        calls = self.client._pipelines_api
        version = self.call(
            lambda: calls.pipeline_service_get_pipeline_version(made.pipeline_id, made.pipeline_version_id)
        )
        documents = dict(version.pipeline_spec or {})
        return dict(documents.get("pipeline_spec", documents))

    def log(self, run: Any, task: str) -> tuple[str, str]:
        """Return the pod a task's last attempt ran in and what it printed; "" where that is gone or never was."""
        node = executor_node(run_nodes(run), task)
        if node is None:
            return "", ""
        path = f"/apis/v1alpha1/runs/{run.run_id}/nodes/{node.node_id}/log"
        try:
            with quiet():
                answer = self.requests.call_api(
                    path, "GET", auth_settings=["Bearer"], _preload_content=False, _return_http_data_only=True
                )
        except self.api.ApiException:
            return node.pod, ""
        text = bytes(answer.data).decode(errors="replace")
        # a task whose outputs were cached had no pod, and the answer begins as if there were a log
        return ("", "") if text.startswith(NO_LOG) else (node.pod, text)

    def experiment(self, name: str) -> str:
        """Return the id of an experiment, which is made where it is not there."""
        wanted = self.call(lambda: self.client.create_experiment(name, namespace=self.namespace or None))
        return str(wanted.experiment_id)

    def reference(self, made: Registered) -> Any:
        """Return how kfp's requests name a registered version."""
        return self.api.V2beta1PipelineVersionReference(pipeline_id=made.pipeline, pipeline_version_id=made.version)

    def _pipeline(self, name: str) -> str:
        page = self.call(
            lambda: self.client.list_pipelines(filter=_named("name", name), namespace=self.namespace or None)
        )
        return str(page.pipelines[0].pipeline_id) if page.pipelines else ""

    def _created(self, name: str, description: str) -> str:
        body = self.api.V2beta1Pipeline(
            name=name, display_name=name, description=description, namespace=self.namespace or None
        )
        try:
            return str(self.client._pipelines_api.pipeline_service_create_pipeline(pipeline=body).pipeline_id)
        except self.api.ApiException as error:
            if error.status == 409:  # someone else was faster
                return self._pipeline(name)
            raise refused(self.endpoint, error) from None

    def _version(self, pipeline: str, version: str) -> str:
        page = self.call(
            lambda: self.client.list_pipeline_versions(pipeline, page_size=1, filter=_named("name", version))
        )
        return str(page.pipeline_versions[0].pipeline_version_id) if page.pipeline_versions else ""


def task_states(run: Any) -> dict[str, str]:
    """Return each named task's state: PENDING, RUNNING, SUCCEEDED, SKIPPED, FAILED, …; of several rows the last."""
    return {row.display_name: str(row.state) for row in task_rows(run)}


def _named(key: str, name: str) -> str:
    return json.dumps({"predicates": [{"operation": "EQUALS", "key": key, "stringValue": name}]})
