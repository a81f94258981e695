"""Bundles and datasets written by hand, and the predictor that serves one: for rooms that do not train."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sevenfold.contracts.bundle import BUNDLE_FILES, Bundle, BundleInfo
from sevenfold.contracts.canonical import write_json
from sevenfold.contracts.dataset import DATASET_FILES, Dataset
from sevenfold.contracts.manifest import seal
from sevenfold.contracts.schema import Schema
from sevenfold.contracts.signature import Signature
from sevenfold.contracts.transform import Transform
from sevenfold.drift.bins import build_reference, with_prediction
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Scorer
from sevenfold.training.export.graph import preprocessing_graph
from sevenfold.training.export.join import join_graphs, model_bytes


def linear_model(transform: Transform, inputs: Mapping[str, Any], weights: np.ndarray) -> bytes:
    """Return a model from raw columns: the transform, then its numbers times `weights`, a float32 column per output."""
    from onnx import TensorProto, helper, numpy_helper

    width, outputs = weights.shape
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["numeric", "weights"], ["out"])],
        "linear",
        [helper.make_tensor_value_info("numeric", TensorProto.FLOAT, ["rows", width])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["rows", outputs])],
        [numpy_helper.from_array(weights, "weights")],
    )
    network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return model_bytes(join_graphs(preprocessing_graph(transform, inputs), network, transform))


def info_of(signature: Signature, name: str, **more: Any) -> BundleInfo:
    """What a bundle says of itself that was trained on nothing; `more` are further fields, such as its `metrics`."""
    said: dict[str, Any] = {"settings": {}, "metrics": {}, "digests": {}, **more}
    return BundleInfo(name=name, framework="pytorch", package_version="0.1.0", signature=signature, **said)


def write_bundle(
    folder: Path, info: BundleInfo, model: bytes, table: pa.Table, schema: Schema, examples: Sequence[Mapping[str, Any]]
) -> Bundle:
    """Write and seal a bundle whose reference counts the rows of `table` and what the model predicts for them."""
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model)
    scorer = Scorer(folder / "model.onnx", info.signature)
    prediction = scorer.predict(feeds_from_table(table, info.signature.inputs))
    reference = with_prediction(build_reference(table, schema), info.signature, prediction)
    write_json(folder / "reference.json", reference.model_dump(mode="json"))
    write_json(folder / "bundle.json", info.model_dump(mode="json"))
    write_json(folder / "example_request.json", {"instances": list(examples)})
    seal(folder, expected=BUNDLE_FILES)
    return Bundle.open(folder)


def write_dataset(
    folder: Path,
    splits: Mapping[str, pa.Table],
    quarantine: pa.Table,
    schema: Schema,
    transform: Transform,
    bundle: Bundle,
) -> Dataset:
    """Write and seal a dataset with the reference of `bundle`."""
    folder.mkdir()
    for name, part in splits.items():
        pq.write_table(part, folder / f"{name}.parquet")
    pq.write_table(quarantine, folder / "quarantine.parquet")
    write_json(folder / "schema.json", schema.model_dump(mode="json"))
    write_json(folder / "transform.json", transform.model_dump(mode="json"))
    write_json(folder / "reference.json", bundle.reference().model_dump(mode="json"))
    seal(folder, expected=DATASET_FILES, rows={f"{name}.parquet": part.num_rows for name, part in splits.items()})
    return Dataset.open(folder)


@contextlib.contextmanager
def running_predictor(bundle: Path, folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
    """Start a predictor on a free port in a process of its own; yield the process, its port and its log."""
    folder.mkdir(exist_ok=True, parents=True)
    port_file, log = folder / "port.json", folder / "server.log"
    command = [sys.executable, "-P", "-m", "sevenfold.serving", "--bundle", str(bundle), "--port", "0"]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*command, "--port-file", str(port_file), *options], stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
        )
    try:
        deadline = time.monotonic() + 30
        while not port_file.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        yield process, json.loads(port_file.read_text())["port"], log
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
