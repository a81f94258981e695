"""What a recipe did to the table before the model saw it, and what of it a request can be given alone.

A recipe is a history recorded in OpenRefine. Where each of its steps needs no more than a row's own cells, they are
kept here, and a predictor applies them to every raw row. Where one needs more, requests must bring refined rows.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["Refinement"]


class Refinement(BaseModel):
    """How raw rows become the rows of a dataset.

    `digest` is the recipe's. `columns` are those of the raw table, in order. `steps` are what a raw row needs, under
    OpenRefine's own keys; a column split says in `columnsMade` how many columns it made.

    `sources` names, for each feature that a step has read or made, the raw columns it is made of, and `passed`, for
    each that no step reads, the raw column whose value it is. `examples` are frequent texts of raw columns.
    `removing` names the steps that removed rows: rows like those were never trained on. `crossing` says which steps
    need more than a row; where there are any, `steps` is empty and requests bring refined rows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str
    columns: tuple[str, ...]
    steps: tuple[dict[str, Any], ...] = ()
    sources: dict[str, tuple[str, ...]] = {}
    passed: dict[str, str] = {}
    examples: dict[str, str] = {}
    removing: tuple[str, ...] = ()
    crossing: tuple[str, ...] = ()

    @property
    def takes_raw_rows(self) -> bool:
        """Whether requests bring rows as they were before the recipe."""
        return not self.crossing
