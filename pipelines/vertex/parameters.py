"""Values of a run's parameters, checked against the compiled pipeline before Vertex AI gets them.

Its client drops a value of None, passes "1" for a number as text, and takes NaN: each would run with another value than
was meant, or fail after minutes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from sevenfold.contracts.errors import PolicyError

__all__ = ["checked_parameters"]

KINDS: Final[dict[str, tuple[str, tuple[type, ...]]]] = {
    "NUMBER_INTEGER": ("an integer", (int,)),
    "NUMBER_DOUBLE": ("a number", (int, float)),
    "STRING": ("text", (str,)),
    "BOOLEAN": ("true or false", (bool,)),
}


def checked_parameters(document: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as they are, once each is one that the pipeline declares, of its kind.

    Args:
        document: the compiled pipeline.
        values: parameter to value.

    Raises:
        PolicyError: ``parameter``, naming the parameter, its kind and the value.
    """
    declared = document.get("root", {}).get("inputDefinitions", {}).get("parameters", {})
    for name, value in values.items():
        if name not in declared:
            raise _refused(name, f"be one of {', '.join(sorted(declared))}", "an unknown one")
        kind, types = KINDS.get(declared[name]["parameterType"], ("a value", (object,)))
        boolean = isinstance(value, bool) and bool not in types and object not in types
        if value is None or boolean or not isinstance(value, types):
            raise _refused(name, f"be {kind}", repr(value)[:80])
        if isinstance(value, float) and not math.isfinite(value):
            raise _refused(name, "be finite", repr(value))
    missing = [name for name, about in declared.items() if name not in values and not _optional(about)]
    if missing:
        raise _refused(missing[0], "be given", "nothing")
    return dict(values)


def _optional(about: Mapping[str, Any]) -> bool:
    return "defaultValue" in about or bool(about.get("isOptional"))


def _refused(name: str, rule: str, value: str) -> PolicyError:
    return PolicyError(
        "parameter", f"The parameter {name!r} must {rule}, but is {value}.", remedy="Correct or leave out its option."
    )
