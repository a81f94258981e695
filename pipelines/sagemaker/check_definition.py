"""The check of a definition before it is sent: SageMaker itself says of many faults only that it cannot parse it.

Neither the client nor a stand-in for the service looks at any of this.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, Final

from sevenfold.contracts.canonical import canonical_json
from sevenfold.contracts.errors import PolicyError

__all__ = ["MOST_BYTES", "check_definition"]

MOST_BYTES: Final = 1_048_576
MOST_STEPS: Final = 50
MOST_PARAMETERS: Final = 200
MOST_INPUTS: Final = 10
MOST_TEXTS: Final = 100  # of an entrypoint or of arguments
LONGEST_TEXT: Final = 256
NAME: Final = re.compile(r"[A-Za-z0-9\-_]{1,64}")
TYPES: Final[dict[str, tuple[type, ...]]] = {
    "String": (str,),
    "Integer": (int,),
    "Float": (float, int),
    "Boolean": (bool,),
}
PROPERTY_FILE: Final = re.compile(r"Steps\.([^.]+)\.PropertyFiles\.([^.]+)")
OUTPUT: Final = re.compile(r"Steps\.([^.]+)\.ProcessingOutputConfig\.Outputs\['([^']+)'\]\.S3Output\.S3Uri")


def check_definition(definition: dict[str, Any]) -> None:
    """Refuse a definition that SageMaker would not take, or would take and not be able to run.

    Raises:
        PolicyError: ``definition`` with everything that is wrong with it.
    """
    faults = list(_faults(definition))
    if faults:
        raise PolicyError(
            "definition",
            f"The definition of the pipeline must be one that SageMaker runs, but {'; '.join(faults[:5])}.",
            remedy="Report it: the plan is checked before.",
        )


def _faults(definition: dict[str, Any]) -> Iterator[str]:
    broken = [value for value in _values(definition) if value is None or _is_no_number(value)]
    if broken:
        yield f"{broken[0]} is no value of it"
        return
    if len(canonical_json(definition).encode()) > MOST_BYTES:
        yield f"it has more than {MOST_BYTES:,} bytes"
    steps = list(_steps(definition["Steps"]))
    names = [step["Name"] for step in steps]
    yield from (f"{name!r} is no name of a step" for name in names if not NAME.fullmatch(name))
    yield from (f"two steps are called {name!r}" for name in sorted({name for name in names if names.count(name) > 1}))
    if len(steps) > MOST_STEPS:
        yield f"it has {len(steps)} steps of at most {MOST_STEPS}"
    yield from _parameter_faults(definition)
    yield from _reference_faults(definition, {step["Name"]: step for step in steps})
    for step in steps:
        yield from _job_faults(step)


def _parameter_faults(definition: dict[str, Any]) -> Iterator[str]:
    declared = {one["Name"]: one for one in definition["Parameters"]}
    if len(declared) != len(definition["Parameters"]) or len(declared) > MOST_PARAMETERS:
        yield "its parameters have a name twice, or are too many"
    for name, one in declared.items():
        kinds = TYPES.get(one["Type"], ())
        default = one.get("DefaultValue")
        wrong = default is not None and (
            not isinstance(default, kinds) or (isinstance(default, bool) and bool not in kinds)
        )
        if not NAME.fullmatch(name) or not kinds or wrong:
            yield f"the parameter {name!r} is not of type {one['Type']}"
    used = {reference.split(".")[1] for reference in _references(definition) if reference.startswith("Parameters.")}
    yield from (f"the parameter {name!r} is used and not declared" for name in sorted(used - set(declared)))
    yield from (f"the parameter {name!r} is declared and not used" for name in sorted(set(declared) - used))


def _reference_faults(definition: dict[str, Any], steps: dict[str, dict[str, Any]]) -> Iterator[str]:
    for reference in sorted(set(_references(definition))):
        if not reference.startswith("Steps."):
            continue
        step = steps.get(reference.split(".")[1], {})
        if not step:
            yield f"{reference} names a step that is not there"
        if file := PROPERTY_FILE.fullmatch(reference):
            declared = {one["PropertyFileName"]: one["OutputName"] for one in step.get("PropertyFiles", [])}
            if declared.get(file[2]) not in _outputs(step):
                yield f"{reference} is no property file of an output of its step"
        if (output := OUTPUT.fullmatch(reference)) and output[2] not in _outputs(step):
            yield f"{reference} names an output that its step does not have"


def _job_faults(step: dict[str, Any]) -> Iterator[str]:
    arguments = step["Arguments"]
    started = arguments.get("AppSpecification") or arguments.get("AlgorithmSpecification") or {}
    for key in ("ContainerEntrypoint", "ContainerArguments"):
        texts = started.get(key, [])
        if len(texts) > MOST_TEXTS or any(len(text) > LONGEST_TEXT for text in texts if isinstance(text, str)):
            name = step["Name"]
            yield f"{key} of {name!r} has more than {MOST_TEXTS} texts, or one of more than {LONGEST_TEXT} letters"
    inputs, outputs = arguments.get("ProcessingInputs", []), _outputs(step)
    for kind, listed in (("inputs", [one["InputName"] for one in inputs]), ("outputs", outputs)):
        if len(listed) > MOST_INPUTS or len(set(listed)) < len(listed):
            yield f"the {kind} of {step['Name']!r} are more than {MOST_INPUTS}, or two have one name"


def _outputs(step: dict[str, Any]) -> list[str]:
    config = step.get("Arguments", {}).get("ProcessingOutputConfig", {})
    return [one["OutputName"] for one in config.get("Outputs", [])]


def _steps(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the steps and those within their branches."""
    for step in steps:
        yield step
        for branch in ("IfSteps", "ElseSteps"):
            yield from _steps(step["Arguments"].get(branch, []))


def _values(part: Any) -> Iterator[Any]:
    if isinstance(part, dict):
        for value in part.values():
            yield from _values(value)
    elif isinstance(part, list):
        for value in part:
            yield from _values(value)
    else:
        yield part


def _references(part: Any) -> Iterator[str]:
    """Yield what every ``Get`` names."""
    if isinstance(part, dict):
        if set(part) == {"Get"}:
            yield part["Get"]
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def _is_no_number(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
