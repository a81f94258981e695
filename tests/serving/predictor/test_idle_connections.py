"""Connections that nobody uses: kept for longer than a proxy keeps them, and given up where others need the room."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import uvicorn

from sevenfold.serving.predictor.connection import IDLE_SECONDS, bounded_connection
from sevenfold.serving.predictor.limits import Limits

ENVOY_SECONDS = 3_600  # an upstream connection without a request, by default
ROOM = 3
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[tuple[Callable[[], Awaitable[Connection]], asyncio.Event]]:
    """Serve with room for three connections; a request of ``/slow`` is answered once the event is set."""
    go_on = asyncio.Event()

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["path"] == "/slow":
            await go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"{}"})

    connection = bounded_connection(Limits(max_connections=ROOM))
    config = uvicorn.Config(app, port=0, http=connection, lifespan="off", log_config=None, timeout_keep_alive=600)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    made: list[Connection] = []

    async def connect() -> Connection:
        made.append(await asyncio.open_connection("127.0.0.1", port))
        return made[-1]

    try:
        yield connect, go_on
    finally:
        go_on.set()
        for _, writer in made:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        server.should_exit = True
        await serving


async def ask(connection: Connection, path: str = "/") -> None:
    connection[1].write(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    await connection[1].drain()


async def status(connection: Connection) -> int:
    """Return the status of the next answer, 0 where the connection is closed instead."""
    head = await asyncio.wait_for(connection[0].readline(), 5)
    if not head:
        return 0
    while await connection[0].readline() != b"\r\n":
        pass
    await connection[0].read(2)
    return int(head.split()[1])


def test_an_unused_connection_outlives_that_of_a_proxy() -> None:
    assert IDLE_SECONDS > ENVOY_SECONDS


def test_the_connection_unused_for_longest_makes_room() -> None:
    async def story() -> list[int]:
        async with listening() as (connect, _):
            first, second, third = [await connect() for _ in range(ROOM)]
            seen = []
            for connection in (first, second, third, first):
                await ask(connection)
                seen.append(await status(connection))
            fourth = await connect()
            await ask(fourth)
            seen += [await status(fourth), await status(second)]
            for connection in (first, third, fourth):
                await ask(connection)
                seen.append(await status(connection))
            return seen

    assert asyncio.run(story()) == [200, 200, 200, 200, 200, 0, 200, 200, 200]


def test_a_connection_with_a_request_is_not_closed_for_another() -> None:
    async def story() -> list[int]:
        async with listening() as (connect, go_on):
            held = [await connect() for _ in range(ROOM)]
            for connection in held:
                await ask(connection, "/slow")
            await asyncio.sleep(0.05)
            seen = [await status(await connect())]
            go_on.set()
            return seen + [await status(connection) for connection in held]

    assert asyncio.run(story()) == [503, 200, 200, 200]
