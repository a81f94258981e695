"""What the serving benchmark serves and asks: a bundle with weights drawn at random, and one request of each kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["make_bundle", "requests"]

NUMBERS, TEXTS, LEVELS = 14, 6, 40


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

    for number, cardinality in enumerate(transform.cardinalities):
        table = constant(f"table{number}", rng.normal(size=(cardinality, size)).astype(np.float32))
        index = constant(f"number{number}", np.array(number, dtype=np.int64))
        nodes.append(helper.make_node("Gather", ["categorical", index], [f"code{number}"], axis=1))
        nodes.append(helper.make_node("Gather", [table, f"code{number}"], [f"vector{number}"]))
        parts.append(f"vector{number}")
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
