"""A small regression bundle, rows for it that drift from a known month on, and a predictor that serves it."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sevenfold.contracts.bundle import BUNDLE_FILES, Bundle, BundleInfo
from sevenfold.contracts.canonical import write_json
from sevenfold.contracts.dataset import DATASET_FILES, Dataset
from sevenfold.contracts.manifest import seal
from sevenfold.contracts.schema import Column, Kind, Role, Schema, Task
from sevenfold.contracts.signature import Signature
from sevenfold.contracts.transform import CategoryFeature, NumberFeature, Target, Transform
from sevenfold.drift.bins import build_reference, with_prediction
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Scorer
from sevenfold.training.export.graph import preprocessing_graph
from sevenfold.training.export.join import join_graphs, model_bytes

INPUTS = {
    "wind": Column(kind=Kind.NUMBER),
    "gust": Column(kind=Kind.NUMBER),
    "carrier": Column(kind=Kind.CATEGORY),
}
CARRIERS = ["UA", "B6", "DL"]


def make_table(rows: int, seed: int, *, month: int = 1, wind: float = 0.0, carrier: float = 0.0) -> pa.Table:
    """Return rows of one month of 2013; `wind` shifts its mean in standard deviations, `carrier` adds to UA's share."""
    rng = np.random.default_rng(seed)
    share = np.array([0.5 + carrier, 0.3 - carrier, 0.2])
    start = np.datetime64(f"2013-{month:02d}-01").astype("datetime64[us]")
    when = start + rng.integers(0, 27 * 86_400, rows) * np.timedelta64(1, "s").astype("timedelta64[us]")
    return pa.table(
        {
            "wind": rng.normal(10 + 4 * wind, 4, rows),
            "gust": pa.array(rng.normal(20, 5, rows), mask=rng.random(rows) < 0.1),
            "carrier": rng.choice(CARRIERS, rows, p=share),
            "when": pa.array(when, type=pa.timestamp("us", tz="UTC")),
            "delay": rng.normal(0, 1, rows),
        }
    )


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if shutil.which("promtool") is None:
        terminalreporter.write_line(
            "monitoring: promtool is not installed, so Prometheus did not run the rules (apt-get install prometheus)"
        )


@dataclass(frozen=True)
class Sample:
    dataset: Dataset
    bundle: Bundle


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("sample")
    train = make_table(8_000, 1)
    columns = {**INPUTS, "when": Column(kind=Kind.DATETIME, role=Role.TIME)}
    schema = Schema(
        task=Task.REGRESSION,
        target="delay",
        columns={**columns, "delay": Column(kind=Kind.NUMBER, role=Role.TARGET)},
    )
    transform = Transform(
        features=(
            NumberFeature(name="wind", center=10, scale=4),
            NumberFeature(name="gust", fill=20, center=20, scale=5),
            CategoryFeature(name="carrier", encoding="onehot", levels=tuple(CARRIERS)),
        ),
        target=Target(mean=10, scale=3),
    )
    bundle = write_bundle(folder / "bundle", transform, train, schema)
    later = [
        make_table(1_500, 10, month=9),
        make_table(1_500, 11, month=10, wind=1.0),
        make_table(1_500, 12, month=11, wind=1.0, carrier=0.15),
        make_table(60, 13, month=12),
    ]
    return Sample(write_dataset(folder / "dataset", train, later, schema, transform, bundle), bundle)


def write_bundle(folder: Path, transform: Transform, train: pa.Table, schema: Schema) -> Bundle:
    folder.mkdir()
    signature = Signature(task=Task.REGRESSION, target="delay", inputs=INPUTS)
    network = linear_network(len(transform.numeric_names))
    model = model_bytes(join_graphs(preprocessing_graph(transform, INPUTS), network, transform))
    (folder / "model.onnx").write_bytes(model)
    predicted = Scorer(folder / "model.onnx", signature).predict(feeds_from_table(train, INPUTS))
    reference = with_prediction(build_reference(train, schema), signature, predicted)
    write_json(folder / "reference.json", reference.model_dump(mode="json"))
    info = BundleInfo(
        name="wind",
        framework="pytorch",
        package_version="0.1.0",
        signature=signature,
        settings={},
        metrics={"rmse": 1.0},
        digests={"data": "sha256:d"},
    )
    write_json(folder / "bundle.json", info.model_dump(mode="json"))
    write_json(folder / "example_request.json", {"instances": [{"wind": 3.5, "gust": None, "carrier": "UA"}]})
    seal(folder, expected=BUNDLE_FILES)
    return Bundle.open(folder)


def linear_network(width: int) -> Any:
    from onnx import TensorProto, helper, numpy_helper

    weights = np.linspace(0.2, 1.0, width, dtype=np.float32).reshape(width, 1)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["numeric", "weights"], ["out"])],
        "linear",
        [helper.make_tensor_value_info("numeric", TensorProto.FLOAT, ["rows", width])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["rows", 1])],
        [numpy_helper.from_array(weights, "weights")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def write_dataset(
    folder: Path, train: pa.Table, later: list[pa.Table], schema: Schema, transform: Transform, bundle: Bundle
) -> Dataset:
    folder.mkdir()
    splits = {
        "train": train,
        "validation": make_table(500, 2),
        "test": make_table(1_000, 3),
        "later": pa.concat_tables(later),
    }
    for name, part in splits.items():
        pq.write_table(part, folder / f"{name}.parquet")
    pq.write_table(train.slice(0, 1), folder / "quarantine.parquet")
    write_json(folder / "schema.json", schema.model_dump(mode="json"))
    write_json(folder / "transform.json", transform.model_dump(mode="json"))
    write_json(folder / "reference.json", bundle.reference().model_dump(mode="json"))
    seal(folder, expected=DATASET_FILES, rows={f"{name}.parquet": part.num_rows for name, part in splits.items()})
    return Dataset.open(folder)


@pytest.fixture
def table() -> Any:
    return make_table


@pytest.fixture(scope="session")
def predictor(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a predictor that all tests share: what one of them sent is what its counters rose by meanwhile."""
    with started(sample, tmp_path_factory.mktemp("predictor")) as url:
        yield url


@pytest.fixture
def fresh_predictor(sample: Sample, tmp_path: Path) -> Iterator[str]:
    """The address of a predictor that has counted nothing yet."""
    with started(sample, tmp_path) as url:
        yield url


@contextlib.contextmanager
def started(sample: Sample, folder: Path) -> Iterator[str]:
    """Serve the bundle, at most 300 rows a request, until the block ends; yield the address."""
    port_file, log = folder / "port.json", folder / "server.log"
    command = [sys.executable, "-P", "-m", "sevenfold.serving", "--bundle", str(sample.bundle.folder), "--port", "0"]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*command, "--name", "wind", "--max-batch", "300", "--port-file", str(port_file)],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        )
    try:
        deadline = time.monotonic() + 30
        while not port_file.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        yield f"http://127.0.0.1:{json.loads(port_file.read_text())['port']}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
