"""The receiver between Alertmanager and what trains: an HTTP server of its own port.

========================  ============================================================================================
`POST /alerts`            a notification; 204 once every decision about it is on disk, 401, 411, 413, 400, or 503 (then
                          Alertmanager sends it again)
`GET /decisions`          the newest decisions as JSON; with the same credential
`POST /acknowledgements`  {"name", "who", "reason"}: a person has seen why one was called; 204, or 409 where none is
`GET /healthz`            200 while the journal can be read and the worker turns, else 503
`GET /metrics`            counters in the Prometheus text format
========================  ============================================================================================

Nothing is started by a request: a worker starts what was decided, however long that takes. It also decides about the
ticks of plans that a schedule retrains.
"""

from __future__ import annotations

import hmac
import io
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from sevenfold.contracts.errors import DataError, PolicyError, SevenfoldError
from sevenfold.monitoring.retrain.acknowledgement import read_acknowledgement
from sevenfold.monitoring.retrain.alertmanager import read_notification
from sevenfold.monitoring.retrain.metrics import metrics_page
from sevenfold.monitoring.retrain.retrainer import Retrainer
from sevenfold.monitoring.retrain.timed_reader import TimedReader

__all__ = ["MOST_BYTES", "Receiver"]

MOST_BYTES: Final = 4 << 20  # of a notification
REQUEST_SECONDS: Final = 10.0  # to send a request, and to take its answer: who is slower is let go
END_SECONDS: Final = 10.0  # for the worker's turn to end
SHOWN: Final = 500  # decisions
STALE_SECONDS: Final = 1_800.0  # of a worker's turn: longer than the patience of any call it makes


