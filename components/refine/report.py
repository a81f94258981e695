"""What a replayed history changed, as lines for a console and as a page."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from sevenfold.refine.grel import compile_expression
from sevenfold.refine.replay import Change, Example
from sevenfold.refine.values import text_of
from sevenfold.report.model import Block, Fact, Facts, Finding, Findings, Report, Table
from sevenfold.report.quantity import quantity

__all__ = ["change_line", "refine_report", "steps_table", "without_sensitive"]

SHOWN: Final = 40  # characters of a value
STEPS: Final = 500  # on the page


def without_sensitive(changes: Sequence[Change], sensitive: Collection[str]) -> list[tuple[Change, bool]]:
    """Return the changes, and of each whether its examples and description must not be shown.

    A column made from a sensitive one, or filled from it, is sensitive from then on.
    """
    known = set(sensitive)
    found = []
    for change in changes:
        read = set(change.step.columns_named())
        for text in change.step.expressions():
            columns = compile_expression(text).columns
            read |= known if columns is None else set(columns)
        touched = bool((read | set(change.changed)) & known)
        if touched:
            known |= {*change.added, *change.changed}
        found.append((change, touched))
    return found


def change_line(change: Change, *, hidden: bool = False) -> str:
    """Return what a step did as one line; no value where `hidden`."""
    head = f"{change.index:>3}  {_title(change)}: {_effect(change)}"
    if hidden or not change.examples:
        return head
    return f"{head}; {', '.join(map(_example, change.examples))}"


def _title(change: Change) -> str:
    columns = ", ".join(change.step.columns_named()[:4])
    return f"{change.step.op.removeprefix('core/')}{f' {columns}' if columns else ''}"


def _effect(change: Change) -> str:
    before, after = change.rows
    parts = []
    if after != before:
        parts.append(f"{quantity(before, 'row')} became {after:,}")
    if change.cells:
        parts.append(f"{quantity(change.cells, 'cell')} changed")
    if change.added:
        parts.append(f"new: {', '.join(change.added[:6])}{' …' if len(change.added) > 6 else ''}")
    if change.removed:
        parts.append(f"gone: {', '.join(change.removed[:6])}{' …' if len(change.removed) > 6 else ''}")
    if change.marked:
        parts.append(f"{quantity(change.marked, 'row')} marked")
    if change.moved:
        parts.append("columns moved")
    if change.reordered:
        parts.append("rows reordered")
    return "; ".join(parts) or "nothing changed"


def _example(example: Example) -> str:
    times = f" ({quantity(example.cells, 'cell')})" if example.cells > 1 else ""
    return f"{_shown(example.before)} → {_shown(example.after)}{times}"


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    text = text_of(value)
    cut = text[:SHOWN] + ("…" if len(text) > SHOWN else "")
    return repr(cut) if isinstance(value, str) else cut


def steps_table(changes: Sequence[Change], sensitive: Collection[str], title: str = "Steps of the recipe") -> Table:
    """Return what each step changed, with examples; none of a sensitive column."""
    rows = []
    for change, hidden in without_sensitive(changes, sensitive)[:STEPS]:
        examples = "not shown: sensitive" if hidden else "; ".join(map(_example, change.examples))
        rows.append((change.index, _title(change), _effect(change), examples))
    return Table(title=title, columns=("step", "operation", "effect", "examples"), rows=tuple(rows))


def refine_report(changes: Sequence[Change], sensitive: Collection[str], *, table: str, columns: int) -> Report:
    """Return the page of a replayed history; it shows no value of a sensitive column.

    Args:
        changes: what each step did.
        sensitive: columns of the table whose values are never shown.
        table: name of the table.
        columns: of the cleaned table.
    """
    first = changes[0].rows[0] if changes else 0
    last = changes[-1].rows[1] if changes else 0
    cells = sum(change.cells for change in changes)
    idle = [change for change in changes if change.nothing]
    headline = (
        f"{quantity(len(changes), 'step')} on {table}: {quantity(first, 'row')} became {last:,}, "
        f"{quantity(cells, 'cell')} changed."
    )
    facts = Facts(
        facts=(
            Fact(label="Steps", value=len(changes)),
            Fact(label="Rows before", value=first),
            Fact(label="Rows after", value=last),
            Fact(label="Columns after", value=columns),
            Fact(label="Cells changed", value=cells, hint="in columns that were there before a step"),
        )
    )
    blocks: list[Block] = [facts]
    if idle:
        text = f"{quantity(len(idle), 'step')} changed nothing: {', '.join(str(change.index) for change in idle[:20])}."
        blocks.append(Findings(findings=(Finding(level="info", text=text),)))
    blocks.append(steps_table(changes, sensitive))
    return Report(stage="preparation", title="Refining", headline=headline, level="good", blocks=tuple(blocks))
