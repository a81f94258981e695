"""Which earlier run a task's result can have come from, where Kubeflow took it from its cache.

The API says that a task succeeded, not whose outputs those are. Kubeflow's key is the task's code, image, settings and
inputs; the same is put together here from what two runs were compiled from, over all tasks that lead to this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sevenfold.contracts.canonical import digest_of
from sevenfold.contracts.errors import PolicyError

if TYPE_CHECKING:
    from sevenfold.pipelines.kubeflow.engine import Engine

__all__ = ["Lineage", "task_key"]

CHANNEL = "pipelinechannel--"
CLOCKS_APART = timedelta(hours=1)  # of two API servers, at most


class Lineage:
    """Which earlier runs had the same tasks as one run; runs and specifications are read once, and only if needed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._specifications: dict[str, dict[str, Any]] = {}
        self._earlier: list[Any] = []
        self._unread: Iterator[Any] | None = None

    def same_runs(self, run: Any, task: str) -> Iterator[str]:
        """Yield the earlier runs in which a task had the same inputs, newest first: its cache can come from them.

        Args:
            run: the run as the endpoint describes it; always the same one.
            task: such as ``train-model``.
        """
        wanted = self._key(run, task)
        if wanted:
            yield from (other.run_id for other in self._all(run) if self._key(other, task) == wanted)

    def _all(self, run: Any) -> Iterator[Any]:
        """Yield the earlier runs: first those that were read, then further pages, as far as they are needed."""
        yield from list(self._earlier)
        self._unread = self._unread or self._read(run)
        for other in self._unread:
            self._earlier.append(other)
            yield other

    def _read(self, run: Any) -> Iterator[Any]:
        """Yield the earlier runs of the same pipeline, down to the time when it was made."""
        pipeline = self._engine.pipeline(run)
        for other in self._engine.runs():
            if pipeline.created_at and other.created_at < pipeline.created_at - CLOCKS_APART:
                return
            made = other.pipeline_version_reference
            if other.created_at < run.created_at and made and made.pipeline_id == pipeline.pipeline_id:
                yield other

    def _key(self, run: Any, task: str) -> str:
        version = run.pipeline_version_reference.pipeline_version_id
        if version not in self._specifications:
            self._specifications[version] = self._specification(run)
        specification = self._specifications[version]
        return task_key(specification, run.runtime_config.parameters or {}, task) if specification else ""

    def _specification(self, run: Any) -> dict[str, Any]:
        """Return what a run was compiled to; empty where that version was deleted, so that it matches no other."""
        try:
            return self._engine.specification(run)
        except PolicyError:
            return {}


def task_key(spec: Mapping[str, Any], parameters: Mapping[str, Any], task: str) -> str:
    """Return a digest of all that a task's result depends on; "" where the pipeline has no such task.

    Args:
        spec: what the run was compiled to, the first YAML document.
        parameters: the run's own; those left out have their default.
        task: such as ``train-model``.
    """
    tasks = {
        name: definition
        for dag in (spec["root"], *spec["components"].values())
        for name, definition in dag.get("dag", {}).get("tasks", {}).items()
    }
    form = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    values = {name: _whole(parameters.get(name, field.get("defaultValue"))) for name, field in form.items()}

    def key(name: str) -> str:
        definition = tasks[name]
        component = spec["components"][definition["componentRef"]["name"]]
        given = definition.get("inputs", {})
        upstream = [
            source["taskOutputArtifact"]
            for source in given.get("artifacts", {}).values()
            if "taskOutputArtifact" in source
        ]
        return digest_of(
            {
                "executor": spec["deploymentSpec"]["executors"].get(component.get("executorLabel", ""), {}),
                "parameters": {
                    name: values.get(source["componentInputParameter"].removeprefix(CHANNEL))
                    if "componentInputParameter" in source
                    else source
                    for name, source in given.get("parameters", {}).items()
                },
                "upstream": {source["producerTask"]: key(source["producerTask"]) for source in upstream},
            }
        )

    return key(task) if task in tasks else ""


def _whole(value: Any) -> Any:
    """The compiled default of an integer is -1.0, the one that a person gives is -1."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
