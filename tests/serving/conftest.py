"""Small bundles with random weights, and predictors that serve them."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sealed_folders import info_of, linear_model, running_predictor, write_bundle, write_dataset

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.evaluation import Evaluation
from sevenfold.contracts.schema import Column, Kind, Role, Schema, Task
from sevenfold.contracts.signature import Signature
from sevenfold.contracts.transform import CategoryFeature, DatetimeFeature, NumberFeature, Target, Transform
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Scorer

ROWS = 400
COLUMNS = {
    "distance": Column(kind=Kind.NUMBER, nullable=False),
    "air_time": Column(kind=Kind.NUMBER),
    "seats": Column(kind=Kind.INTEGER),
    "international": Column(kind=Kind.BOOLEAN),
    "carrier": Column(kind=Kind.CATEGORY),
    "tail": Column(kind=Kind.CATEGORY, sensitive=True),
    "departure": Column(kind=Kind.DATETIME),
}
CLASSES = {Task.BINARY: ("no", "yes"), Task.MULTICLASS: ("early", "on time", "late"), Task.REGRESSION: ()}
GOOD_ROW = {
    "distance": 700.0,
    "air_time": 100.5,
    "seats": 180,
    "international": False,
    "carrier": "AA",
    "tail": "N1",
    "departure": "2013-05-01T10:15:00",
}


@dataclass(frozen=True)
class Sample:
    """A dataset, a bundle made for it, and the evaluation that testing would have written."""

    dataset: Dataset
    bundle: Bundle
    evaluation: Path


def make_table(task: Task, rows: int, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    hole = rng.random(rows) < 0.1
    target = rng.choice(CLASSES[task], rows) if CLASSES[task] else rng.normal(10, 3, rows)
    return pa.table(
        {
            "distance": rng.uniform(100, 3000, rows),
            "air_time": pa.array(rng.normal(150, 40, rows), mask=hole),
            "seats": pa.array(rng.integers(50, 400, rows), mask=np.roll(hole, 1)),
            "international": pa.array(rng.random(rows) < 0.3, mask=np.roll(hole, 2)),
            "carrier": pa.array(rng.choice(["AA", "UA", "DL", "ü"], rows), mask=np.roll(hole, 3)),
            "tail": pa.array([f"N{n}" for n in rng.integers(0, 9, rows)]),
            "departure": pa.array(
                rng.integers(1_357_000_000, 1_388_000_000, rows) * 1_000_000,
                mask=np.roll(hole, 4),
                type=pa.timestamp("us", tz="UTC"),
            ),
            "delay": target,
        }
    )


def make_transform(task: Task) -> Transform:
    return Transform(
        features=(
            NumberFeature(name="distance", center=1500, scale=800),
            NumberFeature(name="air_time", fill=150, center=150, scale=40, indicator=True),
            NumberFeature(name="seats", kind=Kind.INTEGER, fill=200, center=200, scale=100),
            NumberFeature(name="international", kind=Kind.BOOLEAN, fill=0, clip=None),
            CategoryFeature(name="carrier", encoding="onehot", levels=("AA", "UA", "DL", "ü")),
            CategoryFeature(name="tail", encoding="onehot", levels=tuple(f"N{n}" for n in range(9))),
            DatetimeFeature(name="departure"),
        ),
        target=Target(classes=CLASSES[task]) if CLASSES[task] else Target(mean=10, scale=3),
    )


def make_sample(
    folder: Path,
    task: Task = Task.BINARY,
    *,
    seed: int = 0,
    rows: int = ROWS,
    scores: Mapping[str, float] = MappingProxyType({"roc_auc": 0.75}),
) -> Sample:
    table = make_table(task, rows, seed)
    target = Column(kind=Kind.NUMBER if task is Task.REGRESSION else Kind.CATEGORY, role=Role.TARGET)
    schema = Schema(task=task, target="delay", classes=CLASSES[task], columns={**COLUMNS, "delay": target})
    signature = Signature(task=task, target="delay", classes=CLASSES[task], inputs=COLUMNS)
    transform = make_transform(task)
    weights = np.random.default_rng(seed).normal(0, 0.5, (len(transform.numeric_names), max(len(CLASSES[task]), 1)))
    info = info_of(
        signature,
        "flights",
        metrics=dict(scores),
        digests={"data": "sha256:d", "dataset": "sha256:s", "plan": "sha256:p"},
    )
    model = linear_model(transform, COLUMNS, weights.astype(np.float32))
    examples = [GOOD_ROW, {**GOOD_ROW, "air_time": None}]
    bundle = write_bundle(folder / "bundle", info, model, table, schema, examples)
    splits = {"train": table, "validation": table[:100], "test": table[100:]}
    dataset = write_dataset(folder / "dataset", splits, table[:0], schema, transform, bundle)
    return Sample(dataset, bundle, write_evaluation(folder / "evaluation", dataset, bundle))


def write_evaluation(folder: Path, dataset: Dataset, bundle: Bundle) -> Path:
    folder.mkdir()
    test = dataset.table("test")
    prediction = Scorer(bundle.model_path, bundle.signature).predict(feeds_from_table(test, bundle.signature.inputs))
    if prediction.values is not None:
        columns = {"value": prediction.values}
    else:
        columns = {f"p{index}": column for index, column in enumerate(prediction.probabilities.T)}
    pq.write_table(pa.table(columns), folder / "predictions.parquet")
    task = bundle.signature.task
    Evaluation(
        name="flights",
        task=task,
        metric="rmse" if task is Task.REGRESSION else "log_loss",
        decision="promote",
        digests={"bundle": bundle.digest, "dataset": dataset.digest},
        rows={"test": test.num_rows},
        scores={"rmse" if task is Task.REGRESSION else "log_loss": 0.5},
    ).save(folder, rows=test.num_rows)
    return folder


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return make_sample(tmp_path_factory.mktemp("binary"))


@pytest.fixture(scope="session")
def samples(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> dict[Task, Sample]:
    others = (Task.MULTICLASS, Task.REGRESSION)
    return {Task.BINARY: sample} | {task: make_sample(tmp_path_factory.mktemp(task), task) for task in others}


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Sample]:
    """Make one more sample, in a folder of this test."""
    return lambda name="own", **options: make_sample(tmp_path / name, **options)


@dataclass
class Server:
    """A predictor in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            sent = json.dumps(body).encode() if isinstance(body, dict | list) else body
            connection.request(method, path, body=sent, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def predict(self, body: Any, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        status, _, answer = self.request("POST", "/v1/models/flights:predict", body, headers)
        return status, json.loads(answer)


@contextlib.contextmanager
def started(bundle: Path, folder: Path, *options: str) -> Iterator[Server]:
    with running_predictor(bundle, folder, *options) as (process, port, log):
        yield Server(process, port, log)


@pytest.fixture(scope="session")
def start() -> Callable[..., contextlib.AbstractContextManager[Server]]:
    """Start a predictor for a bundle; a context manager."""
    return started


@pytest.fixture(scope="session")
def server(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One predictor for all tests that do not ask for special limits."""
    with started(sample.bundle.folder, tmp_path_factory.mktemp("server"), "--body-seconds", "1") as running:
        yield running


@pytest.fixture(scope="session")
def good_row() -> dict[str, Any]:
    return dict(GOOD_ROW)


@pytest.fixture(scope="session")
def make_sample_at() -> Callable[..., Sample]:
    """Make a sample in a folder, with weights of a seed."""
    return make_sample
