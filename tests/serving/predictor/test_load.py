"""More than a predictor can take, clients that stall, and its end: it sheds, bounds, drains."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from predictor_requests import total

from sevenfold.drift.telemetry import SHED

V1 = "/v1/models/flights:predict"


def raw_request(body: bytes) -> bytes:
    head = f"POST {V1} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def read_status(client: socket.socket) -> int:
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = client.recv(1 << 16)
        if not part:
            return 0
        answer += part
    head, _, rest = answer.partition(b"\r\n\r\n")
    left = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]) - len(rest)
    while left > 0:
        left -= len(client.recv(1 << 16))
    return int(head.split()[1])


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def test_34_overload_is_shed_and_what_is_accepted_stays_fast(
    sample: Any, start: Any, tmp_path: Path, good_row: dict[str, Any]
) -> None:
    request = raw_request(json.dumps({"instances": [good_row] * 100}).encode())
    with start(sample.bundle.folder, tmp_path / "server", "--max-waiting", "8") as server:
        clients = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(64)]
        statuses: list[int] = []
        waits: list[float] = []
        try:
            for round_number in range(12):
                if round_number == 2:
                    memory = resident(server.process.pid)
                sent = time.monotonic()
                for client in clients:
                    client.sendall(request)
                for client in clients:
                    statuses.append(read_status(client))
                    if statuses[-1] == 200:
                        waits.append(time.monotonic() - sent)
                # health is answered in the middle of it
                assert server.request("GET", "/v2/health/live")[0] == 200
        finally:
            for client in clients:
                client.close()
        assert set(statuses) == {200, 503}
        assert statuses.count(200) >= 8 * 12
        assert sorted(waits)[int(len(waits) * 0.99)] < 2.0  # 250 ms on a machine of one's own
        assert resident(server.process.pid) < memory * 1.05 + (2 << 20)
        text = server.request("GET", "/metrics")[2].decode()
        shed = next(line for line in text.splitlines() if line.startswith("sevenfold_shed_total"))
        assert float(shed.split()[-1]) == statuses.count(503)
        assert server.predict({"instances": [good_row]}, {"content-type": "application/json"})[0] == 200


@pytest.fixture(scope="module")
def strict(sample: Any, start: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A predictor that knows no other fields, under another name, and waits a second for a head."""
    options = ("--strict-fields", "--name", "other-name", "--header-seconds", "1")
    with start(sample.bundle.folder, tmp_path_factory.mktemp("strict"), *options) as server:
        yield server


def test_a_head_that_never_ends_is_cut_off(strict: Any) -> None:
    silent = socket.create_connection(("127.0.0.1", strict.port), timeout=10)
    half = socket.create_connection(("127.0.0.1", strict.port), timeout=10)
    half.sendall(b"GET / HTTP/1.1\r\nx-slow: ")
    started = time.monotonic()
    for client in (silent, half):
        assert client.recv(100) == b""
        client.close()
    assert time.monotonic() - started < 8


