"""Mass edit: cells with certain values get another value, as accepting clusters records it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from sevenfold.refine.columns import Column, Mask
from sevenfold.refine.evaluate import Evaluated, Evaluator, merged
from sevenfold.refine.operations.on_rows import StepOnRows
from sevenfold.refine.step import Recorded
from sevenfold.refine.table import Table
from sevenfold.refine.values import EvalError, is_blank, text_of

__all__ = ["Edit", "MassEdit"]

_DATE: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{0,9})?)?(Z|[+-]\d\d(:\d\d){0,2})?", re.IGNORECASE | re.ASCII
)


class Edit(Recorded):
    """The texts, or blanks or errors, that become `to`; a null `to` changes nothing.

    Blanks are meant by `from_blank`, or by the empty text as the only one.
    """

    texts: tuple[str, ...] = Field((), alias="from")
    from_blank: bool = False
    from_error: bool = False
    to: Any = None
    type: str | None = None

    @property
    def value(self) -> Any:
        """What the cells become: a date where that is the type, None where `to` is not written as Java writes one."""
        if self.type != "date":
            return self.to
        if not _DATE.fullmatch(self.to):
            return None
        try:
            date = datetime.fromisoformat(self.to.upper())
        except ValueError:
            return None
        return date if date.tzinfo is not None else date.replace(tzinfo=UTC)

    @field_validator("to")
    @classmethod
    def _scalar(cls, to: Any) -> Any:
        if isinstance(to, (list, dict)):
            raise ValueError("an edit must make cells a text, a number, true, false or a date")
        return to

    @model_validator(mode="after")
    def _date_as_text(self) -> Edit:
        if self.type == "date" and not isinstance(self.to, str):
            raise ValueError(f"an edit to a date must have it as a text under 'to', but has {self.to!r}")
        return self


class MassEdit(StepOnRows):
    """Replace the cells for which the expression gives one of the texts of an edit; the last such edit counts."""

    op: Literal["core/mass-edit"]
    column_name: str
    expression: str
    edits: tuple[Edit, ...]

    def expressions(self) -> list[str]:
        """Return the expression and those of the facets."""
        return [self.expression, *super().expressions()]

    def columns_named(self) -> list[str]:
        """Return the column."""
        return [self.column_name]

    def apply(self, table: Table) -> Table:
        """Return the table with the cells replaced."""
        column, rows = table.column(self.column_name), self.rows(table)
        results = Evaluator(table, self.expression, column).evaluate(rows)
        by_text: dict[str, Any] = {}
        blank = error = None
        for edit in self.edits:
            by_text.update(dict.fromkeys(edit.texts, edit.value))
            blank = edit.value if edit.from_blank or edit.texts == ("",) else blank
            error = edit.value if edit.from_error else error
        replaced = []
        for value in results.values:
            if isinstance(value, EvalError):
                replaced.append(error)
            else:
                replaced.append(blank if is_blank(value) else by_text.get(text_of(value)))
        return table.with_column(_edited(column, Evaluated(results.codes, replaced), rows))


def _edited(column: Column, new: Evaluated, rows: Mask | None) -> Column:
    """Return the column with the new values where there is one, and its own cells elsewhere."""
    changes = np.fromiter((value is not None for value in new.values), dtype=np.bool_, count=len(new.values))
    asked = changes[new.codes]
    return merged(column, new, asked if rows is None else asked & rows)
