"""GREL read into nodes, by its three levels: comparisons, sums, products.

What follows a complete expression is ignored, as OpenRefine ignores it: ``true and false`` is ``true``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from sevenfold.contracts.errors import DataError
from sevenfold.refine.grel.controls import CONTROLS
from sevenfold.refine.grel.functions import FUNCTIONS, REFUSED, why_refused
from sevenfold.refine.grel.nodes import Array, Call, Control, FieldOf, Literal, Node, Operation, Variable
from sevenfold.refine.grel.patterns import compile_pattern
from sevenfold.refine.grel.tokens import Token, Tokens

__all__ = ["parse"]

_COMPARISONS = (">", ">=", "<", "<=", "==", "!=", "=")


def parse(text: str) -> Node:
    """Return the node of an expression.

    Raises:
        DataError: ``grel_syntax`` where OpenRefine refuses the text, ``grel_unsupported`` for a function that cannot be
            replayed.
    """
    return _Parser(text).expression()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = Tokens(text)
        self.token: Token | None = None
        self.advance(operand=True)

    def advance(self, *, operand: bool) -> None:
        self.token = self.tokens.next(operand=operand)

    def at(self, kind: str, *values: str) -> bool:
        return self.token is not None and self.token.is_(kind, *values)

    def refuse(self, rule: str) -> NoReturn:
        offset = self.token.start if self.token else len(self.text)
        got = repr(self.text[offset : offset + 20]) if self.token else "its end"
        raise DataError(
            "grel_syntax",
            f"{rule} at character {offset} of {self.text[:200]!r}, but got {got}.",
            remedy="Correct the expression; OpenRefine refuses it too.",
        )

    def _level(self, below: Callable[[], Node], operators: tuple[str, ...]) -> Node:
        node = below()
        while self.at("operator", *operators):
            assert self.token is not None  # noqa: S101  at() has looked
            operator = self.token.value
            self.advance(operand=True)
            node = Operation(node, operator, below())
        return node

    def expression(self) -> Node:
        return self._level(self.sum, _COMPARISONS)

    def sum(self) -> Node:
        return self._level(self.product, ("+", "-"))

    def product(self) -> Node:
        return self._level(self.factor, ("*", "/", "%"))

    def factor(self) -> Node:
        token = self.token
        if token is None:
            self.refuse("An expression needs a value")
        if token.kind in ("string", "number"):
            self.advance(operand=False)
            return self.trailers(Literal(token.value))
        if token.is_("regex"):
            node = Literal(compile_pattern(*token.value))
            self.advance(operand=False)
            return self.trailers(node)
        if token.is_("operator", "-"):
            return self.negative()
        if token.is_("name"):
            return self.name(token)
        if token.is_("delimiter", "("):
            self.advance(operand=True)
            inner = self.expression()
            self.close(")")
            return self.trailers(inner)
        if token.is_("delimiter", "["):
            self.advance(operand=True)
            return self.trailers(Array(self.arguments("]")))
        self.refuse("An expression needs a number, a text, a name, a pattern or a bracket")

    def negative(self) -> Node:
        self.advance(operand=True)
        token = self.token
        if token is None or token.kind != "number":
            self.refuse("A minus sign without a left side needs a number")
        self.advance(operand=False)
        return self.trailers(Literal(-token.value))

    def name(self, token: Token) -> Node:
        name = token.value
        self.advance(operand=False)
        if not self.at("delimiter", "(") or name == "PI":
            return self.trailers(Literal(None) if name == "null" else Variable(name))
        self.advance(operand=True)
        if name in CONTROLS:
            return self.trailers(self.control(name))
        return self.trailers(self.call(name))

    def control(self, name: str) -> Node:
        form = CONTROLS[name]
        arguments = self.arguments(")")
        broken = form.broken_rule(arguments)
        if broken:
            self.refuse(f"`{name}` {broken}")
        return Control(name, form.run, arguments)

    def call(self, name: str, *first: Node) -> Node:
        function = self.function(name)
        arguments = (*first, *self.arguments(")"))
        why = why_refused(name, [each.value if isinstance(each, Literal) else ... for each in arguments])
        if why is not None:
            raise self.unsupported(name, why)
        return Call(name, function, arguments)

    def unsupported(self, name: str, why: str) -> DataError:
        return DataError(
            "grel_unsupported",
            f"`{name}` cannot be replayed: {why}. It stands in {self.text[:200]!r}.",
            remedy="Take the step out of the history, or do it before or after this stage.",
        )

    def function(self, name: str) -> Callable[[list[Any]], Any]:
        if name in REFUSED:
            raise self.unsupported(name, REFUSED[name])
        if name not in FUNCTIONS:
            self.refuse(f"No function or form is called `{name}`")
        return FUNCTIONS[name]

    def close(self, closing: str) -> None:
        if not self.at("delimiter", closing):
            self.refuse(f"A `{closing}` is missing")
        self.advance(operand=False)

    def arguments(self, closing: str) -> tuple[Node, ...]:
        """Read arguments up to the closing bracket, whose opening one has been read."""
        found: list[Node] = []
        if not self.at("delimiter", closing):
            found.append(self.expression())
            while self.at("delimiter", ","):
                self.advance(operand=True)
                found.append(self.expression())
        self.close(closing)
        return tuple(found)

    def trailers(self, node: Node) -> Node:
        """Read what follows a value: fields and calls after a dot, and indexes in brackets."""
        while self.token is not None:
            if self.at("error"):
                self.refuse("Only an operator, a dot or a bracket may follow a value")
            if self.at("operator", "."):
                node = self.dot(node)
            elif self.at("delimiter", "["):
                self.advance(operand=True)
                node = Call("get", FUNCTIONS["get"], (node, *self.arguments("]")))
            else:
                break
        return node

    def dot(self, node: Node) -> Node:
        self.advance(operand=False)
        token = self.token
        if token is None or token.kind != "name":
            self.refuse("A name must follow the dot")
        self.advance(operand=False)
        if not self.at("delimiter", "("):
            return FieldOf(node, token.value)
        self.advance(operand=True)
        return self.call(token.value, node)
