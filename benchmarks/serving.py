"""CPU per request of our predictor against KServe's ModelServer: the same ONNX file, the same rows, equal predictions.

The peer is what a KServe user would write: a `kserve.Model` whose `predict` reads rows by name and runs the session.
Each pair sends the same requests to one server, then to the other, over eight kept connections, and compares the CPU
time that the server's process spent, from /proc. Run with ``python -m benchmarks.serving``.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

import numpy as np

from benchmarks.pairs import compare
from benchmarks.rows import Row, parser, report
from benchmarks.serving_samples import make_bundle, requests

PAIRS = 7
CONNECTIONS = 8
COUNTS = {"V1 JSON, 1 row": 600, "V2 JSON, 100 rows": 150, "V2 binary, 100 rows": 150}
QUICK_COUNT = 16
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def answer_of(port: int, path: str, body: bytes, headers: dict[str, str]) -> list[float]:
    """Return the probabilities that one request gets, flat."""
    from sevenfold.scoring.tensors import HEADER_LENGTH, decode_tensors

    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    received = answer.read()
    assert answer.status == 200, received[:500]
    if path.endswith("predict"):
        return [p for one in json.loads(received)["predictions"] for p in one["probabilities"].values()]
    cut = int(answer.getheader(HEADER_LENGTH) or len(received))
    outputs = decode_tensors(json.loads(received[:cut])["outputs"], received[cut:])
    return list(outputs["probabilities"].astype(float).ravel().tolist())


def cpu_seconds(pid: int) -> float:
    """Return the CPU time a process has spent, nanosecond clock of the scheduler where there is one."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def per_request(port: int, pid: int, request: tuple[str, bytes, dict[str, str]], count: int) -> float:
    """Return the server's CPU microseconds per request, with a request on every connection at all times."""
    path, body, headers = request
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    whole = f"POST {path} HTTP/1.1\r\nhost: bench\r\n{head}content-length: {len(body)}\r\n\r\n".encode() + body
    clients = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(CONNECTIONS)]
    before = cpu_seconds(pid)
    for client in clients:
        client.sendall(whole)
    for number in range(count):
        client = clients[number % CONNECTIONS]
        receive(client)
        if number + CONNECTIONS < count:
            client.sendall(whole)
    spent = cpu_seconds(pid) - before
    for client in clients:
        client.close()
    return spent / count * 1e6


def receive(client: socket.socket) -> None:
    """Read one answer to its end and require that it is a good one."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += client.recv(1 << 16)
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), answer[:500]
    left = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]) - len(rest)
    while left > 0:
        left -= len(client.recv(1 << 16))


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server is ready."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended"
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/v2/models/bench/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise TimeoutError("the server is not ready")


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def servers() -> Iterator[tuple[dict[str, int], dict[str, int]]]:
    """Start both servers with the same model; yield the port and the process id of each."""
    ports = {"ours": free_port(), "peer": free_port()}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        bundle = make_bundle(Path(folder) / "bundle")
        commands = {
            "ours": ["-m", "sevenfold.serving", "--bundle", str(bundle), "--port", str(ports["ours"])],
            "peer": ["-m", "benchmarks.serving_peer", str(bundle / "model.onnx"), str(ports["peer"])],
        }
        processes = {side: stack.enter_context(_running(command)) for side, command in commands.items()}
        for side, process in processes.items():
            wait_for(ports[side], process)
        yield ports, {side: process.pid for side, process in processes.items()}


@contextlib.contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    quiet = subprocess.DEVNULL
    environment = {**os.environ, **THREADS}
    with subprocess.Popen(
        [sys.executable, *command], env=environment, stdin=quiet, stdout=quiet, stderr=quiet
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def measure(pairs: int, *, quick: bool) -> Iterator[Row]:
    """Compare the servers on each kind of request, after a third as many requests that are not counted."""
    with servers() as (ports, pids):
        for name, request in requests().items():
            answers = {side: answer_of(port, *request) for side, port in ports.items()}
            np.testing.assert_allclose(answers["ours"], answers["peer"], atol=1e-6)
            count = QUICK_COUNT if quick else COUNTS[name]
            sides = {side: partial(per_request, port, pids[side], request) for side, port in ports.items()}
            for side in sides.values():
                side(max(count // 3, CONNECTIONS))
            yield compare(name, *(partial(side, count) for side in sides.values()), pairs=pairs, quick=quick)


if __name__ == "__main__":
    options = parser("serving", __doc__, pairs=PAIRS).parse_args()
    report(measure(options.pairs, quick=options.quick), options.rows)
