"""The example of a request to a bundle with a recipe: rows that have the raw columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sevenfold.contracts.errors import InputError
from sevenfold.contracts.refinement import Refinement
from sevenfold.contracts.signature import Signature
from sevenfold.refine.cell_text import cell_text
from sevenfold.scoring.raw_rows import feeds_of_request

__all__ = ["example_request"]

Row = dict[str, Any]


def example_request(rows: Sequence[Row], signature: Signature) -> list[Row]:
    """Return rows as a request brings them, made of rows of the model's inputs.

    Without a recipe that a row can go through they are these rows. With one, a raw column that no step reads has its
    input's value, and another a text that is frequent in it, or, where none is, or the model cannot take it, the text
    of the one input that is made of it alone.
    """
    refinement = signature.refinement
    if refinement is None or not refinement.takes_raw_rows:
        return list(rows)
    frequent = [_raw(row, signature, refinement, refinement.examples) for row in rows]
    try:
        feeds_of_request(frequent, signature)
    except InputError:
        return [_raw(row, signature, refinement, {}) for row in rows]
    return frequent


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
