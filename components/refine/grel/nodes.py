"""The parts of a read expression; each is evaluated with the variables it sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sevenfold.refine.grel.failure import Failed
from sevenfold.refine.grel.fields import Fields
from sevenfold.refine.grel.operators import operate
from sevenfold.refine.values import EvalError, text_of

__all__ = ["Array", "Call", "Control", "FieldOf", "Literal", "Node", "Operation", "Variable"]

Variables = dict[str, Any]


class Node(Protocol):
    """A part of an expression."""

    def evaluate(self, variables: Variables) -> Any:
        """Return the part's value; an error is a value too."""

    def parts(self) -> Sequence[Node]:
        """Return the parts it is made of."""


@dataclass(frozen=True)
class Literal:
    """A number, a text, a pattern, true, false or null."""

    value: Any

    def evaluate(self, variables: Variables) -> Any:  # noqa: D102  as Node says
        return self.value

    def parts(self) -> Sequence[Node]:  # noqa: D102  as Node says
        return ()


@dataclass(frozen=True)
class Variable:
    """A name; one that nothing has set is null."""

    name: str

    def evaluate(self, variables: Variables) -> Any:  # noqa: D102  as Node says
        return variables.get(self.name)

    def parts(self) -> Sequence[Node]:  # noqa: D102  as Node says
        return ()


@dataclass(frozen=True)
class FieldOf:
    """A field read with a dot; what has no such field gives null."""

    inner: Node
    name: str

    def evaluate(self, variables: Variables) -> Any:  # noqa: D102  as Node says
        value = self.inner.evaluate(variables)
        if isinstance(value, EvalError):
            return value
        return value.field(self.name) if isinstance(value, Fields) else None

    def parts(self) -> Sequence[Node]:  # noqa: D102  as Node says
        return (self.inner,)


@dataclass(frozen=True)
class Operation:
    """Two parts and an operator between them; the first error among them is the result."""

    left: Node
    operator: str
    right: Node

    def evaluate(self, variables: Variables) -> Any:  # noqa: D102  as Node says
        left = self.left.evaluate(variables)
        if isinstance(left, EvalError):
            return left
        return self.between(left, self.right.evaluate(variables))

    def between(self, left: Any, right: Any) -> Any:
        """Return the result between two values."""
        if isinstance(left, EvalError):
            return left
        return right if isinstance(right, EvalError) else operate(self.operator, left, right)

    def parts(self) -> Sequence[Node]:  # noqa: D102  as Node says
        return (self.left, self.right)


def _evaluate_all(nodes: Sequence[Node], variables: Variables) -> list[Any] | EvalError:
    """Return all values, or the first error."""
    values = []
    for node in nodes:
        value = node.evaluate(variables)
        if isinstance(value, EvalError):
            return value
        values.append(value)
    return values


@dataclass(frozen=True)
class Array:
    """Values in brackets."""

    items: tuple[Node, ...]

    def evaluate(self, variables: Variables) -> Any:  # noqa: D102  as Node says
        return _evaluate_all(self.items, variables)

    def parts(self) -> Sequence[Node]:  # noqa: D102  as Node says
        return self.items


@dataclass(frozen=True)
class Call:
    """A function with its arguments; what it raises is the error that it gives."""

    name: str
    function: Callable[[list[Any]], Any]
    arguments: tuple[Node, ...]

    def evaluate(self, variables: Variables) -> Any:  # noqa: D102  as Node says
        values = _evaluate_all(self.arguments, variables)
        return values if isinstance(values, EvalError) else self.of(values)

    def of(self, values: list[Any]) -> Any:
        """Return the result for the values of the arguments, none of which is an error."""
        try:
            return self.function(values)
        except Failed as failure:
            shown = ", ".join(text_of(value)[:40] for value in values)
            return EvalError(f"{self.name}({shown}): {failure}")

    def parts(self) -> Sequence[Node]:  # noqa: D102  as Node says
        return self.arguments


@dataclass(frozen=True)
class Control:
    """A form such as ``if`` or ``forEach``, which decides itself what of its arguments is evaluated."""

    name: str
    form: Callable[[Sequence[Node], Variables], Any]
    arguments: tuple[Node, ...]

    def evaluate(self, variables: Variables) -> Any:  # noqa: D102  as Node says
        return self.form(self.arguments, variables)

    def parts(self) -> Sequence[Node]:  # noqa: D102  as Node says
        return self.arguments
