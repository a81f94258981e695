"""What an expression says about itself before any cell is read: what it needs, and why it cannot be replayed."""

from __future__ import annotations

import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.refine.grel import compile_expression, storable
from sevenfold.refine.grel.patterns import Pattern, compile_pattern
from sevenfold.refine.grel.replacing import replaced
from sevenfold.refine.values import EvalError


@pytest.mark.parametrize(
    ("text", "needs", "columns"),
    [
        ("value.trim()", {"value"}, set()),
        ("grel:value", {"value"}, set()),
        ("1 + 2", set(), set()),
        ("cells.a.value + cells['b c'].value", {"cells"}, {"a", "b c"}),
        ("row.cells.a.value", {"row"}, {"a"}),
        ("row.index + rowIndex", {"row", "rowIndex"}, set()),
        ("cells[columnName].value", {"cells", "columnName"}, None),
        ("forEach(['a'], c, cells[c].value)", {"cells"}, None),
        ("with(row, r, r.cells.a.value)", {"row"}, None),
        ("if(true, value, cells.a.value)", {"value", "cells"}, {"a"}),
        ("row.record.index", {"row", "record"}, None),
    ],
)
def test_it_says_what_it_reads(text: str, needs: set[str], columns: set[str] | None) -> None:
    expression = compile_expression(text)
    assert expression.needs == needs
    assert expression.columns == columns


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("value.trim(", "grel_syntax", "value"),
        ("value.zork()", "grel_syntax", "zork"),
        ("", "grel_syntax", "its end"),
        ("value ; 1", "grel_syntax", ";"),
        ("(" * 3_000 + "1", "grel_syntax", "brackets deep"),
        ("1" * 5_000, "grel_syntax", "characters long"),
        ("if(true, 1)", "grel_syntax", "`if` takes 3 arguments"),
        ("with(1, 2, 3)", "grel_syntax", "`with` takes a variable's name"),
        ("forEachIndex([1], i, i, i)", "grel_syntax", "different names"),
        ("now()", "grel_unsupported", "`now`"),
        ("value.cross('p', 'c')", "grel_unsupported", "another project"),
        ("if(false, random(), value)", "grel_unsupported", "`random`"),
        ("jython:return value", "grel_unsupported", "jython"),
        ("clojure:(.. value)", "grel_unsupported", "clojure"),
        ("value.replace(/(/, '')", "grel_pattern", "/(/"),
        (r"value.replace(/\p{Nonsense}/, '')", "grel_pattern", "Nonsense"),
        ("value.replace(/(?x)a b/, '')", "grel_pattern", "no counterpart"),
    ],
)
def test_what_cannot_be_replayed_is_named_before_any_cell_is_read(text: str, code: str, named: str) -> None:
    with pytest.raises(DataError) as caught:
        compile_expression(text)
    assert caught.value.code == code
    assert named in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("text", "value", "named"),
    [
        ("value.toDate()", "20240131", "20240131"),
        ("value % 0", 5, "remainder"),
        ("'a' + [1]", "x", "memory address"),
        ("value.toDate('dd MMM yy')", "05 May 24", "two digits"),
        ("value.toDate()", "12:00:00 1/2/2024", "12:00:00 1/2/2024"),
    ],
)
def test_what_cannot_be_equal_ends_the_step(text: str, value: object, named: str) -> None:
    with pytest.raises(DataError) as caught:
        compile_expression(text).evaluate({"value": value})
    assert caught.value.code == "grel_evaluation"
    assert named in caught.value.message


def test_a_record_is_read_by_its_fields() -> None:
    record = {"index": 2, "fromRowIndex": 4, "toRowIndex": 6, "rowCount": 2, "cells": {"a": ["x", "y"]}}
    bindings = {"value": "x", "cells": {"a": "x"}, "rowIndex": 4, "record": record}
    assert compile_expression("row.record.cells.a.value.join('|')").evaluate(bindings) == "x|y"
    assert compile_expression("row.record.rowCount").evaluate(bindings) == 2


def test_a_cell_keeps_no_array() -> None:
    assert storable("a") == "a"
    assert storable(compile_expression("cell").evaluate({"value": 5})) == 5
    for text in ("[1]", "row", "cells", "/a/", "'[1]'.parseJson()"):
        assert isinstance(storable(compile_expression(text).evaluate({"value": 5})), EvalError)


def test_a_failing_function_says_which_and_of_what() -> None:
    error = compile_expression("value.toNumber() + 1").evaluate({"value": "abc"})
    assert error == EvalError("toNumber(abc): takes a text that spells a number")


@pytest.mark.parametrize(
    "pattern", [r"\s+", r"[\p{Zs}\s]+", "a", "[^b]", "ab+", r"\p{L}+", "a+a", "a*", "b?", "x|", "(?=a)"]
)
@pytest.mark.parametrize("text", ["", "aabb  ab", " \t", "\u2003b\u2003", "é"])
def test_a_quick_way_to_replace_gives_what_the_slow_one_gives(pattern, text, monkeypatch):
    quick = replaced(compile_pattern(pattern), "-", text)
    monkeypatch.setattr(Pattern, "takes_letters", False)
    assert quick == replaced(compile_pattern(pattern), "-", text)


def test_only_patterns_that_match_no_empty_text_are_replaced_quickly():
    assert [compile_pattern(text).takes_letters for text in (r"[\p{Zs}\s]+", ", ", r"\d+x")] == [True] * 3
    assert not any(compile_pattern(text).takes_letters for text in ("a*", "b?", "a|", "^", "$", r"\b", "(a)", "a{0,2}"))


def test_only_a_pattern_of_one_class_or_letter_needs_no_bound():
    assert all(compile_pattern(text).compiled.seconds is None for text in (r"[\p{Zs}\s]+", r"\s+", ",", r"\d"))
    assert all(compile_pattern(text).compiled.seconds for text in (r"\s+x", "a+a+", "(a+)+", "a*", ".*", "[a-b]+?"))
