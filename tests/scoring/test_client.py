"""The client against a small server that answers as each test says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from sevenfold.contracts.errors import ServingError, TemporaryError
from sevenfold.contracts.service import BUNDLE_HEADER
from sevenfold.scoring.client import InferenceClient
from sevenfold.scoring.tensors import HEADER_LENGTH, encode_tensors

FEEDS = {"x": np.array([1.0, 2.0]), "t": np.array(["a", ""], dtype=object)}


class Stub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answer: Callable[[Any, bytes], tuple[int, dict[str, str], bytes]]
    close_after_each = False

    def do_POST(self) -> None:
        self._reply(self.rfile.read(int(self.headers["content-length"])))

    def do_GET(self) -> None:
        self._reply(b"")

    def _reply(self, sent: bytes) -> None:
        status, headers, body = type(self).answer(self, sent)
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.close_after_each

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def stub() -> Iterator[tuple[type[Stub], InferenceClient]]:
    handler = type("Handler", (Stub,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    with InferenceClient(f"http://127.0.0.1:{server.server_port}", "m", timeout_seconds=5) as client:
        yield handler, client
    server.shutdown()
    thread.join()
    server.server_close()


def test_outputs_come_back_by_name(stub: Any) -> None:
    handler, client = stub
    outputs = {
        "label": np.array(["no", "yes"], dtype=object),
        "probabilities": np.array([[0.9, 0.1], [0.2, 0.8]], dtype=np.float32),
    }
    for binary in (True, False):
        body, cut = encode_tensors(outputs, key="outputs", head={}, binary=binary)
        headers = {BUNDLE_HEADER: "sha256:b"} | ({HEADER_LENGTH: str(cut)} if binary else {})
        seen: dict[str, Any] = {}

        def answer(request: Any, sent: bytes, reply: Any = (200, headers, body), seen: Any = seen) -> Any:
            seen |= {"path": request.path, "headers": dict(request.headers), "sent": sent}
            return reply

        handler.answer = answer
        outputs_read = client.infer(FEEDS, binary=binary, headers={"x-more": "1"})
        assert seen["path"] == "/v2/models/m/infer"
        assert seen["headers"]["x-more"] == "1"
        assert (HEADER_LENGTH in seen["headers"]) == binary
        assert outputs_read["label"].tolist() == ["no", "yes"]
        np.testing.assert_array_equal(outputs_read["probabilities"], outputs["probabilities"])
        assert client.bundle == "sha256:b"


def test_a_refusal_tells_code_message_and_field(stub: Any) -> None:
    handler, client = stub
    handler.answer = lambda *_: (422, {}, b'{"error":{"code":"shape","message":"Bad.","field":"x"}}')
    with pytest.raises(ServingError, match=r"got 422: shape: Bad\. \(field 'x'\)") as caught:
        client.infer(FEEDS)
    assert caught.value.code == "http_422"


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"outputs": [{"name": "x"}]}', b"\xff"])
def test_an_answer_that_makes_no_sense(stub: Any, body: bytes) -> None:
    handler, client = stub
    handler.answer = lambda *_: (200, {}, body)
    with pytest.raises(ServingError) as caught:
        client.infer(FEEDS)
    assert caught.value.code == "bad_answer"


def test_a_connection_closed_between_calls_is_opened_again(stub: Any) -> None:
    handler, client = stub
    handler.close_after_each = True
    handler.answer = lambda *_: (200, {}, b"ok")
    assert client.metrics() == "ok"
    assert client.metrics() == "ok"
    assert client.ready()


def test_nobody_there() -> None:
    with InferenceClient("http://127.0.0.1:9", "m", timeout_seconds=1) as client:
        assert not client.ready()
        with pytest.raises(TemporaryError, match="ConnectionRefused"):
            client.metrics()


@pytest.mark.parametrize("url", ["127.0.0.1:80", "ftp://x", "file:///etc/passwd", ""])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ServingError, match="starts with http://"):
        InferenceClient(url, "m")