def test_a_strict_predictor_refuses_extra_fields(strict: Any, good_row: dict[str, Any]) -> None:
    path, kind = "/v1/models/other-name:predict", {"content-type": "application/json"}
    assert strict.request("POST", path, {"instances": [good_row]}, kind)[0] == 200
    status, _, body = strict.request("POST", path, {"instances": [{**good_row, "colour": 1}]}, kind)
    assert status == 422
    assert json.loads(body)["error"] == {
        "code": "extra_field",
        "message": "The model knows no such field: leave it out.",
        "field": "colour",
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_drains_before_it_ends(
    sample: Any, start: Any, tmp_path: Path, good_row: dict[str, Any], number: signal.Signals
) -> None:
    with start(sample.bundle.folder, tmp_path / "server", "--drain-seconds", "2") as server:
        kind = {"content-type": "application/json"}
        server.process.send_signal(number)
        deadline = time.monotonic() + 5
        while server.request("GET", "/v2/health/ready")[0] != 503:
            assert time.monotonic() < deadline
        # alive, not ready, and it sends every new request to another predictor
        status, headers, _ = server.request("GET", "/v2/models/flights/ready")
        assert (status, headers["retry-after"]) == (503, "1")
        assert server.request("GET", "/v2/health/live")[0] == 200
        status, headers, body = server.request("POST", V1, {"instances": [good_row]}, kind)
        assert (status, json.loads(body)["error"]["code"]) == (503, "draining")
        assert (headers["retry-after"], headers["connection"]) == ("1", "close")
        assert b'sevenfold_ready{model="flights"} 0.0' in server.request("GET", "/metrics")[2]
        assert total(server, SHED) == 0  # which alerts of too little capacity
        assert server.process.wait(timeout=20) == 0


def test_what_was_in_flight_is_answered_while_it_drains(
    sample: Any, start: Any, tmp_path: Path, good_row: dict[str, Any]
) -> None:
    request = raw_request(json.dumps({"instances": [good_row]}).encode())
    with start(sample.bundle.folder, tmp_path / "server", "--drain-seconds", "5") as server:
        kept, begun = (socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(2))
        with kept, begun:
            kept.sendall(request)
            assert read_status(kept) == 200
            begun.sendall(request[:-10])
            server.request("GET", "/v2/health/live")  # what was sent before it has been read by now
            server.process.send_signal(signal.SIGTERM)
            deadline = time.monotonic() + 4
            while server.request("GET", "/v2/health/ready")[0] == 200:
                assert time.monotonic() < deadline
            kept.sendall(request)
            assert (read_status(kept), kept.recv(100)) == (503, b"")  # it closes the connection: none is left to it
            begun.sendall(request[-10:])
            assert (read_status(begun), begun.recv(100)) == (200, b"")


@dataclass
class Ended:
    """A predictor that got hostile requests and, with a request in flight, SIGTERM."""

    in_flight: int  # the request's status
    exit_status: int
    log: list[str]  # lines


@pytest.fixture(scope="module")
def ended(sample: Any, start: Any, tmp_path_factory: pytest.TempPathFactory, good_row: dict[str, Any]) -> Ended:
    attacks = ['x\n{"level":"critical"}', "x\r\nforged", "\u2028", "\x1b[31m", "x" * 5000]
    with start(sample.bundle.folder, tmp_path_factory.mktemp("ended")) as server:
        for attack in attacks:
            server.predict({"instances": [{"distance": attack}]}, {"content-type": "application/json"})
        request = raw_request(json.dumps({"instances": [good_row]}).encode())
        client = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        client.sendall(request[:-10])
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        threading.Timer(1.0, client.sendall, (request[-10:],)).start()
        status = read_status(client)
        client.close()
        exit_status = server.process.wait(timeout=20)
        return Ended(status, exit_status, server.log.read_text().splitlines())


def test_a_request_in_flight_is_answered_when_it_ends(ended: Ended) -> None:
    assert (ended.in_flight, ended.exit_status) == (200, 0)


def test_every_log_line_is_json(ended: Ended) -> None:
    events = [json.loads(line)["event"] for line in ended.log]
    assert events == ["model loaded", "serving", "stopped"]


def test_a_value_in_a_log_cannot_break_its_line() -> None:
    import logging

    from sevenfold.serving.predictor.log import JsonFormatter

    try:
        raise ValueError("broken\nline")
    except ValueError:
        import sys

        record = logging.LogRecord("x", logging.ERROR, "f", 1, "bad\u2028event\n", (), sys.exc_info())
    record.data = {"cause": "\x00\n" * 500, "count": 3}
    line = JsonFormatter().format(record)
    assert len(line.splitlines()) == 1
    entry = json.loads(line)
    assert (entry["count"], entry["error"]) == (3, "ValueError: broken\nline")
    assert len(entry["cause"]) == 256
