"""The functions of a pipeline's definition: values that SageMaker fills in when a run comes to them."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["EXECUTION", "Expression", "get", "joined", "json_get", "parameter"]

Expression = dict[str, Any]


def get(reference: str) -> Expression:
    """Return the value of a step's property: ``Steps.NAME.…``."""
    return {"Get": reference}


def parameter(name: str) -> Expression:
    """Return a parameter as text, whatever its type: arguments of a container are texts."""
    return joined("", get(f"Parameters.{name}"))


def joined(separator: str, *values: str | Expression) -> Expression:
    """Return values joined to one text."""
    return {"Std:Join": {"On": separator, "Values": list(values)}}


def json_get(step: str, property_file: str, path: str) -> Expression:
    """Return a value of a JSON file that a step declares as a property file."""
    return {"Std:JsonGet": {"PropertyFile": get(f"Steps.{step}.PropertyFiles.{property_file}"), "Path": path}}


EXECUTION: Final = get("Execution.PipelineExecutionId")
