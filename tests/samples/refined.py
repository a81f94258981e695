"""What a replay gives, in the form in which answers of OpenRefine's engine are compared with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sevenfold.contracts.errors import DataError
from sevenfold.refine.columns import Column
from sevenfold.refine.export_csv import csv_lines
from sevenfold.refine.history import parse_history
from sevenfold.refine.import_csv import import_csv
from sevenfold.refine.values import EvalError

__all__ = ["comparable", "refined_here", "typed"]


def typed(value: Any) -> Any:
    """Return a cell's value beside the name of its type; of an error no more than that it is one."""
    if isinstance(value, EvalError):
        return ["error", ""]
    if isinstance(value, datetime):
        return ["date", value.isoformat()]
    return [type(value).__name__, repr(value)]


def refined_here(text: str, history: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return columns, typed rows, flags and the exported CSV; or index and code of the step that is refused."""
    table, index = import_csv(text), -1
    try:
        for index, operation in enumerate(history):  # noqa: B007
            for step in parse_history([operation]).steps:
                table = step.apply(table)
    except DataError as error:
        return {"index": index, "code": error.code}
    cells = [column.cells() for column in table.columns]
    return {
        "columns": table.names,
        "rows": [[typed(each[row]) for each in cells] for row in range(table.height)],
        "flags": [list(pair) for pair in zip(table.flagged.tolist(), table.starred.tolist(), strict=True)],
        "csv": "".join(csv_lines(table)) if not _errors(table.columns) else "",
    }


def _errors(columns: Sequence[Column]) -> bool:
    return any(isinstance(column.values[code], EvalError) for column in columns for code in column.used().tolist())


def comparable(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer of OpenRefine's engine in the same form; the CSV is "" where cells hold errors."""
    rows = [[typed(cell) for cell in row] for row in answer["rows"]]
    csv = "" if any(["error", ""] in row for row in rows) else answer["csv"]
    return {"columns": answer["columns"], "rows": rows, "flags": answer["flags"], "csv": csv}
