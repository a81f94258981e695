"""The parts of uvicorn that the predictor uses and that uvicorn does not promise to keep: they are there."""

from __future__ import annotations

import asyncio
import inspect
from importlib.metadata import version
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sevenfold.serving.predictor.connection import bounded_connection
from sevenfold.serving.predictor.limits import Limits
from sevenfold.serving.predictor.refusal import REPLY

OVERRIDDEN = (
    *("connection_made", "on_message_begin", "on_url", "on_header", "on_headers_complete", "on_body"),
    *("on_message_complete", "on_response_complete", "send_400_response", "_start_asgi_task"),
)
SERVER = ("startup", "handle_exit", "on_tick", "run", "server_state", "should_exit")
CONNECTION = ("connections", "cycle", "scope", "transport")
CYCLE = (
    *("disconnected", "flow", "keep_alive", "message_event", "more_body", "on_response"),
    *("response_complete", "response_started", "scope", "transport"),
)
REQUEST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: Any) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


async def answered(seen: list[dict[str, Any]]) -> tuple[uvicorn.Server, Any, bytes]:
    """Send one request through a connection; return the server, the connection and what was written."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        seen.append(scope)
        assert scope[REPLY](b"HTTP/1.1 200 OK\r\ncontent-length: ", b"{}")

    server = uvicorn.Server(uvicorn.Config(app, http=bounded_connection(Limits()), lifespan="off", log_config=None))
    server.config.load()
    connection, transport = server.config.http_protocol_class(server.config, server.server_state, {}), Transport()
    connection.connection_made(transport)
    connection.data_received(REQUEST)
    await asyncio.sleep(0)
    await asyncio.gather(*server.server_state.tasks)
    connection.timeout_keep_alive_task.cancel()
    return server, connection, transport.written


def missing(owner: str, value: Any, names: tuple[str, ...]) -> list[str]:
    return [f"{owner}.{name}" for name in names if not hasattr(value, name)]


def test_uvicorn_has_the_private_names_that_the_predictor_uses() -> None:
    lacks = missing("HttpToolsProtocol", HttpToolsProtocol, OVERRIDDEN)
    if not lacks:
        seen: list[dict[str, Any]] = []
        server, connection, written = asyncio.run(answered(seen))
        lacks = missing("Server", server, SERVER) + missing("ServerState", server.server_state, ("connections",))
        lacks += missing("HttpToolsProtocol", connection, CONNECTION)
        lacks += missing("RequestResponseCycle", connection.cycle, CYCLE)
        lacks += missing("FlowControl", connection.cycle.flow, ("write_paused",))
        assert written == b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
    assert not lacks, (
        f"uvicorn {version('uvicorn')} lacks {', '.join(lacks)}, which connection.py or draining.py "
        "of the predictor uses: adapt them, or keep the bound of uvicorn in pyproject.toml."
    )


def test_uvicorn_starts_a_request_as_the_predictor_expects() -> None:
    parameters = list(inspect.signature(HttpToolsProtocol._start_asgi_task).parameters)
    assert parameters == ["self", "cycle", "app"], (
        f"uvicorn {version('uvicorn')} calls _start_asgi_task with other arguments than predictor/connection.py takes."
    )
