#!/usr/bin/env bash
# A client may say all it has to say, close its sending side (shutdown(SHUT_WR), as nc -N and several load balancers'
# checks do) and wait for the answer. Uvicorn never answers it: asyncio closes a transport whose protocol's eof_received
# returns nothing, and uvicorn's does, so the application runs to its end and its answer goes nowhere. The client sees an
# empty answer, no status and no error.
# Seen with uvicorn 0.54.0 and h11 0.16.0 on Python 3.11, the application answering after 0.2 s: 0 bytes after a half
# close, an answer of status 200 with the sending side left open.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check uvicorn==0.54.0 h11==0.16.0
"$work/venv/bin/python" - <<'PY'
import asyncio
import socket

import uvicorn

finished = []


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await asyncio.sleep(0.2)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
    finished.append(scope["path"])


def ask(port: int, half_close: bool) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(b"GET /%d HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n" % half_close)
        if half_close:
            client.shutdown(socket.SHUT_WR)
        parts = []
        while part := client.recv(4096):
            parts.append(part)
        return b"".join(parts)


async def main() -> None:
    server = uvicorn.Server(uvicorn.Config(app, port=0, http="h11", log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    open_side, half = [await asyncio.to_thread(ask, port, half) for half in (False, True)]
    await asyncio.sleep(0.5)
    server.should_exit = True
    await task
    print(f"sending side open: {open_side[:15]!r}; half-closed: {half!r}; the application finished {len(finished)} requests")
    assert open_side.startswith(b"HTTP/1.1 200"), open_side
    assert half == b"", "a half-closed client is answered now"
    assert len(finished) == 2


asyncio.run(main())
PY
