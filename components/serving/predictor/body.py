"""Read a request's body within limits of size; the connection limits the time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sevenfold.serving.predictor.limits import Limits
from sevenfold.serving.predictor.refusal import ClientGone, Refusal

__all__ = ["BodyReader"]

Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class BodyReader:
    """Reads bodies; `held` is how many bytes of unfinished ones are in memory now."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.held = 0

    async def read(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        """Return the whole body.

        Raises:
            Refusal: 413 ``too_large`` (before reading where content-length is given, else as soon as it is passed), 415
                ``encoding``, 503 ``overloaded``.
            ClientGone: the connection ended first, or was closed because the body came too slowly.
        """
        self._check(headers)
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            return self._within(message.get("body", b""))
        return await self._rest(message, receive)

    def _check(self, headers: Mapping[bytes, bytes]) -> None:
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise Refusal(415, "encoding", "The body must come without a content-encoding.")
        length = headers.get(b"content-length", b"")
        if length.isdigit() and (len(length) > 18 or int(length) > self.limits.max_body_bytes):
            raise self._too_large()

    async def _rest(self, message: Mapping[str, Any], receive: Receive) -> bytes:
        parts: list[bytes] = []
        size = 0
        try:
            while True:
                if message["type"] == "http.disconnect":
                    raise ClientGone
                part = message.get("body", b"")
                parts.append(part)
                size += len(part)
                self.held += len(part)
                if size > self.limits.max_body_bytes:
                    raise self._too_large()
                if self.held > self.limits.max_held_bytes:
                    raise Refusal(503, "overloaded", "Too many large requests are being read: try again.")
                if not message.get("more_body", False):
                    return b"".join(parts)
                message = await receive()
        finally:
            self.held -= size

    def _within(self, body: bytes) -> bytes:
        if len(body) > self.limits.max_body_bytes:
            raise self._too_large()
        return body

    def _too_large(self) -> Refusal:
        return Refusal(
            413,
            "too_large",
            f"A body has at most {self.limits.max_body_bytes} bytes: send fewer rows.",
        )
