"""What the requests of every port have in common: how headers are read and an answer is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.service import RAW_ROWS, REFINED_ROWS, ROWS_HEADER
from sevenfold.scoring.tensors import HEADER_LENGTH
from sevenfold.serving.predictor.refusal import Refusal

if TYPE_CHECKING:
    from sevenfold.serving.predictor.model import ServedModel

__all__ = ["JSON", "RETRY", "Headers", "Send", "head_of", "require_json", "send_answer", "takes_refined"]

Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Headers = Mapping[bytes, bytes]

JSON: Final = (b"content-type", b"application/json")
RETRY: Final = (b"retry-after", b"1")
_ROWS: Final = ROWS_HEADER.encode()


def takes_refined(headers: Headers, model: ServedModel) -> bool:
    """Whether a request to a model with a recipe says that its rows have been through it.

    Raises:
        Refusal: 422 ``refined_only``; 400 ``rows`` for another value of the header.
    """
    rows = headers.get(_ROWS)
    if rows is None:
        return False
    if rows == RAW_ROWS.encode() and model.raw is None:
        raise Refusal(422, "refined_only", "This model takes refined rows only; its metadata says why.")
    if rows not in (RAW_ROWS.encode(), REFINED_ROWS.encode()):
        raise Refusal(400, "rows", f"The header {ROWS_HEADER} must be {RAW_ROWS} or {REFINED_ROWS}.")
    return rows == REFINED_ROWS.encode()


def require_json(headers: Headers) -> None:
    """Raise Refusal 415 ``content_type`` for a body of another type."""
    kind = headers.get(b"content-type", b"application/json").partition(b";")[0].strip().lower()
    if kind != b"application/json":
        raise Refusal(
            415,
            "content_type",
            "The content-type must be application/json; raw V2 tensors are application/octet-stream "
            f"with the header {HEADER_LENGTH}.",
        )


def head_of(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return the head of a good answer, up to where its length belongs."""
    lines = b"".join([b"%b: %b\r\n" % pair for pair in headers])
    return b"HTTP/1.1 200 OK\r\n%bcontent-length: " % lines


async def send_answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """Send a whole answer as ASGI messages."""
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