class Receiver:
    """Serves one retrainer; a context manager, which serves from its start to its end.

    Args:
        retrainer: decides, and starts what is decided.
        credential: what a request must carry as ``Authorization: Bearer …``; read again for every request, so that a
            Secret may change.
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        pause_seconds: between two turns of the worker.
        on_message: gets what the worker could not do, and each decision.

    Raises:
        PolicyError: ``address_in_use``: it cannot listen there.
    """

    def __init__(
        self,
        retrainer: Retrainer,
        credential: Callable[[], str],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        pause_seconds: float = 15.0,
        on_message: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.retrainer, self._credential, self._on_message = retrainer, credential, on_message
        self._pause, self._stop, self._wake = pause_seconds, threading.Event(), threading.Event()
        self._turned, self._watchdog = time.monotonic(), 0.0
        self._counts: Counter[str] = Counter()
        self._server = _listening(host, port, _handler(self))
        self._threads = [
            threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="receiver"),
            # A call to Kubeflow may be patient for minutes; what it was about is on disk, and the next process goes on.
            threading.Thread(target=self._work, name="worker", daemon=True),
        ]

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Receiver:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._wake.set()
        self._server.shutdown()
        for thread in self._threads:
            thread.join(END_SECONDS)
        self._server.server_close()

    def admits(self, header: str) -> bool:
        """Whether a request's Authorization header carries the credential; without a credential nobody is admitted."""
        try:
            wanted = self._credential()
        except SevenfoldError as error:
            self._on_message(f"nobody is admitted: {error}")
            return False
        given = header.removeprefix("Bearer ").encode() if header.startswith("Bearer ") else b""
        return bool(wanted) and hmac.compare_digest(given, wanted.encode())

    def take(self, body: bytes) -> None:
        """Decide about a notification; every decision is on disk when this returns.

        Raises:
            DataError: ``bad_notification``.
            TemporaryError: ``journal_busy``; what was decided before stays, and is known again when it is repeated.
        """
        notification = read_notification(body, self.retrainer.journal.remember)
        if notification.watchdog:
            self._watchdog = time.time()
        for cause in notification.resolved:
            self.retrainer.resolve(cause)
        for cause in notification.firing:
            decision = self.retrainer.take(cause)
            outcome = f"{decision.action.value}:{decision.reason.value}" if decision else "suppress:not_ours"
            self.count(outcome)
            if decision is not None:
                self._on_message(f"{cause.name}: {outcome}: {decision.sentence}")
        self._wake.set()

    def count(self, outcome: str) -> None:
        """Count one outcome of a request."""
        self._counts[outcome] += 1

    def refuse(self, error: SevenfoldError) -> None:
        """Count and tell why a notification was not taken."""
        self.count(f"refuse:{error.code}")
        self._on_message(f"a notification is refused: {error}")

    def acknowledge(self, body: bytes) -> None:
        """Take a person's acknowledgement; it is on disk when this returns.

        Raises:
            DataError: ``bad_acknowledgement``.
            PolicyError: ``nothing_to_acknowledge``.
            TemporaryError: ``journal_busy``.
        """
        seen = read_acknowledgement(body)
        decision = self.retrainer.acknowledge(seen.name, who=seen.who, reason=seen.reason)
        self._on_message(f"{seen.name}: {decision.action.value}:{decision.reason.value}: {decision.sentence}")

    def healthy(self) -> bool:
        """Whether decisions can be kept, and the worker turns."""
        try:
            self.retrainer.journal.latest()
        except SevenfoldError:
            return False
        return time.monotonic() - self._turned < STALE_SECONDS

    def decisions(self) -> list[dict[str, Any]]:
        """Return the newest decisions, newest first."""
        entries = sorted(self.retrainer.journal.entries(), key=lambda entry: (-entry.last, -entry.number))
        return [asdict(entry) for entry in entries[:SHOWN]]

    def metrics(self) -> str:
        """Return the page of metrics."""
        return metrics_page(self._counts, self.retrainer.journal, self.retrainer.rules, self._watchdog)

    def _work(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                self.retrainer.tick()
                for fault in self.retrainer.work():
                    self._on_message(f"waits: {fault}")
                self._turned = time.monotonic()
            except Exception as error:  # whatever it is, what is decided must still be tried again
                self._on_message(f"waits: {error if isinstance(error, SevenfoldError) else repr(error)}")
            self._wake.wait(self._pause)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # else a client went away, which is its own business
            super().handle_error(request, client_address)


def _listening(host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> _Server:
    try:
        return _Server((host, port), handler)
    except OSError as error:
        raise PolicyError(
            "address_in_use",
            f"The receiver must be able to listen at {host}:{port}, but cannot: {error.strerror}.",
            remedy="Name another with --host and --port; --port 0 takes a free one.",
        ) from error


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version, sys_version = "sevenfold", ""
        timeout = REQUEST_SECONDS

        def setup(self) -> None:
            super().setup()
            self._reader = TimedReader(self.connection)
            self.rfile = io.BufferedReader(self._reader)

        def handle_one_request(self) -> None:
            self._reader.allow(REQUEST_SECONDS)
            super().handle_one_request()

        def do_POST(self) -> None:
            self.close_connection = True  # a refused body is not read
            taken = {"/alerts": self._take, "/acknowledgements": self._acknowledge}.get(self.path)
            if taken is None:
                self._answer(404)
            elif not receiver.admits(self.headers.get("authorization", "")):
                self._answer(401, headers={"www-authenticate": "Bearer"})
            elif (size := self._size()) is not None:
                body = self.rfile.read(size)
                if len(body) == size:  # else the client went away
                    taken(body)

        def do_GET(self) -> None:
            try:
                self._get()
            except SevenfoldError as error:  # the journal cannot be read
                self._answer(503, error.to_json(), "application/json")

        def _get(self) -> None:
            if self.path == "/healthz":
                self._answer(200 if receiver.healthy() else 503)
            elif self.path == "/metrics":
                self._answer(200, receiver.metrics(), "text/plain; version=0.0.4")
            elif self.path != "/decisions":
                self._answer(404)
            elif not receiver.admits(self.headers.get("authorization", "")):
                self._answer(401, headers={"www-authenticate": "Bearer"})
            else:
                self._answer(200, json.dumps(receiver.decisions()), "application/json")

        def _size(self) -> int | None:
            """Return the size of the body; None where it was refused."""
            given = self.headers.get("content-length", "")
            if not (given.isascii() and given.isdigit()):
                self._answer(411)
            elif len(given) > 9 or int(given) > MOST_BYTES:
                self._answer(413)
            else:
                return int(given)
            return None

        def _take(self, body: bytes) -> None:
            try:
                receiver.take(body)
            except SevenfoldError as error:
                receiver.refuse(error)
                # where the journal cannot keep it, Alertmanager sends it again
                self._answer(400 if isinstance(error, DataError) else 503, error.to_json(), "application/json")
            else:
                self._answer(204)

        def _acknowledge(self, body: bytes) -> None:
            try:
                receiver.acknowledge(body)
            except SevenfoldError as error:
                status = 400 if isinstance(error, DataError) else 409 if isinstance(error, PolicyError) else 503
                self._answer(status, error.to_json(), "application/json")
            else:
                self._answer(204)

        def _answer(
            self, status: int, text: str = "", kind: str = "text/plain", headers: dict[str, str] | None = None
        ) -> None:
            body = text.encode()
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
            if self.close_connection:
                self.send_header("connection", "close")
            self.end_headers()
            self.wfile.write(body if status != 204 else b"")

        def log_message(self, *_: object) -> None:
            pass  # an address and a status say nothing that the metrics do not

    return Handler
