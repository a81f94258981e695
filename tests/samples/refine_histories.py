"""Seeded tables and histories as OpenRefine records them, each step fitting what the steps before it left."""

from __future__ import annotations

import csv
import io
import random
from typing import Any

from column_expressions import column_expression

from sevenfold.contracts.errors import DataError
from sevenfold.refine.history import parse_history
from sevenfold.refine.import_csv import import_csv
from sevenfold.refine.table import Table

__all__ = ["TEXTS", "generated_case"]

TEXTS = (
    *(
        "",
        "",
        "",
        "a",
        "b",
        "B",
        "a b",
        " a ",
        "a,b",
        "a,,b,",
        "a;b;c",
        "x|y",
        "5",
        "5.0",
        "-3",
        "1e3",
        "007",
        "12",
        "0",
    ),
    *("true", "Zürich", "zürich ", "é", "#x", 'q"r', "l1\nl2", "2020-01-02", "1.5", " 7 ", "a\u00a0b", "straße", "10"),
    *("\u00a0", " ", "\x01", "\u2007", "+5", "0x1p3", "1f", "9223372036854775808", "NaN"),
)
VALUE_EXPRESSIONS = (
    *("value", "value.trim()", "value.toUppercase()", "value.toNumber()", "null", '""', "true", 'value + "x"'),
    *("isBlank(value)", "value.length()", 'value.split(",")', "value.toTitlecase()", "value.toString()", "value * 2"),
    *('value.replace("a", "b")', "value.replace(/[\\p{Zs}\\s]+/, ' ')", 'if(value == "a", 1, value)', "value.toDate()"),
    *(
        'value.split(/[,;]/).join("|")',
        "value[0]",
        "value.toLowercase().fingerprint()",
        "forEach(value.split(','), v, v)",
    ),
    *("value.unescape('html')", "isNumeric(value)", "value.toNumber() + 0.5", "cell.value", "columnName + value"),
    "toDate('2024-02-03')",
)
ROW_EXPRESSIONS = (
    *(
        "row.index",
        "rowIndex + 1",
        "row.record.index",
        "row.starred",
        "row.flagged",
        'cells["b"].value',
        "cells.k.value",
    ),
    *('value + cells["k"].value', 'if(isBlank(cells["b"].value), value, null)', "row.record.rowCount"),
    *("row.columnNames.length()", "row.record.fromRowIndex"),
)


