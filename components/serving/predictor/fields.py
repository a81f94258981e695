"""Which fields of a request the model knows: a request that names none is refused, with the names that are meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import Any, Final

from sevenfold.contracts.service import REFINED_ROWS, ROWS_HEADER
from sevenfold.serving.predictor.refusal import ECHO, Refusal

__all__ = ["extra_fields", "nearest_field"]

COMPARED: Final = 1_000  # fields of the model that a name is compared with


def extra_fields(
    rows: Iterable[Mapping[str, Any]],
    fields: frozenset[str],
    *,
    strict: bool,
    besides: frozenset[str] = frozenset(),
    made: frozenset[str] = frozenset(),
) -> int:
    """Return how many names the model does not have, over all rows.

    Args:
        rows: mappings by field name; anything else is left to the reader of rows, which refuses it.
        fields: the model's; each row must name one of them at least.
        strict: refuse what the model does not have.
        besides: names that may stand beside fields.
        made: names that only a row has that has been through the model's recipe.

    Raises:
        Refusal: 422 ``unknown_fields`` for a row without any field of the model, naming the nearest; where `strict`,
            422 ``extra_field`` for the first name that the model does not have; 422 ``refined_field`` for a row that
            names one of `made`: what it holds would be lost.
    """
    extra = 0
    for row in rows:
        if type(row) is not dict or (row and fields.issuperset(row)):
            continue
        if not made.isdisjoint(row):
            raise _refined(next(name for name in row if name in made))
        if fields.isdisjoint(row):
            raise _unknown(row, fields)
        unknown = [name for name in row if name not in fields and name not in besides]
        if strict and unknown:
            raise Refusal(422, "extra_field", "The model knows no such field: leave it out.", field=unknown[0])
        extra += len(unknown)
    return extra


def nearest_field(name: str, fields: Collection[str]) -> str:
    """Return the field whose name is most like `name`, whatever the case of its letters; "" where none is like it."""
    folded = {field.casefold(): field for field in islice(fields, COMPARED)}
    near = get_close_matches(name[:ECHO].casefold(), folded, n=1, cutoff=0.5)
    return folded[near[0]] if near else ""


def _refined(name: str) -> Refusal:
    return Refusal(
        422,
        "refined_field",
        f"A raw row must be as it was before the recipe, but got {name[:ECHO]!r}, which only the recipe makes. "
        f"Leave it out, or send refined rows with the header {ROWS_HEADER}: {REFINED_ROWS}.",
        field=name,
    )


def _unknown(row: Mapping[str, Any], fields: frozenset[str]) -> Refusal:
    known = sorted(fields)
    if not row:
        return Refusal(
            422, "unknown_fields", f"A row must name a field of the model, such as {known[0]!r}, but names none."
        )
    parts: list[str] = []
    left = ECHO
    for name in row:
        if parts and len(name) > left:
            parts.append(f"{len(row) - len(parts)} more")
            break
        near = nearest_field(name, known)
        parts.append(repr(name[:left]) + (f" (nearest: {near!r})" if near else ""))
        left -= len(name)
    rule = f"A row must name a field of the model, such as {known[0]!r}, but names only {', '.join(parts)}."
    return Refusal(422, "unknown_fields", rule, field=next(iter(row)))
