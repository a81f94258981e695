"""Whoever sends a byte now and then is let go when the time of one request is over, and nobody else is."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from runners import Unhindered

from sevenfold.monitoring.retrain import receiver as module
from sevenfold.monitoring.retrain.journal import Journal
from sevenfold.monitoring.retrain.receiver import Receiver
from sevenfold.monitoring.retrain.retrainer import Retrainer

CREDENTIAL = "a-credential-of-the-tests"
SECONDS = 0.4
PAUSE = 0.05  # far below the limit: each read by itself ends in time
HEAD = b"POST /alerts HTTP/1.1\r\nhost: a\r\nauthorization: Bearer " + CREDENTIAL.encode() + b"\r\n"


class Nowhere(Unhindered):
    def find(self, decided: object) -> str:
        return ""

    def start(self, decided: object) -> str:
        raise AssertionError("nothing was decided")

    def ending(self, run: str) -> None:
        return None


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(module, "REQUEST_SECONDS", SECONDS)
    with Receiver(Retrainer(Journal(tmp_path / "retrain.db"), {}, Nowhere()), lambda: CREDENTIAL) as running:
        yield running


@pytest.mark.parametrize(
    ("at_once", "slowly"),
    [
        pytest.param(b"", HEAD + b"x-long: " + b"a" * 1_000, id="headers"),
        pytest.param(HEAD + b"content-length: 1000\r\n\r\n", b"a" * 1_000, id="body"),
    ],
)
def test_one_that_goes_on_sending_is_let_go(receiver: Receiver, at_once: bytes, slowly: bytes) -> None:
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=10) as connection:
        connection.sendall(at_once)
        sent = 0
        with pytest.raises(OSError, match=r"pipe|reset"):
            for byte in slowly:
                connection.sendall(bytes([byte]))
                time.sleep(PAUSE)
                sent += 1
    assert sent < len(slowly) / 2


def test_each_request_of_a_connection_has_the_whole_time(receiver: Receiver) -> None:
    connection = HTTPConnection("127.0.0.1", receiver.port, timeout=10)
    connection.connect()
    kept = connection.sock
    for _ in range(4):  # together longer than one may take
        connection.request("GET", "/metrics")
        assert connection.getresponse().read()
        assert connection.sock is kept
        time.sleep(SECONDS * 0.4)
    connection.close()
