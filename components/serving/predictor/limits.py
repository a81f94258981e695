"""What a predictor accepts: at most so much, and which fields."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


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
    drain_seconds: float = 0.0  # after SIGTERM: new requests get 503, health and metrics still answer
    strict_fields: bool = False  # refuse fields that the model does not have, instead of counting them
