"""HTTP connections of the predictor: uvicorn's, with limits on what a client may leave unfinished.

A body that is refused half-way is read on and thrown away, up to a limit: to close at once would make the client's
system drop the answer unseen.
"""

from __future__ import annotations

import asyncio
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from sevenfold.serving.predictor.limits import Limits
from sevenfold.serving.predictor.refusal import CLOSED_WITH, REPLY, refusal_body

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["IDLE_SECONDS", "bounded_connection", "close_stalled"]

# A proxy keeps unused connections to a server: Envoy for an hour, unless it is told otherwise. A server that closes one
# first may do so while a request is on its way, which then is lost.
IDLE_SECONDS = 3_660
DISCARDED_BYTES = 16 << 20  # of a refused body


class _Bounded(HttpToolsProtocol):  # type: ignore[misc]
    """One connection.

    `since` is when the wait for a request head, or for the rest of a refused body, began; `body_since`, when the wait
    for a body that will be read began; None while there is no such wait. `in_head` says that a head has begun.
    `idle_since` is when the last answer was given, None until there was one and while a request is under way.
    """

    limits = Limits()
    since: float | None = None
    body_since: float | None = None
    idle_since: float | None = None
    in_head = False
    head_bytes = 0
    discarded = 0

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.since = monotonic()
        if len(self.connections) > self.limits.max_connections and not self._room_made():
            self._end(503, "overloaded", "Too many connections are open: try again.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.since, self.idle_since = monotonic(), None
        self.in_head = True
        self.head_bytes = self.discarded = 0

    def on_url(self, url: bytes) -> None:
        self._head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self.in_head = False
        self.since = None
        self.body_since = monotonic()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self.cycle.response_complete:
            self.discarded += len(body)
            if self.discarded > DISCARDED_BYTES:
                self.transport.close()
            return
        super().on_body(body)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.scope[REPLY] = partial(_reply, cycle)
        super()._start_asgi_task(cycle, app)

    def on_message_complete(self) -> None:
        self.since = self.body_since = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self.cycle.more_body:
            self.since, self.body_since = monotonic(), None
        super().on_response_complete()
        if self.cycle.response_complete and not self.cycle.more_body:  # no other request waits
            self.idle_since = monotonic()

    def send_400_response(self, msg: str) -> None:
        self._end(400, "not_http", "The request must be HTTP/1.1 with a head of at most 32 KiB.")

    def end_if_slow(self, now: float) -> None:
        """Close if a head is overdue; if a body is, answer 408 first and notify the application."""
        if self.since is not None and self.since < now - self.limits.header_seconds:
            self.transport.close()
        elif self.body_since is not None and self.body_since < now - self.limits.body_seconds:
            self._end_body(
                408, "too_slow", f"The body must arrive within {self.limits.body_seconds:g} seconds, but did not."
            )

    def eof_received(self) -> bool:
        """The client sends no more: refuse what it has begun, and answer what is complete before the end."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:
                cycle.keep_alive = False
                return True
            if not self.pipeline:
                self._end_body(400, "incomplete_body", "The body must be as long as its head says, but ended before.")
        elif self.in_head:
            self.send_400_response("")
        return False

    def _room_made(self) -> bool:
        """Close the connection that has been unused for longest; False where none is unused."""
        unused = [other for other in self.connections if other.idle_since is not None]
        if not unused:
            return False
        oldest = min(unused, key=lambda other: other.idle_since)
        oldest.idle_since = None
        oldest.transport.close()
        return True

    def _head(self, size: int) -> None:
        self.head_bytes += size
        if self.head_bytes > self.limits.max_header_bytes:
            raise ValueError("the head of the request is too long")

    def _end_body(self, status: int, code: str, message: str) -> None:
        """Refuse a body that is being read, and notify the application."""
        self.body_since = None
        self.scope[CLOSED_WITH] = status
        self._end(status, code, message)
        self.cycle.disconnected = True
        self.cycle.message_event.set()

    def _end(self, status: int, code: str, message: str) -> None:
        body = refusal_body(code, message)
        retry = "retry-after: 1\r\n" if status == 503 else ""
        head = (
            f"HTTP/1.1 {status} Refused\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
            f"{retry}connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


def _reply(cycle: RequestResponseCycle, head: bytes, body: bytes) -> bool:
    """Send a whole answer in one write; return False where it must be sent as ASGI messages.

    Those cost a write each and a check of every header: a fifth of a request of one row.
    """
    if cycle.response_started or cycle.flow.write_paused or not cycle.keep_alive:
        return False
    if not cycle.disconnected:
        cycle.transport.write(b"%b%d\r\n\r\n%b" % (head, len(body), body))
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        cycle.on_response()
    return True


def bounded_connection(limits: Limits) -> type[asyncio.Protocol]:
    """Return the protocol class that keeps to `limits`."""
    return type("BoundedConnection", (_Bounded,), {"limits": limits})


def close_stalled(connections: Iterable[Any]) -> None:
    """End every connection that has kept us waiting for too long."""
    now = monotonic()
    for connection in list(connections):
        connection.end_if_slow(now)
