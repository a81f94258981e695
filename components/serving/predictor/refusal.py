"""Refused requests: a status and a small JSON object, the same for every route and protocol."""

from __future__ import annotations

from typing import Final

import orjson

from sevenfold.contracts.errors import InputError

__all__ = ["CLOSED_WITH", "ECHO", "REPLY", "ClientGone", "Refusal", "refusal_body", "refusal_of"]

CLOSED_WITH: Final = "sevenfold.closed_with"  # in the scope: the status that the connection itself has answered with
REPLY: Final = "sevenfold.reply"  # in the scope: sends head and body in one write
ECHO: Final = 64  # characters of what the client sent that an answer repeats
MESSAGE: Final = 400  # characters
# Faults of the message rather than of a row in it.
_STATUS: Final = {"binary": 400, "duplicate_key": 400}


class Refusal(InputError):
    """A request that is answered with `status` instead of a prediction."""

    def __init__(self, status: int, code: str, message: str, *, field: str = "") -> None:
        super().__init__(code, message, field=field)
        self.status = status


class ClientGone(Exception):
    """The request was never complete: its client has left, or its connection has refused it."""


def refusal_of(error: InputError) -> Refusal:
    """Return the refusal that an error in a row, or in the message around it, calls for: 422 or 400."""
    if isinstance(error, Refusal):
        return error
    return Refusal(_STATUS.get(error.code, 422), error.code, str(error), field=error.field)


def refusal_body(code: str, message: str, field: str = "") -> bytes:
    """Return ``{"error": {"code", "message", "field"}}``, at most 2 KiB."""
    return orjson.dumps({"error": {"code": code, "message": message[:MESSAGE], "field": field[:ECHO]}})
