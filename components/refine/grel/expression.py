"""An expression of a recorded history, read once and evaluated for many cells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NoReturn

from sevenfold.contracts.errors import DataError
from sevenfold.refine.grel.cells_read import BOUND, cells_read, column_read
from sevenfold.refine.grel.direct import direct
from sevenfold.refine.grel.fields import bind
from sevenfold.refine.grel.nodes import Call, Control, FieldOf, Node, Variable
from sevenfold.refine.grel.parser import parse
from sevenfold.refine.grel.whole_columns import LEAST, whole_column

__all__ = ["Expression", "compile_expression"]

LONGEST = 4_000
_OTHER_LANGUAGES = ("jython", "python", "clojure")


class Expression:
    """A GREL expression that has been read.

    Attributes:
        text: the expression without its language prefix.
        node: what was read.
        needs: which of value, cell, cells, row, rowIndex, record and columnName it reads.
        columns: the other columns that it reads by name, or None where that cannot be known.
        cells: as `cells_read` returns them.
        crosses_rows: whether it may read more than its row's own cells and marks, such as the row's number or record.
    """

    def __init__(self, text: str, node: Node) -> None:
        self.text = text
        self.node = node
        self._direct = direct(node)
        self._whole = whole_column(node)
        self.needs = frozenset(_needs(node))
        self.columns = _columns(node)
        self.cells = cells_read(node)
        self.crosses_rows = _crosses(node)

    def evaluate(self, bindings: Mapping[str, Any]) -> Any:
        """Return the value for one cell, or an `EvalError`.

        Args:
            bindings: see `sevenfold.refine.grel.fields.bind`.

        Raises:
            DataError: ``grel_evaluation`` where OpenRefine itself ends the step with an exception.
        """
        return self.node.evaluate(bind(bindings))

    def evaluate_value(self, value: Any) -> Any:
        """Return what `evaluate` gives where the expression needs no more than ``value``."""
        return self.evaluate({"value": value}) if self._direct is None else self._direct(value)

    def evaluate_values(self, values: Sequence[Any]) -> list[Any]:
        """Return what `evaluate_value` gives for each value."""
        if self._whole is not None and len(values) >= LEAST:
            results = self._whole(values)
            if results is not None:
                return results
        return list(map(self.evaluate_value, values))


@lru_cache(maxsize=1_024)
def compile_expression(text: str) -> Expression:
    """Return an expression that has been read, ``grel:`` before it or nothing.

    Raises:
        DataError: ``grel_syntax`` where OpenRefine refuses the text, ``grel_unsupported`` for another language or a
            function that cannot be replayed, ``grel_pattern`` for a pattern.
    """
    language, colon, rest = text.partition(":")
    if colon and language.lower() in _OTHER_LANGUAGES:
        raise DataError(
            "grel_unsupported",
            f"Expressions must be GREL, but got {language}: {text[:200]!r}.",
            remedy="Write the expression in GREL in OpenRefine, and export the history again.",
        )
    if colon and language.lower() == "grel":
        text = rest
    if len(text) > LONGEST:
        _too_deep(text)
    try:
        return Expression(text, parse(text))
    except RecursionError:
        _too_deep(text)


def _too_deep(text: str) -> NoReturn:
    raise DataError(
        "grel_syntax",
        f"An expression must be at most {LONGEST:,} characters long and a few hundred brackets deep: {text[:80]!r} …",
        remedy="Split it into several steps.",
    )


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for part in node.parts():
        yield from _walk(part)


def _crosses(node: Node) -> bool:
    if isinstance(node, FieldOf):
        own = node.name not in ("index", "record")
        return not (own and isinstance(node.inner, Variable) and node.inner.name == "row") and _crosses(node.inner)
    if isinstance(node, Variable):
        return node.name in ("row", "rowIndex", "record")
    return any(map(_crosses, node.arguments if isinstance(node, Control) else node.parts()))


def _needs(node: Node) -> Iterator[str]:
    for part in _walk(node):
        if isinstance(part, Variable) and part.name in BOUND:
            yield part.name
        if isinstance(part, FieldOf) and part.name == "record":
            yield "record"
        if isinstance(part, Call) and part.name in ("get", "hasField") and re.search("row", _names(part.arguments[:1])):
            yield "record"


def _names(nodes: tuple[Node, ...]) -> str:
    return " ".join(node.name for node in nodes if isinstance(node, Variable))


def _columns(node: Node) -> frozenset[str] | None:
    """Return the columns read by fixed names; any other use of ``cells`` or ``row`` makes them unknown."""
    found: set[str] = set()
    known = _collect(node, found)
    return frozenset(found) if known else None


def _collect(node: Node, found: set[str]) -> bool:
    name = column_read(node)
    if name is not None:
        found.add(name)
        return True
    if isinstance(node, FieldOf) and isinstance(node.inner, Variable) and node.inner.name == "row":
        return node.name in ("index", "flagged", "starred")
    if isinstance(node, Variable):
        return node.name not in ("cells", "row", "record")
    if isinstance(node, Control):
        return all(_collect(part, found) for part in node.arguments)
    return all(_collect(part, found) for part in node.parts())