class _Case:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.errors = False

    def pick(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def flag(self) -> bool:
        return self.random.random() < 0.5

    def table(self) -> str:
        width = self.random.randint(1, 5)
        height = self.random.randint(0, 12) if self.random.random() < 0.75 else self.random.randint(16, 40)
        names = ["k", "b", "c", "d", "b 1"][:width]
        pools = [self.random.sample(TEXTS, self.random.randint(2, 6)) for _ in names]
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(names)
        for _ in range(height):
            writer.writerow([self.pick(*pool) if self.random.random() < 0.8 else "" for pool in pools])
        return out.getvalue()

    def expression(self) -> str:
        if self.random.random() < 0.15:
            return column_expression(self.random, ("k", "b", "c", "b 1"), self.pick(1, 2, 3))
        pool = VALUE_EXPRESSIONS if self.random.random() < 0.7 else ROW_EXPRESSIONS
        return self.pick("", "grel:") + self.pick(*pool)

    def selection(self, table: Table, name: str) -> list[Any]:
        values = [*table.column(name).values, "a", 5, 1, True, "zzz"]
        chosen = [value for value in values if isinstance(value, (str, int, float, bool)) and value != ""]
        return [{"v": {"v": value, "l": str(value)}} for value in self.random.sample(chosen, min(len(chosen), 2))]

    def facet(self, table: Table) -> dict[str, Any]:
        name = self.pick(*table.names)
        base = {"name": name, "columnName": name}
        kind = self.pick("list", "list", "text", "range", "timerange", "scatterplot")
        if kind == "scatterplot":
            return self.scatterplot(table, name)
        if kind == "text":
            mode = self.pick("text", "regex")
            query = self.pick("a", "B", "5", "", "l") if mode == "text" else self.pick("[a-z]", "^.$", "\\d+", "A")
            marks = {"caseSensitive": self.flag(), "invert": self.flag()}
            return {**base, "type": kind, "mode": mode, "query": query, **marks}
        base |= {"type": kind, "expression": self.expression(), "selectBlank": self.flag(), "selectError": self.flag()}
        if kind == "list":
            choices = self.selection(table, name) if self.flag() else []
            marks = {"invert": self.flag(), "omitBlank": self.flag(), "omitError": self.flag()}
            return {**base, "selection": choices, **marks}
        low, high = self.pick(0, 5, -10), self.pick(5, 6, 2000)
        if kind == "range":
            marks = {"selectNumeric": self.flag(), "selectNonNumeric": self.flag()}
        else:
            marks = {"selectTime": self.flag(), "selectNonTime": self.flag()}
        return {**base, "from": low, "to": high, **marks}

    def scatterplot(self, table: Table, name: str) -> dict[str, Any]:
        texts = ("value.toNumber()", "value", "value.length()", "rowIndex", "value.length() / 7.0")
        axes = {"cx": name, "ex": self.pick(*texts), "cy": self.pick(name, *table.names), "ey": self.pick(*texts)}
        corners = {key: self.pick(0, 0, 0.25, 0.3) for key in ("from_x", "from_y")}
        corners |= {key: self.pick(1, 1, 0.5, 0.75) for key in ("to_x", "to_y")}
        return {"type": "scatterplot", "name": name, "l": 150, "dot": 1, **axes, **corners, "dim_x": "lin", "r": "none"}

    def config(self, table: Table) -> dict[str, Any]:
        count = self.pick(0, 0, 1, 1, 2) if table.names else 0
        return {"mode": self.pick("row-based", "record-based"), "facets": [self.facet(table) for _ in range(count)]}

    def new_name(self, table: Table) -> str:
        return self.pick("n", "m", "o 1", "p", *table.names[:1])

    def step(self, table: Table) -> dict[str, Any]:
        names = table.names
        kind = self.pick(*(WITH_ERRORS if self.errors else KINDS))
        name, other = self.pick(*names), self.pick(*names)
        config = {"engineConfig": self.config(table)}
        made = getattr(self, kind.replace("-", "_"))(table, name, other)
        facets = {} if kind in NO_FACETS else config
        if made.get("removeOriginalColumn"):
            # OpenRefine keeps the cells that were not split, and a later column may show them again.
            facets = {"engineConfig": {"mode": "row-based", "facets": []}}
        return {"op": f"core/{kind}", "description": kind, **facets, **made}

    def text_transform(self, table: Table, name: str, other: str) -> dict[str, Any]:
        marks = {"onError": self.on_error(), "repeat": self.flag(), "repeatCount": self.pick(0, 1, 3)}
        return {"columnName": name, "expression": self.expression(), **marks}

    def on_error(self) -> str:
        chosen: str = self.pick("keep-original", "set-to-blank", "keep-original", "set-to-blank", "store-error")
        self.errors |= chosen == "store-error"
        return chosen

    def mass_edit(self, table: Table, name: str, other: str) -> dict[str, Any]:
        edits = []
        for _ in range(self.pick(1, 2, 3)):
            texts = [str(value) for value in self.random.sample(TEXTS, 3)]
            to = self.pick("new", "a", "", 2.5, True, 12345678901, "2020-01-02T03:04:05Z")
            kind = "date" if to == "2020-01-02T03:04:05Z" else self.pick("text", None)
            edits.append({"from": texts, "fromBlank": self.flag(), "fromError": False, "to": to, "type": kind})
        return {"columnName": name, "expression": self.pick("value", self.expression()), "edits": edits}

    def fill_down(self, table: Table, name: str, other: str) -> dict[str, Any]:
        return {"columnName": name}

    blank_down = column_removal = fill_down

    def column_addition(self, table: Table, name: str, other: str) -> dict[str, Any]:
        at = self.random.randint(0, len(table.names))
        made = {"baseColumnName": name, "expression": self.expression(), "onError": self.on_error()}
        return {**made, "newColumnName": self.new_name(table), "columnInsertIndex": at}

    def column_rename(self, table: Table, name: str, other: str) -> dict[str, Any]:
        return {"oldColumnName": name, "newColumnName": self.new_name(table)}

    def column_move(self, table: Table, name: str, other: str) -> dict[str, Any]:
        return {"columnName": name, "index": self.random.randint(0, len(table.names) - self.pick(0, 1))}

    def column_reorder(self, table: Table, name: str, other: str) -> dict[str, Any]:
        return {"columnNames": self.random.sample(table.names, self.random.randint(1, len(table.names)))}

    def column_split(self, table: Table, name: str, other: str) -> dict[str, Any]:
        made = {"columnName": name, "guessCellType": self.flag(), "removeOriginalColumn": self.flag()}
        if self.random.random() < 0.25:
            return {**made, "mode": "lengths", "fieldLengths": self.pick([1], [1, 2], [2, 0, 3])}
        regex = self.flag()
        separator = self.pick("[,;]", ",", "a", "\\s", "(b|c)") if regex else self.pick(",", ";", "a", " ", ",,")
        return {
            **made,
            "mode": "separator",
            "separator": separator,
            "regex": regex,
            "maxColumns": self.pick(0, 0, 1, 2),
        }

    def multivalued_cell_split(self, table: Table, name: str, other: str) -> dict[str, Any]:
        made = {"columnName": name, "keyColumnName": table.names[0] if self.flag() else other}
        if self.random.random() < 0.25:
            return {**made, "mode": "lengths", "fieldLengths": self.pick([1], [1, 2])}
        regex = self.flag()
        return {**made, "mode": "separator", "separator": self.pick(",", ";", "a"), "regex": regex}

    def multivalued_cell_join(self, table: Table, name: str, other: str) -> dict[str, Any]:
        key = table.names[0] if self.flag() else other
        return {"columnName": name, "keyColumnName": key, "separator": self.pick(",", "; ", "")}

    def transpose_columns_into_rows(self, table: Table, name: str, other: str) -> dict[str, Any]:
        made: dict[str, Any] = {"startColumnName": name, "columnCount": self.pick(-1, 0, 1, 2, 3)}
        made |= {"ignoreBlankCells": self.flag(), "fillDown": self.flag()}
        if self.flag():
            joint = {"prependColumnName": self.flag(), "separator": self.pick(":", "")}
            return {**made, "combinedColumnName": self.new_name(table), **joint}
        return {**made, "keyColumnName": "key", "valueColumnName": "value"}

    def transpose_rows_into_columns(self, table: Table, name: str, other: str) -> dict[str, Any]:
        return {"columnName": name, "rowCount": self.pick(1, 2, 3)}

    def key_value_columnize(self, table: Table, name: str, other: str) -> dict[str, Any]:
        return {"keyColumnName": name, "valueColumnName": other, "noteColumnName": self.pick(None, *table.names)}

    def row_removal(self, *_: object) -> dict[str, Any]:
        return {}

    def row_star(self, table: Table, name: str, other: str) -> dict[str, Any]:
        return {"starred": self.random.random() < 0.8}

    def row_flag(self, table: Table, name: str, other: str) -> dict[str, Any]:
        return {"flagged": self.random.random() < 0.8}

    def row_duplicate_removal(self, table: Table, name: str, other: str) -> dict[str, Any]:
        # Of one column: OpenRefine compares hashes of 32 bits, which some pairs of texts share.
        return {"criteria": [name]}

    def row_addition(self, table: Table, name: str, other: str) -> dict[str, Any]:
        row = {"starred": False, "flagged": False, "cells": []}
        return {"rows": [row] * self.pick(1, 2), "insertionIndex": self.random.randint(0, table.height)}

    def row_reorder(self, table: Table, name: str, other: str) -> dict[str, Any]:
        criteria = []
        for column in self.random.sample(table.names, self.pick(1, min(2, len(table.names)))):
            places = self.random.sample([-2, -1, 1, 2], 2)
            made = {"column": column, "valueType": self.pick("string", "number", "date", "boolean")}
            made |= {"reverse": self.flag(), "caseSensitive": self.flag()}
            criteria.append({**made, "blankPosition": places[0], "errorPosition": places[1]})
        return {"mode": self.pick("row-based", "record-based"), "sorting": {"criteria": criteria}}


NO_FACETS = frozenset(
    (
        *("multivalued-cell-join", "multivalued-cell-split", "key-value-columnize", "row-reorder", "row-addition"),
        *("transpose-columns-into-rows", "transpose-rows-into-columns", "column-reorder"),
        *("column-removal", "column-rename", "column-move"),
    )
)
KINDS = (
    *("text-transform", "text-transform", "text-transform", "text-transform", "mass-edit", "mass-edit"),
    *("fill-down", "blank-down", "column-addition", "column-removal", "column-rename", "column-move"),
    *("column-reorder", "column-split", "multivalued-cell-split", "multivalued-cell-join", "key-value-columnize"),
    *("transpose-columns-into-rows", "transpose-rows-into-columns", "row-removal", "row-star", "row-flag"),
    *("row-duplicate-removal", "row-addition", "row-reorder"),
)
# What does not depend on the words of an error.
WITH_ERRORS = (
    *("fill-down", "blank-down", "column-removal", "column-move", "column-rename", "row-removal", "row-star"),
    *("row-flag", "row-reorder", "text-transform", "row-addition", "transpose-columns-into-rows"),
    *("column-reorder", "transpose-rows-into-columns"),
)


def generated_case(seed: int) -> tuple[str, list[dict[str, Any]]]:
    """Return a CSV and a history of one to six steps; the last one may be a step that is refused."""
    case = _Case(seed)
    text = case.table()
    table = import_csv(text)
    history: list[dict[str, Any]] = []
    for _ in range(case.random.randint(1, 6)):
        if not table.names:
            break
        history.append(case.step(table))
        try:
            for step in parse_history(history[-1:]).steps:
                table = step.apply(table)
        except DataError:
            break
    return text, history
