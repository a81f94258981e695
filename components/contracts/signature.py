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

from sevenfold.contracts.schema import Column, Kind, Notation, Schema, Task

__all__ = ["MISSING", "Signature"]

MISSING: Final = ":missing"  # suffix of the input that flags missing datetimes


class Signature(BaseModel):
    """What a bundle takes and gives.

    `classes` are in the order of the probabilities, the positive one last; empty for a regression. `inputs` are the
    features by name, as the dataset's schema describes them. `notation` is how the table wrote its values: a text in a
    request means what it meant there. `merged_classes` and `left_out_classes` are the schema's: what labels of later
    rows count as, and which rows the model is not asked about.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Task
    target: str
    classes: tuple[str, ...] = ()
    inputs: dict[str, Column]
    notation: Notation = Notation()
    merged_classes: dict[str, tuple[str, ...]] = {}
    left_out_classes: tuple[str, ...] = ()

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
        )

    @property
    def graph_inputs(self) -> frozenset[str]:
        """The names of the graph's inputs: each column's own, and beside a datetime's the one of its missing flag."""
        dates = {name + MISSING for name, column in self.inputs.items() if column.kind is Kind.DATETIME}
        return frozenset(self.inputs) | dates
