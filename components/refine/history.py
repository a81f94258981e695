"""A recorded history: every shape in which OpenRefine exports one, read into typed steps.

- a list of operations, as *Extract* shows and saves it;
- ``{"operations": [...]}``, as people write it;
- ``{"entries": [{"description": ..., "operation": {...}}]}``, or such a list, as the server's `get-operations` answers.

What cannot be replayed is named, all of it at once, before a table is read.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from sevenfold.contracts.errors import DataError
from sevenfold.refine.grel import compile_expression
from sevenfold.refine.operations.registry import OPERATIONS
from sevenfold.refine.step import Step
from sevenfold.refine.unsupported import why_unsupported

__all__ = ["History", "HistoryProblem", "parse_history", "read_history"]

SHOWN: Final = 10  # problems in a message
MAX_BYTES: Final = 64 << 20


@dataclass(frozen=True)
class HistoryProblem:
    """A step that cannot be replayed: its index from 0, its operation, why, and what to do about it."""

    index: int
    operation: str
    why: str
    remedy: str

    def __str__(self) -> str:
        return f"step {self.index} ({self.operation}) {self.why}. {self.remedy}"


@dataclass(frozen=True)
class History:
    """The steps of a history, in order, and the operations as they were recorded."""

    steps: tuple[Step, ...]
    operations: tuple[dict[str, Any], ...] = ()

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def crossing(self) -> list[str]:
        """The steps that need more than a row's own cells, and why, as sentences without their full stop."""
        return [
            f"step {number} ({step.op}): {why}" for number, step in enumerate(self.steps) if (why := step.crossing())
        ]


def read_history(path: Path) -> History:
    """Read a history file.

    Raises:
        DataError: ``missing_file``; ``refine_history`` for a file that is none, or one with steps that cannot be
            replayed: all of them are named; and for one without steps.
    """
    if not path.is_file():
        raise DataError("missing_file", f"HISTORY must be a file, but {path} is none.", remedy="Check the path.")
    if path.stat().st_size > MAX_BYTES:
        raise _no_history(path.name, f"is larger than {MAX_BYTES >> 20} MiB")
    if path.stat().st_size == 0:
        raise _no_history(path.name, "is empty")
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _no_history(path.name, f"is no JSON: {error}") from error
    history = parse_history(content, path.name)
    if not len(history):
        raise _no_history(path.name, "holds none")
    return history


def parse_history(content: Any, name: str = "the history") -> History:
    """Return the steps of a history that was read from JSON.

    Raises:
        DataError: ``refine_history``.
    """
    entries = _entries(content, name)
    steps: list[Step] = []
    problems: list[HistoryProblem] = []
    for index, entry in enumerate(entries):
        step = _step(index, entry)
        if isinstance(step, HistoryProblem):
            problems.append(step)
        else:
            steps.append(step)
    if problems:
        raise _refusal(problems, name)
    return History(tuple(steps), tuple(entry if "op" in entry else entry["operation"] for entry in entries))


def _no_history(name: str, why: str) -> DataError:
    return DataError(
        "refine_history",
        f"A history must be a JSON list of operations, but {name} {why}.",
        remedy="In OpenRefine open Undo / Redo, then Extract, and save what it shows.",
    )


def _refusal(problems: Sequence[HistoryProblem], name: str) -> DataError:
    lines = [f"- {problem}" for problem in problems[:SHOWN]]
    more = f"\n- and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
    head = f"{name} has {len(problems)} step{'s' if len(problems) != 1 else ''} that cannot be replayed (from 0):\n"
    return DataError("refine_history", head + "\n".join(lines) + more)


def _entries(content: Any, name: str) -> list[Any]:
    if isinstance(content, dict):
        found = [key for key in ("operations", "entries") if key in content]
        if len(found) != 1:
            raise _no_history(name, "is an object without one of the keys 'operations' and 'entries'")
        content = content[found[0]]
    if not isinstance(content, list):
        raise _no_history(name, f"holds a {type(content).__name__}")
    return content


def _step(index: int, entry: Any) -> Step | HistoryProblem:
    if isinstance(entry, dict) and "op" not in entry and ("operation" in entry or "description" in entry):
        operation = entry.get("operation")
        if operation is None:
            shown = str(entry.get("description", ""))[:80]
            return HistoryProblem(
                index,
                "no operation",
                f"was done by hand and has no operation: {shown!r}",
                "Redo it in OpenRefine as a mass edit or a transform on a facet.",
            )
        entry = operation
    if not isinstance(entry, dict) or not isinstance(entry.get("op"), str):
        return HistoryProblem(index, "unknown", "has no op", "Extract the history from OpenRefine anew.")
    op = entry["op"]
    why = why_unsupported(op)
    if why:
        return HistoryProblem(index, op, *why)
    try:
        step = OPERATIONS[op].model_validate(entry)
    except ValidationError as error:
        return HistoryProblem(index, op, _field_problem(error), "Extract the history from OpenRefine anew.")
    for text in step.expressions():
        try:
            compile_expression(text)
        except DataError as error:
            return HistoryProblem(index, op, f"cannot be evaluated: {error.message.rstrip('.')}", error.remedy)
    try:
        step.check()
    except DataError as error:
        return HistoryProblem(index, op, f"is refused: {error.message.rstrip('.')}", error.remedy)
    return step


def _field_problem(error: ValidationError) -> str:
    first, *_ = error.errors(include_url=False)
    where = ".".join(str(part) for part in first["loc"]) or "the step"
    if first["type"] == "missing":
        return f"lacks the key {where}"
    return f"has a field that cannot be read: {where}: {first['msg'].removeprefix('Value error, ')}"
