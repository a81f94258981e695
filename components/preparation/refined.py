"""The refined table that preparation reads instead of the plan's, where the plan has a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sevenfold.contracts.refinement import Refinement
from sevenfold.contracts.schema import Schema
from sevenfold.plan.data import DataSection, Format
from sevenfold.refine.recipe import Recipe
from sevenfold.refine.record_refinement import hidden_columns, record_refinement
from sevenfold.refine.refined_source import RefinedSource, refine_source
from sevenfold.refine.report import steps_table
from sevenfold.report.model import Table
from sevenfold.report.quantity import quantity
from sevenfold.runtime.progress import OnProgress

__all__ = ["RefinedTable", "refined_table"]

STEPS = 5


@dataclass(frozen=True)
class RefinedTable:
    """A refined table as a file of texts, and how to read it: `data` is the plan's section, of that file."""

    source: RefinedSource
    path: Path
    data: DataSection

    @cached_property
    def steps(self) -> Table:
        """What each step changed, as a block of the report; no value of a sensitive column."""
        sensitive = {name: column.sensitive for name, column in self.data.columns.items()}
        source = self.source
        return steps_table(source.changes, hidden_columns(source.recipe, source.raw, source.changes, sensitive))

    def refinement(self, schema: Schema) -> Refinement:
        """Return what a bundle has to know of the recipe."""
        features = {name: column.sensitive for name, column in schema.features.items()}
        return record_refinement(self.source.recipe, self.source.raw, self.source.changes, schema.target, features)


def refined_table(
    paths: Sequence[Path], data: DataSection, recipe: Recipe, work: Path, on_progress: OnProgress
) -> RefinedTable:
    """Replay a recipe on a table and write what comes of it into `work`.

    Raises:
        DataError: what `refine_source` raises.
    """

    def report(rows: int) -> None:
        on_progress(f"refined: {quantity(rows, 'row')} read", 0, STEPS)

    on_progress("read the table for the recipe", 0, STEPS)
    path = work / f"refined-{paths[0].name[-100:]}"  # errors name it
    source = refine_source(paths, data, recipe, path, data.decimal, report)
    read_as = data.model_copy(update={"format": Format.PARQUET})
    return RefinedTable(source, path, read_as)
