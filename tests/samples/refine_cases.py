"""Small tables and histories by hand, one per rule of OpenRefine that a good guess gets wrong."""

from __future__ import annotations

from typing import Any

__all__ = ["CASES", "facet", "on_records", "on_rows", "transform"]

Step = dict[str, Any]


def on_rows(*facets: Step) -> Step:
    """An engineConfig of row mode."""
    return {"mode": "row-based", "facets": list(facets)}


def on_records(*facets: Step) -> Step:
    """An engineConfig of record mode."""
    return {"mode": "record-based", "facets": list(facets)}


def step(op: str, config: Step | None = None, **fields: Any) -> Step:
    """A recorded step."""
    engine = {} if config is None else {"engineConfig": config}
    return {"op": f"core/{op}", "description": op, **engine, **fields}


def transform(column: str, expression: str, config: Step | None = None, **fields: Any) -> Step:
    """A text transform as the menu records it."""
    marks = {"onError": "keep-original", "repeat": False, "repeatCount": 10, **fields}
    return step("text-transform", config or on_rows(), columnName=column, expression=expression, **marks)


def facet(column: str, *values: Any, **fields: Any) -> Step:
    """A list facet with the given values chosen."""
    chosen = [{"v": {"v": value, "l": str(value)}} for value in values]
    marks = {"omitBlank": False, "omitError": False, "selectBlank": False, "selectError": False, "invert": False}
    base = {"type": "list", "name": column, "columnName": column, "expression": "value", "selection": chosen}
    return {**base, **marks, **fields}


def text_facet(column: str, query: str, **fields: Any) -> Step:
    """A text filter."""
    marks = {"mode": "text", "caseSensitive": False, "invert": False, **fields}
    return {"type": "text", "name": column, "columnName": column, "query": query, **marks}


def range_facet(column: str, low: float, high: float, **fields: Any) -> Step:
    """A numeric facet that takes numbers only."""
    others = {"selectNumeric": True, "selectNonNumeric": False, "selectBlank": False, "selectError": False}
    base = {"type": "range", "name": column, "columnName": column, "expression": "value.toNumber()"}
    return {**base, "from": low, "to": high, **others, **fields}


def scatterplot(**fields: Any) -> Step:
    """A scatterplot facet of two columns, with a rectangle in the middle of the plot."""
    axes = {"cx": "n", "ex": "value.toNumber()", "cy": "m", "ey": "value.toNumber()", "dim_x": "lin", "dim_y": "lin"}
    corners = {"from_x": 0.25, "to_x": 0.5, "from_y": 0.0, "to_y": 0.75}
    return {"type": "scatterplot", "name": "n and m", "l": 150, "dot": 1, "r": "none", **axes, **corners, **fields}


def split(**fields: Any) -> Step:
    """A column split at a comma."""
    marks = {"guessCellType": False, "removeOriginalColumn": True, "mode": "separator", "regex": False, "maxColumns": 0}
    return step("column-split", on_rows(), **{"columnName": "b", "separator": ",", **marks, **fields})


def sort(column: str, kind: str, mode: str = "row-based", **fields: Any) -> Step:
    """A sort by one column, made permanent."""
    marks = {"reverse": False, "caseSensitive": False, "blankPosition": 2, "errorPosition": 1, **fields}
    return step("row-reorder", mode=mode, sorting={"criteria": [{"column": column, "valueType": kind, **marks}]})


def columnize(**fields: Any) -> Step:
    """Columnize by key and value."""
    return step("key-value-columnize", keyColumnName="K", valueColumnName="V", **{"noteColumnName": None, **fields})


RECORDS = "k,b,c\n1,x,p\n,y,\n,z,q\n2,,r\n,,\n,w,\n3,5,\n4,v,s\n"
PARTS = 'k,b,c\n1,"x,y",p\n,y,q\n2,,r\n3,"a,,b,",\n4,"5, 6",s\n'
WIDE = "k,a,b,c\n1,x,y,p\n,z,,q\n2,,,r\n,,,\n3,m,n,\n"
EDITS = [
    {"from": ["x", "5"], "fromBlank": False, "fromError": False, "to": "new"},
    {"from": [], "fromBlank": True, "fromError": False, "to": "was blank"},
]
SPACES = "a\n" + "".join(f"a{sign}x\n" for sign in "-\u00a0\u2007 \u2014\u2000\u3000b\u2010\u2212\u1680\u200a\u2002")
POINTS = "n,m\n" + "".join(f"{n},{m}\n" for n in ("0", "5", "22.5", "250", "x", "") for m in ("-7", "0.5", "30", ""))
NUMBERS = "k,n\n1,10\n2,9\n3,\n4,x\n5,2.5\n6,1e2\n"

