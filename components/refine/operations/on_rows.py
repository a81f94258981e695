"""What the steps share that work on the rows or records that facets leave."""

from __future__ import annotations

from sevenfold.refine.chosen_rows import check_facets, chosen_rows
from sevenfold.refine.columns import Mask
from sevenfold.refine.facets import EngineConfig
from sevenfold.refine.grel import compile_expression
from sevenfold.refine.step import Step
from sevenfold.refine.table import Table

__all__ = ["StepOnRows"]


class StepOnRows(Step):
    """A step with an engineConfig."""

    engine_config: EngineConfig

    def expressions(self) -> list[str]:
        """Return the expressions of the facets."""
        return self.engine_config.expressions()

    def crossing(self) -> str:
        """Return why the step needs more than a row: facets of records, or an expression that reads other rows."""
        if self.engine_config.by_record and self.engine_config.facets:
            return "its facets choose records"
        if self.engine_config.from_all_rows:
            return "a scatterplot of it has axes that all rows decide"
        if any(compile_expression(text).crosses_rows for text in self.expressions()):
            return "an expression of it reads the number of a row, or its record"
        return ""

    def cells_read(self) -> list[str] | None:
        """Return the columns whose cells decide what the step does to a row; None where they cannot be known."""
        found = [*self.columns_named(), *self.engine_config.columns_named()]
        for text in self.expressions():
            columns = compile_expression(text).columns
            if columns is None:
                return None
            found += columns
        return found

    def check(self) -> None:
        """Refuse facets that can be evaluated on no table."""
        check_facets(self.engine_config)

    def rows(self, table: Table) -> Mask | None:
        """Return per row whether the facets leave it; None for all rows."""
        return chosen_rows(table, self.engine_config)
