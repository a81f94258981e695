"""CPU per request of our predictor against KServe's ModelServer: the same ONNX file, the same rows, equal predictions.

The peer is what a KServe user would write: a `kserve.Model` whose `predict` reads rows by name and runs the session.
Each pair sends the same requests to one server, then to the other, over eight kept connections, and compares the CPU
time that the server's process spent, from /proc. Run with ``python -m benchmarks.serving``.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np

NUMBERS, TEXTS, LEVELS = 14, 6, 40
PAIRS = 7
CONNECTIONS = 8
REQUESTS = {"V1 JSON, 1 row": 600, "V2 JSON, 100 rows": 150, "V2 binary, 100 rows": 150}
TARGETS = {"V1 JSON, 1 row": 4, "V2 JSON, 100 rows": 5, "V2 binary, 100 rows": 8}
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def make_bundle(folder: Path) -> Path:
    """Write a bundle of 14 numbers and 6 texts: impute, scale, embed, two layers, as training would make it."""
    import pyarrow as pa

    from sevenfold.contracts.bundle import BUNDLE_FILES, BundleInfo
    from sevenfold.contracts.canonical import write_json
    from sevenfold.contracts.manifest import seal
    from sevenfold.contracts.schema import Column, Kind, Schema, Task
    from sevenfold.contracts.signature import Signature
    from sevenfold.contracts.transform import CategoryFeature, NumberFeature, Target, Transform
    from sevenfold.drift.bins import build_reference, with_prediction
    from sevenfold.scoring.feeds import feeds_from_table
    from sevenfold.scoring.scorer import Scorer
    from sevenfold.training.export.graph import preprocessing_graph
    from sevenfold.training.export.join import join_graphs, model_bytes

    numbers, texts = [f"n{i}" for i in range(NUMBERS)], [f"t{i}" for i in range(TEXTS)]
    inputs = {name: Column(kind=Kind.NUMBER) for name in numbers} | {name: Column(kind=Kind.CATEGORY) for name in texts}
    levels = tuple(f"level-{i}" for i in range(LEVELS))
    transform = Transform(
        features=(
            *(NumberFeature(name=name, fill=0.5, center=0.5, scale=0.3, indicator=True) for name in numbers),
            *(CategoryFeature(name=name, levels=levels) for name in texts),
        ),
        target=Target(classes=("no", "yes")),
    )
    model = join_graphs(preprocessing_graph(transform, inputs), _network(transform), transform)
    folder.mkdir()
    (folder / "model.onnx").write_bytes(model_bytes(model))
    rng = np.random.default_rng(1)
    table = pa.table(
        {name: rng.random(5_000) for name in numbers} | {name: rng.choice(levels, 5_000) for name in texts}
    )
    signature = Signature(task=Task.BINARY, target="y", classes=("no", "yes"), inputs=inputs)
    schema = Schema(task=Task.BINARY, target="y", classes=("no", "yes"), columns=inputs)
    scored = Scorer(folder / "model.onnx", signature).predict(feeds_from_table(table, inputs))
    reference = with_prediction(build_reference(table, schema), signature, scored)
    info = BundleInfo(
        name="bench",
        framework="pytorch",
        package_version="0.1.0",
        signature=signature,
        settings={},
        metrics={},
        digests={},
    )
    write_json(folder / "reference.json", reference.model_dump(mode="json"))
    write_json(folder / "bundle.json", info.model_dump(mode="json"))
    write_json(folder / "example_request.json", {"instances": []})
    seal(folder, expected=list(BUNDLE_FILES))
    return folder


def _network(transform: Any) -> Any:
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    width, hidden, size = len(transform.numeric_names), 64, 8
    nodes, constants, parts = [], [], ["numeric"]

    def constant(name: str, array: Any) -> str:
        constants.append(numpy_helper.from_array(array, name))
        return name

    for place, cardinality in enumerate(transform.cardinalities):
        table = constant(f"table{place}", rng.normal(size=(cardinality, size)).astype(np.float32))
        index = constant(f"place{place}", np.array(place, dtype=np.int64))
        nodes.append(helper.make_node("Gather", ["categorical", index], [f"code{place}"], axis=1))
        nodes.append(helper.make_node("Gather", [table, f"code{place}"], [f"vector{place}"]))
        parts.append(f"vector{place}")
    nodes.append(helper.make_node("Concat", parts, ["all"], axis=1))
    total = width + size * len(transform.cardinalities)
    first = constant("w1", (rng.normal(size=(total, hidden)) / 8).astype(np.float32))
    second = constant("w2", (rng.normal(size=(hidden, 2)) / 8).astype(np.float32))
    nodes.append(helper.make_node("MatMul", ["all", first], ["h"]))
    nodes.append(helper.make_node("Relu", ["h"], ["r"]))
    nodes.append(helper.make_node("MatMul", ["r", second], ["logits"]))
    graph = helper.make_graph(
        nodes,
        "mlp",
        [
            helper.make_tensor_value_info("numeric", TensorProto.FLOAT, ["rows", width]),
            helper.make_tensor_value_info("categorical", TensorProto.INT64, ["rows", len(transform.cardinalities)]),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["rows", 2])],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def serve_peer(model: str, port: int) -> None:
    """Run KServe's ModelServer with the ONNX file (the peer; runs in a process of its own)."""
    import kserve
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options)
    kinds = {put.name: object if put.type == "tensor(string)" else np.float64 for put in session.get_inputs()}

    class Peer(kserve.Model):  # type: ignore[misc]
        def load(self) -> bool:
            self.ready = True
            return True

        def predict(self, payload: Any, headers: Any = None, response_headers: Any = None) -> Any:
            if isinstance(payload, dict):
                rows = payload["instances"]
                feeds = {name: np.array([row[name] for row in rows], dtype=kind) for name, kind in kinds.items()}
                labels, probabilities = session.run(None, feeds)
                return {
                    "predictions": [
                        {"label": label, "probabilities": dict(zip(("no", "yes"), row, strict=True))}
                        for label, row in zip(labels.tolist(), probabilities.tolist(), strict=True)
                    ]
                }
            feeds = {}
            for put in payload.inputs:
                array = put.as_numpy()
                if kinds[put.name] is object and array.size and isinstance(array[0], bytes):
                    array = np.array([text.decode() for text in array], dtype=object)
                feeds[put.name] = array
            labels, probabilities = session.run(None, feeds)
            binary = bool((payload.parameters or {}).get("binary_data_output"))
            outputs = []
            for name, array, kind in (("label", labels, "BYTES"), ("probabilities", probabilities, "FP32")):
                output = kserve.InferOutput(name, list(array.shape), kind)
                output.set_data_from_numpy(array, binary_data=binary)
                outputs.append(output)
            return kserve.InferResponse(payload.id or "", self.name, outputs)

    peer = Peer("bench")
    peer.load()
    kserve.ModelServer(http_port=port, enable_grpc=False, workers=1, max_threads=1).start([peer])


