"""Which earlier run a task's result can have come from, where Kubeflow took it from its cache.

The API says that a task succeeded, not whose outputs those are. Kubeflow's key is the task's code, image, settings and
inputs; the same is put together here from what two runs were compiled from, over all tasks that lead to this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sevenfold.contracts.canonical import digest_of

__all__ = ["task_key"]

CHANNEL = "pipelinechannel--"


def task_key(spec: Mapping[str, Any], parameters: Mapping[str, Any], task: str) -> str:
    """Return a digest of all that a task's result depends on; "" where the pipeline has no such task.

    Args:
        spec: what the run was compiled to, the first YAML document.
        parameters: the run's own; those left out have their default.
        task: such as ``train-model``.
    """
    tasks = {
        name: found
        for dag in (spec["root"], *spec["components"].values())
        for name, found in dag.get("dag", {}).get("tasks", {}).items()
    }
    form = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    values = {name: _whole(parameters.get(name, told.get("defaultValue"))) for name, told in form.items()}

    def key(name: str) -> str:
        found = tasks[name]
        component = spec["components"][found["componentRef"]["name"]]
        given = found.get("inputs", {})
        upstream = [
            source["taskOutputArtifact"]
            for source in given.get("artifacts", {}).values()
            if "taskOutputArtifact" in source
        ]
        return digest_of(
            {
                "executor": spec["deploymentSpec"]["executors"].get(component.get("executorLabel", ""), {}),
                "parameters": {
                    name: values.get(told["componentInputParameter"].removeprefix(CHANNEL))
                    if "componentInputParameter" in told
                    else told
                    for name, told in given.get("parameters", {}).items()
                },
                "upstream": {source["producerTask"]: key(source["producerTask"]) for source in upstream},
            }
        )

    return key(task) if task in tasks else ""


def _whole(value: Any) -> Any:
    """The compiled default of an integer is -1.0, the one that a person gives is -1."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
