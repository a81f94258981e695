"""Expressions done to all texts of a column at once: what each text gives alone, to the last bit."""

from __future__ import annotations

import random
import struct
from typing import Any

import pytest

from sevenfold.refine.columns import Column
from sevenfold.refine.evaluate import Evaluator, merged
from sevenfold.refine.grel import compile_expression
from sevenfold.refine.grel.parser import parse
from sevenfold.refine.grel.whole_columns import LEAST, whole_column
from sevenfold.refine.table import Table

SPACES = "value.replace(/[\\p{Zs}\\s]+/,' ')"
LETTERS = "ab é\u00a0\u1680\u2003\u2028\u3000\u0085\u200b\u001c\t\n\x0b\f\r😀"


def same(value: Any) -> Any:
    return struct.pack("<d", value) if isinstance(value, float) else (type(value), value)


def spaced() -> list[str]:
    draw = random.Random(0)
    return list({"".join(draw.choices(LETTERS, k=draw.randint(0, 9))) for _ in range(2 * LEAST)})


def doubles() -> list[str]:
    draw = random.Random(0)
    texts = ["0.0", "-0.0", "00.10", "0.1", "999999999999999999.9999999999999999", "0." + "0" * 400 + "1"]
    return texts + [f"{draw.choice(('', '-'))}{draw.randrange(10 ** draw.randint(1, 18))}.{draw.getrandbits(70)}"
                    for _ in range(LEAST)]  # fmt: skip


@pytest.mark.parametrize(("expression", "texts"), [(SPACES, spaced()), ("value.toNumber()", doubles())])
def test_all_texts_at_once_give_what_each_gives_alone(expression: str, texts: list[str]) -> None:
    read = compile_expression(expression)
    at_once = whole_column(parse(expression))
    assert at_once is not None
    results = at_once(texts)
    assert results is not None
    assert list(map(same, results)) == [same(read.evaluate_value(text)) for text in texts]
    assert list(map(same, read.evaluate_values(texts))) == list(map(same, results))


@pytest.mark.parametrize("odd", [None, 5, "x", "5", " 1.5", "1.5\n", "1e5", "1.", "١.٥", "\ud800"])
def test_a_column_with_another_value_is_read_one_by_one(odd: Any) -> None:
    read = compile_expression("value.toNumber()")
    values = [*doubles(), odd]
    assert same(read.evaluate_values(values)[-1]) == same(read.evaluate_value(odd))


def test_texts_that_become_one_value_share_its_code() -> None:
    texts = [*doubles(), "0.10", "-0.00", "1.0", "1.00"]
    column = Column.of("a", texts)
    evaluator = Evaluator(Table.of([column], len(texts)), "value.toNumber()", column)
    made = merged(column, evaluator.evaluate(None), None)
    assert list(map(same, made.cells())) == [same(float(text)) for text in texts]
    assert len(set(map(same, made.values))) == len(made.values)
