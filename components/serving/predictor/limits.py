"""What a predictor accepts: at most so much, and which fields."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sevenfold.serving.predictor.refusal import Refusal

__all__ = ["Limits", "extra_fields"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Sizes in bytes, rows or counts; durations in seconds. A request beyond one of them is refused, never cut."""

    max_body_bytes: int = 4 << 20
    max_batch: int = 1_024  # rows of one request
    max_text: int = 65_536  # characters of one category
    body_seconds: float = 10.0  # from the headers to the last byte of the body
    header_seconds: float = 10.0
    max_header_bytes: int = 32 << 10
    max_waiting: int = 64  # requests read and not answered yet; more are refused
    max_held_bytes: int = 64 << 20  # bodies that are being read, all together
    max_connections: int = 2_048
    drain_seconds: float = 0.0  # after SIGTERM: not ready, but answering; one scrape interval where Prometheus scrapes
    strict_fields: bool = False  # refuse fields that the model does not have, instead of counting them


def extra_fields(given: Iterable[Collection[str]], known: frozenset[str], *, strict: bool) -> int:
    """Return how many of the given names the model does not have, over all rows.

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
