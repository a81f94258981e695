"""Raw rows of a request to feeds: through the bundle's recipe first, where it has one that a row can go through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import InputError, MissingExtraError
from sevenfold.contracts.schema import Column
from sevenfold.contracts.signature import MISSING, Signature
from sevenfold.scoring.feeds import MAX_TEXT, Feeds, feeds_from_columns, feeds_from_rows, require_rows

if TYPE_CHECKING:
    from sevenfold.refine.row_refiner import RefinedRows

__all__ = ["RawRows", "feeds_of_request"]

Values = list[Any] | NDArray[Any]
REMEDY: Final = "Send it as the table of the training writes it: a text, a whole number, or null."


def feeds_of_request(rows: Sequence[Mapping[str, Any]], signature: Signature) -> Feeds:
    """Return the feeds of rows as a request brings them: raw ones, where the bundle has a recipe for them.

    Raises:
        InputError: as `feeds_from_rows` and `RawRows.feeds`.
    """
    if signature.refinement is None or not signature.refinement.takes_raw_rows:
        return feeds_from_rows(rows, signature.inputs, signature.notation)
    require_rows(rows)
    reader = RawRows(signature)
    return reader.feeds({name: [row.get(name) for row in rows] for name in reader.inputs}, len(rows))[0]


class RawRows:
    """Reads raw rows for one bundle, whose recipe a row can go through.

    A value that no step reads is what it is without a recipe. One that a step reads is a cell of the table that the
    recipe was recorded on: a text, or null where the field was empty; a whole number counts as the text of its digits.
    Other numbers are refused there: 5.0 may have been 5, 5.0 or 5,00 in the table.

    Args:
        signature: of the bundle.
    """

    def __init__(self, signature: Signature) -> None:
        refinement = signature.refinement
        if refinement is None or not refinement.takes_raw_rows:
            raise ValueError("a bundle without a recipe, or with one that crosses rows, takes refined rows")
        self.inputs = signature.raw_inputs
        self._signature, self._passed = signature, refinement.passed
        try:  # here, since a bundle without a recipe needs none of it
            from sevenfold.refine.row_refiner import RowRefiner
        except ImportError as error:
            raise MissingExtraError(error.name or "regex", "serve") from error

        self._refiner = RowRefiner(refinement, list(signature.inputs), signature.notation.decimal)
        passed = {refinement.passed[name] for name in signature.inputs if name in refinement.passed}
        self._texts = [name for name in self.inputs if name not in passed]

    def feeds(self, columns: Mapping[str, Values], rows: int, *, max_text: int = MAX_TEXT) -> tuple[Feeds, list[int]]:
        """Return the feeds of raw columns, and the numbers of the rows that the recipe removes from a table.

        Args:
            columns: `rows` values by raw column, as `feeds_from_columns` takes them; a column may be missing, and under
                ``<name>:missing`` there may be flags of one that no step reads.
            rows: how many rows there are.
            max_text: longest text, in characters.

        Raises:
            InputError: as `feeds_from_columns`; ``wrong_type``, ``too_long`` or ``encoding`` for a cell that is none;
                ``refine_refused``.
        """
        cells = {name: self._cells(name, columns[name], max_text) for name in self._texts if name in columns}
        refined = self._refiner.refine(cells, rows)
        given = self._given(columns, refined, rows)
        signature = self._signature
        feeds = feeds_from_columns(given, signature.inputs, signature.notation, max_text=max_text)
        return feeds, refined.removed

    def _given(self, columns: Mapping[str, Values], refined: RefinedRows, rows: int) -> dict[str, Values]:
        given: dict[str, Values] = {}
        for name in self._signature.inputs:
            raw = self._passed.get(name)
            given[name] = list(refined.texts[name]) if raw is None else columns.get(raw, [None] * rows)
        return given

    def flags(self, columns: Mapping[str, Values]) -> dict[str, Values]:
        """Return the flags of missing dates by the input that a raw column is passed to."""
        pairs = ((name, self._passed[name] + MISSING) for name in self._signature.inputs if name in self._passed)
        return {name + MISSING: columns[flag] for name, flag in pairs if flag in columns}

    def _cells(self, name: str, values: Values, max_text: int) -> list[str | None]:
        if isinstance(values, np.ndarray):
            values = (values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values).tolist()
        return [_cell(name, self.inputs[name], value, max_text) for value in values]


def _cell(name: str, column: Column, value: Any, max_text: int) -> str | None:
    """Return what a cell holds: None, or a text that is not empty."""
    if type(value) is int:
        return str(value)
    if value is None or (isinstance(value, float) and value != value):
        return None
    if not isinstance(value, str):
        shown = f"a value of type {type(value).__name__}" if column.sensitive else repr(value)[:64]
        raise InputError(
            "wrong_type",
            f"{name!r} must hold a text, since the model's recipe reads it as one, but got {shown}.",
            field=name,
            remedy=REMEDY,
        )
    if len(value) > max_text:
        raise InputError(
            "too_long", f"{name!r} must have at most {max_text} characters, but got {len(value)}.", field=name
        )
    if "\0" in value or not (value.isascii() or _is_unicode(value)):
        raise InputError(
            "encoding", f"{name!r} must be Unicode text, but holds a NUL or half of a surrogate pair.", field=name
        )
    return value or None


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
