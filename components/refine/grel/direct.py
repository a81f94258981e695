"""The short way through an expression about ``value`` alone, such as ``value.trim().toNumber() + 1``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sevenfold.refine.grel.controls import is_true
from sevenfold.refine.grel.failure import Failed
from sevenfold.refine.grel.nodes import Call, Control, Literal, Node, Operation, Variable
from sevenfold.refine.values import EvalError

__all__ = ["direct"]

Short = Callable[[Any], Any]


def direct(node: Node) -> Short | None:
    """Return what evaluates calls, operators, tests and ``if`` on ``value``; None where anything else is in them.

    It gives for a value what the node gives, without looking up variables.
    """
    if isinstance(node, Literal):
        constant = node.value
        return lambda value: constant
    if isinstance(node, Variable):
        return (lambda value: value) if node.name == "value" else None
    if isinstance(node, Operation):
        return _operation(node)
    if isinstance(node, Call):
        return _call(node)
    return _control(node) if isinstance(node, Control) else None


def _operation(node: Operation) -> Short | None:
    left, right, between = direct(node.left), direct(node.right), node.between
    if left is None or right is None:
        return None
    return lambda value: between(one, right(value)) if (one := left(value)).__class__ is not EvalError else one


def _call(node: Call) -> Short | None:
    if not node.arguments:
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


def _control(node: Control) -> Short | None:
    parts = [part for part in map(direct, node.arguments) if part is not None]
    if len(parts) < len(node.arguments):
        return None
    if node.name == "if":
        condition, then, otherwise = parts

        def choose(value: Any) -> Any:
            asked = condition(value)
            if asked.__class__ is EvalError:
                return asked
            return then(value) if is_true(asked) else otherwise(value)

        return choose
    if len(parts) > 1:
        return None
    tested, form = parts[0], node.form
    return lambda value: form((Literal(tested(value)),), {})
