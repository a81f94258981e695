"""What the steps share that work on the rows or records that facets leave."""

from __future__ import annotations

from sevenfold.refine.chosen_rows import check_facets, chosen_rows
from sevenfold.refine.columns import Mask
from sevenfold.refine.facets import EngineConfig
from sevenfold.refine.step import Step
from sevenfold.refine.table import Table

__all__ = ["StepOnRows"]


class StepOnRows(Step):
    """A step with an engineConfig."""

    engine_config: EngineConfig

    def expressions(self) -> list[str]:
        """Return the expressions of the facets."""
        return self.engine_config.expressions()

    def check(self) -> None:
        """Refuse facets that can be evaluated on no table."""
        check_facets(self.engine_config)

    def rows(self, table: Table) -> Mask | None:
        """Return per row whether the facets leave it; None for all rows."""
        return chosen_rows(table, self.engine_config)
