"""Insert empty rows."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from sevenfold.refine.columns import Column
from sevenfold.refine.step import Step, refused
from sevenfold.refine.table import Table

__all__ = ["RowAddition"]


class RowAddition(Step):
    """Insert as many empty rows as are listed before a position, from 0."""

    op: Literal["core/row-addition"]
    rows: tuple[dict[str, Any], ...] = ()
    added_rows: tuple[dict[str, Any], ...] = ()
    insertion_index: int | None = None
    index: int = Field(0, exclude=True)  # where OpenRefine records the position, and does not look for it again

    @field_validator("rows", "added_rows")
    @classmethod
    def _empty(cls, rows: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        if any(row.get("cells") for row in rows):
            raise ValueError("the added rows must be empty, but one has cells")
        return rows

    @model_validator(mode="after")
    def _one_list(self) -> RowAddition:
        if self.rows and self.added_rows:
            raise ValueError("rows and addedRows cannot both be there")
        return self

    def check(self) -> None:
        """Refuse a position that OpenRefine recorded and takes for 0 where it replays the step."""
        if self.index and self.insertion_index is None:
            raise refused(
                f"Rows must be added where insertionIndex says, but the step has index {self.index} alone, which "
                "OpenRefine records and does not read: it would add them at 0.",
                remedy="Call the key insertionIndex, with the position that is meant.",
            )

    def crossing(self) -> str:
        """Return why the step needs more than a row."""
        return "it adds rows"

    def apply(self, table: Table) -> Table:
        """Return the table with the rows."""
        count, at = len(self.rows or self.added_rows), self.insertion_index or 0
        if not 0 <= at <= table.height:
            raise refused(f"Rows must be inserted at a position from 0 to {table.height}, but got {at}.")

        def longer(marks: Any) -> Any:
            return np.insert(marks, at, np.zeros(count, dtype=marks.dtype))

        columns = []
        for column in table.columns:
            values = [*column.values, None]
            codes = np.insert(column.codes, at, np.full(count, len(values) - 1, dtype=np.uint32))
            known = next((code for code, value in enumerate(column.values) if value is None), None)
            if known is not None:
                codes, values = np.where(codes == len(values) - 1, np.uint32(known), codes), values[:-1]
            columns.append(Column(column.name, codes, values))
        sources = np.insert(table.from_rows, at, np.full(count, -1))
        return Table(tuple(columns), longer(table.starred), longer(table.flagged), sources)
