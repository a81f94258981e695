"""Seeded expressions over several cells of a row, as people write them to join, compare and fill columns."""

from __future__ import annotations

import random
from collections.abc import Sequence

__all__ = ["column_expression"]

LITERALS = ('"x"', '" "', '""', "5", "2.5", "null", "true")
CALLS = ("trim", "toUppercase", "toTitlecase", "toNumber", "length", "toString", "type", "strip")
TESTS = ("isBlank", "isNonBlank", "isNull", "isNotNull", "isError", "isNumeric", "isEmptyString")
OPERATORS = ("+", "+", "+", "==", "!=", "<", ">=", "*", "-", "/")


def column_expression(draw: random.Random, names: Sequence[str], depth: int = 3) -> str:
    """Return an expression about some of the columns, and now and then about one that is not there."""
    if depth == 0 or draw.random() < 0.15:
        return _leaf(draw, names)

    def part() -> str:
        return column_expression(draw, names, depth - 1)

    def test() -> str:
        return f"{draw.choice(TESTS)}({part()})" if draw.random() < 0.7 else f"({part()} == {part()})"

    forms = (
        lambda: f"({part()} {draw.choice(OPERATORS)} {part()})",
        lambda: f"({part()} + {draw.choice(LITERALS)} + {part()})",
        lambda: f"{draw.choice(CALLS)}({part()})",
        lambda: f"if({test()}, {part()}, {part()})",
        lambda: f"if({test()}, {part()}, {part()})",
        lambda: test(),
        lambda: f"and({test()}, {test()})",
        lambda: f"coalesce({part()}, {part()})",
        lambda: f'join([{part()}, {part()}], "-")',
        lambda: f'replace({part()}, "a", {part()})',
        lambda: f'forNonBlank({part()}, v, v + "!", {part()})',
        lambda: f"with({part()}, w, w + {part()})",
        lambda: f"[{part()}, {part()}].length()",
    )
    return draw.choice(forms)()


def _leaf(draw: random.Random, names: Sequence[str]) -> str:
    name = draw.choice([*names, "gone"] if draw.random() < 0.1 else list(names))
    forms = (
        "value",
        "value",
        "cell.value",
        f'cells["{name}"].value',
        f'cells["{name}"].value',
        f'row.cells["{name}"].value',
        f'get(cells, "{name}").value',
        f'hasField(cells, "{name}")',
        f'isNull(cells["{name}"])',
        "columnName",
        draw.choice(LITERALS),
    )
    return draw.choice(forms)
