"""Fields that a request has and the model does not: counted, or refused where the plan is strict."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sevenfold.serving.predictor.refusal import Refusal

__all__ = ["extra_fields"]


def extra_fields(given: Iterable[Collection[str]], known: frozenset[str], *, strict: bool) -> int:
    """Return how many of the given names the model does not know, over all rows.

    Raises:
        Refusal: 422 ``extra_field`` for the first of them where `strict`.
    """
    extra = 0
    for names in given:
        if known.issuperset(names):
            continue
        unknown = [name for name in names if name not in known]
        if strict:
            raise Refusal(422, "extra_field", "The model knows no such field: leave it out.", field=unknown[0])
        extra += len(unknown)
    return extra
