"""A complete step of each kind that OpenRefine's engine knows, every key set as OpenRefine records it."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from refine_cases import EDITS, facet, on_records, on_rows, range_facet, scatterplot, sort, split, step, text_facet

__all__ = ["STEPS", "TABLE", "without_a_key"]

Step = dict[str, Any]
TABLE = 'k,b,n,m,c\n1,x,5,-7,p\n1,x,,0.5,\n,"y,z",z,30,q\n2,,2.5,,r\n,"a,,b",250,4,r\n3,5,2020-01-01,1,s\n'

_TIMES = {"from": 0, "to": 2e12, "selectTime": True, "selectNonTime": True, "selectBlank": True, "selectError": True}
_NEW = {"expression": "value.toNumber(1)", "onError": "set-to-blank", "newColumnName": "new", "columnInsertIndex": 2}
_MADE = {"expression": "value + 'a'", "onError": "keep-original", "repeat": True, "repeatCount": 2}
_CUT = {"columnName": "b", "keyColumnName": "k", "mode": "separator", "separator": ",", "regex": False}
_WIDE = {"startColumnName": "n", "columnCount": 2, "ignoreBlankCells": False, "fillDown": True}
_EDIT = {"from": ["x", ""], "fromBlank": False, "fromError": False, "to": "2020-01-01T00:00:00Z", "type": "date"}
_ROW = {"starred": False, "flagged": False, "cells": []}


def _flagged(*facets: Step) -> Step:
    return step("row-flag", on_rows(*facets), flagged=True)


STEPS: dict[str, Step] = {
    "text transform": step("text-transform", on_rows(facet("b", "x")), columnName="b", **_MADE),
    "mass edit": step("mass-edit", on_rows(), columnName="b", expression="value", edits=[*EDITS, _EDIT]),
    "column addition": step("column-addition", on_rows(), baseColumnName="b", **_NEW),
    "column removal": step("column-removal", columnName="b"),
    "column rename": step("column-rename", oldColumnName="b", newColumnName="z"),
    "column move": step("column-move", columnName="b", index=2),
    "column reorder": step("column-reorder", columnNames=["c", "b", "k", "n", "m"], isPureReorder=True),
    "column split": split(guessCellType=True, maxColumns=2),
    "column split at a pattern": split(separator="[,x]", regex=True),
    "column split by lengths": split(mode="lengths", fieldLengths=[1, 1]),
    "fill down": step("fill-down", on_records(), columnName="b"),
    "blank down": step("blank-down", on_records(), columnName="b"),
    "cell split": step("multivalued-cell-split", **_CUT),
    "cell split at a pattern": step("multivalued-cell-split", **{**_CUT, "separator": "[,x]", "regex": True}),
    "cell split by lengths": step("multivalued-cell-split", **{**_CUT, "mode": "lengths", "fieldLengths": [1, 1]}),
    "cell join": step("multivalued-cell-join", columnName="b", keyColumnName="k", separator="; "),
    "columns into one": step(
        "transpose-columns-into-rows", **_WIDE, combinedColumnName="t", prependColumnName=True, separator=":"
    ),
    "columns into pairs": step("transpose-columns-into-rows", **_WIDE, keyColumnName="K", valueColumnName="V"),
    "rows into columns": step("transpose-rows-into-columns", columnName="b", rowCount=2),
    "key and value": step("key-value-columnize", keyColumnName="b", valueColumnName="n", noteColumnName="c"),
    "star": step("row-star", on_rows(facet("b", "x")), starred=True),
    "flag": step("row-flag", on_rows(facet("b", "x")), flagged=True),
    "row removal": step("row-removal", on_records(facet("b", "x", invert=True))),
    "row addition": step("row-addition", rows=[_ROW, _ROW], insertionIndex=1),
    "row addition, as first written": step("row-addition", addedRows=[_ROW, _ROW], insertionIndex=1),
    "duplicates": step("row-duplicate-removal", on_rows(), criteria=["k", "b"]),
    "sort of texts": sort("b", "string", "record-based"),
    "sort of numbers": sort("n", "number", blankPosition=-1, errorPosition=-2, reverse=True),
    "sort with case": sort("b", "string", caseSensitive=True),
    "list facet": _flagged(facet("b", "x", selectBlank=True, selectError=True, omitBlank=True, invert=True)),
    "range facet": _flagged(range_facet("n", 2, 6, selectBlank=True, selectNonNumeric=True)),
    "time facet": _flagged({"type": "timerange", "name": "n", "columnName": "n", "expression": "value", **_TIMES}),
    "text facet": _flagged(text_facet("b", "X", caseSensitive=True, invert=True)),
    "text facet of a pattern": _flagged(text_facet("b", "^X$", mode="regex")),
    "scatterplot": _flagged(scatterplot()),
}


def without_a_key(complete: Step) -> Iterator[tuple[str, Step]]:
    """Return the step once for each of its keys and for absent and null, and what was done, as ``edits.0.to null``."""
    for path in _paths(complete):
        for null in (False, True):
            step_left = deepcopy(complete)
            holder: Any = step_left
            for part in path[:-1]:
                holder = holder[part]
            if null:
                holder[path[-1]] = None
            else:
                del holder[path[-1]]
            yield f"{'.'.join(map(str, path))} {'null' if null else 'absent'}", step_left


def _paths(part: Any) -> Iterator[tuple[Any, ...]]:
    """Return the way to each key of an object, those of the objects in it included."""
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in inner:
        if isinstance(part, dict):
            yield (key,)
        yield from ((key, *rest) for rest in _paths(value))
