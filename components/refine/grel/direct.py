"""The short way through a chain of calls on ``value``, such as ``value.trim().toNumber()``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sevenfold.refine.grel.failure import Failed
from sevenfold.refine.grel.nodes import Call, Literal, Node, Variable
from sevenfold.refine.values import EvalError

__all__ = ["direct"]


def direct(node: Node) -> Callable[[Any], Any] | None:
    """Return what evaluates a chain of calls whose other arguments are literals; None for any other expression.

    It gives for a value what the node gives, without looking up variables.
    """
    if isinstance(node, Variable) and node.name == "value":
        return lambda value: value
    if not isinstance(node, Call) or not node.arguments:
        return None
    first, *rest = node.arguments
    constants = [part.value for part in rest if isinstance(part, Literal)]
    if len(constants) < len(rest):
        return None
    inner, function = direct(first), node.function
    if inner is None:
        return None
    plain = isinstance(first, Variable)

    def run(value: Any) -> Any:
        given = value if plain else inner(value)
        if given.__class__ is EvalError:
            return given
        try:
            return function([given, *constants])
        except Failed:
            return node.evaluate({"value": value})

    return run