def requests() -> dict[str, tuple[str, bytes, dict[str, str]]]:
    """Return address, body and headers of each kind of request."""
    from sevenfold.scoring.tensors import HEADER_LENGTH, encode_tensors

    rng = np.random.default_rng(2)
    feeds: dict[str, Any] = {f"n{i}": rng.random(100) for i in range(NUMBERS)}
    feeds |= {
        f"t{i}": np.array([f"level-{n}" for n in rng.integers(0, LEVELS, 100)], dtype=object) for i in range(TEXTS)
    }
    row = {name: values[0] for name, values in feeds.items()}
    kind = {"content-type": "application/json"}
    text, _ = encode_tensors(feeds, key="inputs", head={}, binary=False)
    raw, length = encode_tensors(feeds, key="inputs", head={"parameters": {"binary_data_output": True}}, binary=True)
    return {
        "V1 JSON, 1 row": ("/v1/models/bench:predict", json.dumps({"instances": [row]}).encode(), kind),
        "V2 JSON, 100 rows": ("/v2/models/bench/infer", text, kind),
        "V2 binary, 100 rows": (
            "/v2/models/bench/infer",
            raw,
            {"content-type": "application/octet-stream", HEADER_LENGTH: str(length)},
        ),
    }


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


def main() -> None:
    """Print one line per kind of request: ours / peer = ratio, and what is to be reached."""
    if len(sys.argv) == 4 and sys.argv[1] == "peer":
        serve_peer(sys.argv[2], int(sys.argv[3]))
        return
    with tempfile.TemporaryDirectory() as folder:
        bundle = make_bundle(Path(folder) / "bundle")
        ports = {"ours": free_port(), "peer": free_port()}
        commands = {
            "ours": ["-m", "sevenfold.serving", "--bundle", str(bundle), "--port", str(ports["ours"])],
            "peer": ["-m", "benchmarks.serving", "peer", str(bundle / "model.onnx"), str(ports["peer"])],
        }
        servers = {}
        try:
            for who, command in commands.items():
                servers[who] = subprocess.Popen(
                    [sys.executable, *command],
                    env={**os.environ, **THREADS},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            for who, server in servers.items():
                wait_for(ports[who], server)
            report(ports, {who: server.pid for who, server in servers.items()})
        finally:
            for server in servers.values():
                server.terminate()
                server.wait(timeout=20)


def report(ports: dict[str, int], pids: dict[str, int], say: Callable[[str], None] = print) -> None:
    """Measure the pairs and print the ratios."""
    for name, request in requests().items():
        answers = {who: answer_of(port, *request) for who, port in ports.items()}
        np.testing.assert_allclose(answers["ours"], answers["peer"], atol=1e-6)
        for who, port in ports.items():
            per_request(port, pids[who], request, REQUESTS[name] // 3)
        pairs = [
            {who: per_request(port, pids[who], request, REQUESTS[name]) for who, port in ports.items()}
            for _ in range(PAIRS)
        ]
        ratios = [pair["peer"] / pair["ours"] for pair in pairs]
        ours, peer = (statistics.median(pair[who] for pair in pairs) for who in ("ours", "peer"))
        say(
            f"{name}: ours {ours:.0f} µs / peer {peer:.0f} µs, peer/ours = {statistics.median(ratios):.1f} "
            f"({min(ratios):.1f}–{max(ratios):.1f}); to reach {TARGETS[name]}"
        )


if __name__ == "__main__":
    main()
