"""Clients that stop sending and go on reading: what is complete is answered, what is cut off is refused."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from predictor_requests import V1, total

from sevenfold.drift.telemetry import REQUESTS


def head(size: int) -> bytes:
    return f"POST {V1} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {size}\r\n\r\n".encode()


def exchange(server: Any, sent: bytes) -> list[tuple[int, Any]]:
    """Send, close our side, and return every answer (status, document) until the server closes its own."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        received = b""
        while part := client.recv(1 << 16):
            received += part
    answers = []
    while received:
        top, _, rest = received.partition(b"\r\n\r\n")
        size = int(top.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        answers.append((int(top.split()[1]), json.loads(rest[:size])))
        received = rest[size:]
    return answers


@pytest.mark.parametrize("part", [b"", b"{", b" " * 100_000])
def test_a_body_that_ends_early(server: Any, part: bytes) -> None:
    before = total(server, REQUESTS, code="400"), total(server, REQUESTS, code="499")
    logged = len(server.log.read_text())  # other tests ask the same server
    [(status, answer)] = exchange(server, head(4_000_000) + part)
    assert (status, answer["error"]["code"]) == (400, "incomplete_body")
    assert (total(server, REQUESTS, code="400"), total(server, REQUESTS, code="499")) == (before[0] + 1, before[1])
    since = server.log.read_text()[logged:]
    assert '"level": "error"' not in since and "Traceback" not in since


def test_a_body_in_chunks_that_ends_early(server: Any) -> None:
    chunked = head(0).replace(b"content-length: 0", b"transfer-encoding: chunked")
    [(status, answer)] = exchange(server, chunked + b"5\r\n{\r\n")
    assert (status, answer["error"]["code"]) == (400, "incomplete_body")


def test_a_head_that_ends_early(server: Any) -> None:
    [(status, answer)] = exchange(server, head(10)[:-10])
    assert (status, answer["error"]["code"]) == (400, "not_http")
    assert exchange(server, b"") == []


def test_a_whole_request_is_answered(server: Any, good_row: dict[str, Any]) -> None:
    body = json.dumps({"instances": [good_row]}).encode()
    whole = head(len(body)) + body
    [(status, answer)] = exchange(server, whole)
    assert (status, len(answer["predictions"])) == (200, 1)
    assert exchange(server, whole + whole) == [(200, answer), (200, answer)]


def test_a_large_whole_request_is_answered(server: Any, good_row: dict[str, Any]) -> None:
    body = json.dumps({"instances": [good_row] * 1_000}).encode()
    [(status, answer)] = exchange(server, head(len(body)) + body)
    assert (status, len(answer["predictions"])) == (200, 1_000)
