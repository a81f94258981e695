"""Apply the row-local steps of a recipe to raw rows: what training did to whole tables, for a request of any size."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold.contracts.errors import DataError, InputError
from sevenfold.contracts.refinement import Refinement
from sevenfold.refine.cell_text import cell_text
from sevenfold.refine.columns import Column
from sevenfold.refine.grel.bounded_pattern import SECONDS, seconds_of_patterns
from sevenfold.refine.history import parse_history
from sevenfold.refine.operations.row_marks import RowKeepMatched, RowRemoval
from sevenfold.refine.step import Step
from sevenfold.refine.table import Table

__all__ = ["RefinedRows", "RowRefiner"]


@dataclass(frozen=True)
class RefinedRows:
    """The rows after a recipe: `texts` by refined column, None where a cell is null or empty.

    `removed` are the numbers of rows that the recipe takes out of a table; they stay here.
    """

    texts: dict[str, list[str | None]]
    removed: list[int]


class RowRefiner:
    """A recipe ready for rows.

    Args:
        refinement: what a bundle says; it must take raw rows.
        names: the refined columns that are wanted.
        decimal: the decimal sign of the table.

    Raises:
        DataError: ``refine_history`` where the steps cannot be read.
    """

    def __init__(self, refinement: Refinement, names: Collection[str], decimal: str = ".") -> None:
        self.columns = refinement.columns
        self._steps: tuple[Step, ...] = parse_history(list(refinement.steps), "the bundle's recipe").steps
        self._names = [name for name in names if name not in refinement.passed]
        self._decimal = decimal

    def refine(self, cells: Mapping[str, Sequence[Any]], rows: int) -> RefinedRows:
        """Return the refined rows of raw cells, each None or a text.

        Args:
            cells: cells by raw column, `rows` of each; a column that is not there is null everywhere.
            rows: how many there are.

        Raises:
            InputError: ``refine_refused`` where a step cannot be done on a row, or patterns take more than two
                seconds for all rows together.
        """
        table = Table.of(
            (
                Column.of(name, cells[name]) if name in cells else Column.filled(name, None, rows)
                for name in self.columns
            ),
            rows,
        )
        removed = np.zeros(rows, dtype=np.bool_)
        with seconds_of_patterns(SECONDS):
            for step in self._steps:
                try:
                    if isinstance(step, (RowRemoval, RowKeepMatched)):
                        chosen, keeps = step.rows(table), isinstance(step, RowKeepMatched)
                        removed |= not keeps if chosen is None else chosen ^ keeps
                    else:
                        table = step.apply(table)
                except DataError as error:
                    raise InputError(
                        "refine_refused",
                        f"The row must go through the model's recipe, but {step.op.removeprefix('core/')} refuses it.",
                        remedy=error.remedy,
                    ) from None
        texts = {name: self._texts(table.column(name)) for name in self._names}
        return RefinedRows(texts, np.flatnonzero(removed).tolist())

    def _texts(self, column: Column) -> list[str | None]:
        texts = [cell_text(value, self._decimal) or None for value in column.values]
        return [texts[code] for code in column.codes.tolist()]
