"""Expressions of OpenRefine's menus done to all texts of a column at once by Polars, where it gives the very same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from sevenfold.refine.grel.nodes import Call, Literal, Node, Variable
from sevenfold.refine.grel.patterns import Pattern

if TYPE_CHECKING:
    import polars as pl

__all__ = ["LEAST", "WholeColumn", "whole_column"]

WholeColumn = Callable[[Sequence[Any]], "list[Any] | None"]
LEAST: Final = 10_000  # texts from which on Polars is worth its import
_SPACES: Final = r"[\p{Zs}\s]+"
_JAVA_SPACES: Final = r"[\p{Zs}\t\n\x0B\f\r]+"  # what Java's \s is among them
_DOUBLES: Final = r"^-?[0-9]{1,18}\.[0-9]+$"


def whole_column(node: Node) -> WholeColumn | None:
    """Return what evaluates an expression for many texts at once; None for one that is evaluated text by text.

    It gives for each text what the node gives, and None where a value among them is not of the kind that it knows.
    """
    if not isinstance(node, Call) or not node.arguments or node.arguments[0] != Variable("value"):
        return None
    constants = [part.value for part in node.arguments[1:] if isinstance(part, Literal)]
    if len(constants) < len(node.arguments) - 1:
        return None
    if node.name == "toNumber" and not constants:
        return _numbers
    if node.name == "replace" and len(constants) == 2:
        sought, new = constants
        if isinstance(sought, Pattern) and sought.text == _SPACES and isinstance(new, str):
            return None if "$" in new or "\\" in new else lambda values: _respaced(values, new)
    return None


def _texts(values: Sequence[Any]) -> pl.Series | None:
    if any(value.__class__ is not str for value in values):
        return None
    try:
        import polars as pl
    except ImportError:
        return None  # a predictor has none
    try:
        return pl.Series(values, dtype=pl.String)
    except UnicodeEncodeError:
        return None  # half of a pair of UTF-16


def _numbers(values: Sequence[Any]) -> list[Any] | None:
    """Return the doubles that texts such as ``12.50`` spell, where all of them are such texts."""
    texts = _texts(values)
    if texts is None or not texts.str.contains(_DOUBLES).all():
        return None
    return list(map(float, values))


def _respaced(values: Sequence[Any], new: str) -> list[Any] | None:
    texts = _texts(values)
    return None if texts is None else texts.str.replace_all(_JAVA_SPACES, new).to_list()
