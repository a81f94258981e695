"""The signature: which raw columns a bundle takes, and what it predicts from them.

Graph inputs, one per column, each of shape ``[rows]``: DOUBLE for number, integer and boolean (NaN for missing);
STRING for category ("" for missing); for a datetime, INT64 microseconds UTC under its name and BOOL under
``<name>:missing``. Graph outputs: ``label`` STRING ``[rows]`` and ``probabilities`` FLOAT ``[rows, classes]``, classes
as in `Signature.classes` (classification), or ``value`` DOUBLE ``[rows]`` (regression). Where a column bears one of
these three names, the output's has ``:output`` after it; readers go by the order of outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict

from sevenfold.contracts.refinement import Refinement
from sevenfold.contracts.schema import Column, Kind, Notation, Schema, Task

__all__ = ["MISSING", "Signature"]

MISSING: Final = ":missing"  # suffix of the input that flags missing datetimes


class Signature(BaseModel):
    """What a bundle takes and gives.

    `classes` are in the order of the probabilities, the positive one last; empty for a regression. `inputs` are the
    features by name, as the dataset's schema describes them. `notation` is how the table wrote its values: a text in a
    request means what it meant there. `merged_classes` and `left_out_classes` are the schema's: what labels of later
    rows count as, and which rows the model is not asked about. `refinement` is what a recipe did to the rows before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Task
    target: str
    classes: tuple[str, ...] = ()
    inputs: dict[str, Column]
    notation: Notation = Notation()
    merged_classes: dict[str, tuple[str, ...]] = {}
    left_out_classes: tuple[str, ...] = ()
    refinement: Refinement | None = None

    @staticmethod
    def of(schema: Schema, inputs: Mapping[str, Column]) -> Signature:
        """Return the signature of a model of a dataset that takes some of its columns."""
        return Signature(
            task=schema.task,
            target=schema.target,
            classes=schema.classes,
            inputs=dict(inputs),
            notation=schema.notation,
            merged_classes=schema.merged_classes,
            left_out_classes=schema.left_out_classes,
            refinement=schema.refinement,
        )

    @property
    def raw_inputs(self) -> dict[str, Column]:
        """What a request brings, by name: the inputs themselves, or the raw columns that a recipe makes them of.

        A raw column that no step reads is what its input is. One that a step reads is a text that may be missing, as
        in the table that the recipe was recorded on. They are in the order of the raw table.
        """
        refinement = self.refinement
        if refinement is None or not refinement.takes_raw_rows:
            return self.inputs
        found: dict[str, Column] = {}
        for name, column in self.inputs.items():
            if name in refinement.passed:
                found[refinement.passed[name]] = column
            for raw in refinement.sources.get(name, ()):
                sensitive = column.sensitive or (raw in found and found[raw].sensitive)
                found[raw] = Column(kind=Kind.CATEGORY, sensitive=sensitive)
        return {name: found[name] for name in refinement.columns if name in found}

    @property
    def graph_inputs(self) -> frozenset[str]:
        """The names of the graph's inputs: each column's own, and beside a datetime's the one of its missing flag."""
        dates = {name + MISSING for name, column in self.inputs.items() if column.kind is Kind.DATETIME}
        return frozenset(self.inputs) | dates