CASES: dict[str, tuple[str, list[Step]]] = {
    "ragged records and repeated names": ("a,a,,b\n1\n1,2,3,4,5,6\n\n#note,1\n", []),
    "exported texts lose their spaces": ('a,b\n" x ","q""r"\n"#z"," "\n,\n', []),
    "a transform that changes types": (RECORDS, [transform("b", "value.toNumber()"), transform("b", "value + 1")]),
    "a list is no cell": (PARTS, [transform("b", 'value.split(",")'), transform("c", 'value.split("")')]),
    "errors set to blank": (PARTS, [transform("b", "value.toNumber(1)", onError="set-to-blank")]),
    "a repeated transform": ("k\naaaaaa\n", [transform("k", 'value.replace(/^a/, "")', repeat=True, repeatCount=2)]),
    "mass edit": (RECORDS, [step("mass-edit", on_rows(), columnName="b", expression="value", edits=EDITS)]),
    "fill down on rows": (RECORDS, [step("fill-down", on_rows(), columnName="b")]),
    "fill down in records": (RECORDS, [step("fill-down", on_records(), columnName="b")]),
    "fill down of keys": (RECORDS, [step("fill-down", on_records(), columnName="k")]),
    "blank down": ("k,b\n1,x\n1,x\n,x\n2,x\n2,\n2,x\n", [step("blank-down", on_rows(), columnName="b")]),
    "blank down in records": ("k,b\n1,x\n1,x\n,x\n2,x\n", [step("blank-down", on_records(), columnName="b")]),
    "a chosen number is no text": (NUMBERS, [step("row-star", on_rows(facet("n", 9)), starred=True)]),
    "an inverted facet of records": (RECORDS, [step("row-removal", on_records(facet("b", "y", invert=True)))]),
    "an inverted filter of records": (RECORDS, [step("row-removal", on_records(text_facet("b", "y", invert=True)))]),
    "a facet of blanks": (RECORDS, [step("row-flag", on_rows(facet("b", selectBlank=True)), flagged=True)]),
    "a range ends before its end": (NUMBERS, [step("row-star", on_rows(range_facet("n", 2.5, 10)), starred=True)]),
    "a rectangle of a scatterplot": (POINTS, [step("row-star", on_rows(scatterplot()), starred=True)]),
    "a scatterplot of all": (POINTS, [step("row-removal", on_rows(scatterplot(from_x=0, to_x=1, to_y=1)))]),
    "a scatterplot without a column": (POINTS, [step("row-removal", on_rows(scatterplot(cx="", ex="1")))]),
    "a scatterplot of records": (POINTS, [step("row-removal", on_records(scatterplot(ey="rowIndex")))]),
    "a scatterplot of arrays": (POINTS, [step("row-removal", on_rows(scatterplot(ex="[value.toNumber()]")))]),
    "a sort of NaN and zeros": ("n\n0\nNaN\n-0\n-Infinity\n5\n", [sort("n", "number")]),
    "a reversed sort of NaN": ("n\n0\nNaN\n-0\n1f\nInfinity\n", [sort("n", "number", reverse=True)]),
    "a sort by exotic spaces": (SPACES, [sort("a", "string")]),
    "a header of a space": ('" "\nx\n""\ny\n', []),
    "white space splits nothing": (
        'k,b\n\u00a0,"\u00a0"\n1,"a,\u2007"\n\u2003,\u3000\n',
        [
            step("multivalued-cell-split", columnName="b", keyColumnName="k", mode="lengths", fieldLengths=[1, 2]),
            step("multivalued-cell-join", columnName="b", keyColumnName="k", separator="+"),
        ],
    ),
    "two facets": (RECORDS, [step("row-removal", on_records(facet("b", "x"), facet("c", "q")))]),
    "removal of all rows": (RECORDS, [step("row-removal", on_rows())]),
    "split with empty parts": (PARTS, [split()]),
    "split at a pattern": (PARTS, [split(regex=True, separator="[,x]")]),
    "split into two at most": (PARTS, [split(maxColumns=2, removeOriginalColumn=False)]),
    "split and guess": ("b\n5|1.5|1e3|0x10|1f|NaN|007| -3|x\n", [split(separator="|", guessCellType=True)]),
    "split by lengths": (PARTS, [split(mode="lengths", fieldLengths=[1, 0, 2])]),
    "split a column of nothing away": ("k,b\n1,\n", [split()]),
    "names of a split": (PARTS.replace("c\n", "b 1\n", 1), [split()]),
    "values over rows": (
        'k,b,c\n1,"a,b,,",p\n2,m,q\n,,s\n3,"m,n,o",\n,,u\n',
        [
            step(
                "multivalued-cell-split",
                columnName="b",
                keyColumnName="k",
                mode="separator",
                separator=",",
                regex=False,
            )
        ],
    ),
    "rows into one value": (
        RECORDS,
        [step("multivalued-cell-join", columnName="b", keyColumnName="k", separator="; ")],
    ),
    "columns into rows": (
        WIDE,
        [
            step(
                "transpose-columns-into-rows",
                **{"startColumnName": "a", "columnCount": 2, "ignoreBlankCells": False, "fillDown": True},
                **{"combinedColumnName": "t", "prependColumnName": True, "separator": ":"},
            )
        ],
    ),
    "columns into pairs": (
        WIDE,
        [
            step(
                "transpose-columns-into-rows",
                **{"startColumnName": "a", "columnCount": -1, "ignoreBlankCells": True, "fillDown": False},
                **{"keyColumnName": "K", "valueColumnName": "V"},
            )
        ],
    ),
    "rows into columns": (WIDE, [step("transpose-rows-into-columns", columnName="a", rowCount=3)]),
    "keys alone": ("K,V\nn,A\na,1\nn,B\nc,X\nc,Y\na,2\n,\na,3\n", [columnize()]),
    "keys beside others": ("g,K,V\n1,n,A\n1,a,1\n2,n,B\n1,n,C\n1,,D\n,q,E\n", [columnize()]),
    "keys with notes": ("K,V,N\na,1,x\nb,2,y\nb,3,z\na,4,w\n", [columnize(noteColumnName="N")]),
    "a new name that a removed column had": ("K,V\nK,1\nV,2\n", [columnize()]),
    "sorted texts": ("a\nb\nB\n_\né\ne\nz\nA\na b\nab\n10\n9\n\n", [sort("a", "string")]),
    "sorted spaces": ("a\na\u00a0b\na b\na-b\n", [sort("a", "string", reverse=True, caseSensitive=True)]),
    "sorted numbers": (NUMBERS, [sort("n", "number")]),
    "sorted numbers, others first": (NUMBERS, [sort("n", "number", blankPosition=-1, errorPosition=-2, reverse=True)]),
    "sorted records": (RECORDS, [sort("b", "string", "record-based")]),
    "duplicates": ("k,b\n1,x\n1,x\n2,x\n1,x\n", [step("row-duplicate-removal", on_rows(), criteria=["k", "b"])]),
    "rows are added": (
        RECORDS,
        [step("row-addition", rows=[{"starred": False, "flagged": False, "cells": []}] * 2, insertionIndex=1)],
    ),
    "a column is added on some rows": (
        RECORDS,
        [
            step(
                "column-addition",
                on_rows(facet("b", "x", "y")),
                **{"baseColumnName": "b", "expression": "value + cells['k'].value", "onError": "store-error"},
                **{"newColumnName": "n", "columnInsertIndex": 1},
            )
        ],
    ),
    "columns change their order": (
        RECORDS,
        [
            step("column-rename", oldColumnName="b", newColumnName="z"),
            step("column-move", columnName="z", index=0),
            step("fill-down", on_records(), columnName="c"),
            step("column-reorder", columnNames=["c", "gone", "z"]),
        ],
    ),
    "refused: no such column": (RECORDS, [step("column-removal", columnName="gone")]),
    "refused: a name that is taken": (RECORDS, [step("column-rename", oldColumnName="b", newColumnName="c")]),
    "refused: too far": (RECORDS, [step("column-move", columnName="b", index=3)]),
    "refused: no GREL": (RECORDS, [transform("b", "value.foo(")]),
}
