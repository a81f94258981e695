"""The example of a request to a bundle with a recipe: rows that have the raw columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sevenfold.contracts.errors import InputError
from sevenfold.contracts.refinement import Refinement
from sevenfold.contracts.signature import Signature
from sevenfold.refine.cell_text import cell_text
from sevenfold.refine.row_refiner import RowRefiner
from sevenfold.scoring.raw_rows import feeds_of_request

__all__ = ["example_request"]

Row = dict[str, Any]


def example_request(rows: Sequence[Row], signature: Signature) -> list[Row]:
    """Return rows as a request brings them, made of rows of the model's inputs.

    Without a recipe that a row can go through they are these rows. With one, a raw column that no step reads has its
    input's value, and another a text that is frequent in it, or, where none is, or the model cannot take it, the text
    of the one input that is made of it alone. A text of which the recipe leaves nothing, such as a date written in
    another way than in the table, gives way to that text too, and that one to null.
    """
    refinement = signature.refinement
    if refinement is None or not refinement.takes_raw_rows:
        return list(rows)
    frequent = [_raw(row, signature, refinement, refinement.examples) for row in rows]
    frequent = _without_lost(frequent, rows, signature, refinement)
    try:
        feeds_of_request(frequent, signature)
    except InputError:
        return [_raw(row, signature, refinement, {}) for row in rows]
    return frequent


def _without_lost(raws: Sequence[Row], rows: Sequence[Row], signature: Signature, refinement: Refinement) -> list[Row]:
    """Return raw rows with another text, or null, where all that is made of a column alone would be missing."""
    refiner = RowRefiner(refinement, list(signature.inputs), signature.notation.decimal)
    own = [_raw(row, signature, refinement, {}) for row in rows]
    kept = [dict(row) for row in raws]
    given = set(refinement.passed.values())
    for column in signature.raw_inputs:
        made = [
            name for name, sources in refinement.sources.items() if sources == (column,) and name in signature.inputs
        ]
        if column in given or not made:
            continue
        for row, other in zip(kept, own, strict=True):
            candidates = [text for text in (row[column], other[column]) if text is not None]
            row[column] = next((text for text in candidates if _remains(refiner, column, text, made)), None)
    return kept


def _remains(refiner: RowRefiner, column: str, text: str, made: Sequence[str]) -> bool:
    """Whether a cell with this text leaves a value in one of the columns made of it."""
    try:
        refined = refiner.refine({column: [text]}, 1).texts
    except InputError:
        return False
    return any(refined[name][0] is not None for name in made)


def _raw(row: Row, signature: Signature, refinement: Refinement, examples: Mapping[str, str]) -> Row:
    alone = {made[0]: name for name, made in refinement.sources.items() if len(made) == 1 and name in row}
    given = {raw: name for name, raw in refinement.passed.items() if name in row}
    filled: Row = {}
    for raw, column in signature.raw_inputs.items():
        if raw in given:
            filled[raw] = row[given[raw]]
        elif raw in examples and not column.sensitive:
            filled[raw] = examples[raw]
        else:
            value = row[alone[raw]] if raw in alone else None
            filled[raw] = None if value is None else cell_text(value, signature.notation.decimal)
    return filled
