"""A small regression bundle, rows for it that drift from a known month on, and a predictor that serves it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sealed_folders import info_of, linear_model, running_predictor, write_bundle, write_dataset

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.schema import Column, Kind, Role, Schema, Task
from sevenfold.contracts.signature import Signature
from sevenfold.contracts.transform import CategoryFeature, NumberFeature, Target, Transform

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
    info = info_of(
        Signature(task=Task.REGRESSION, target="delay", inputs=INPUTS),
        "wind",
        metrics={"rmse": 1.0},
        digests={"data": "sha256:d"},
    )
    width = len(transform.numeric_names)
    model = linear_model(transform, INPUTS, np.linspace(0.2, 1.0, width, dtype=np.float32).reshape(width, 1))
    examples = [{"wind": 3.5, "gust": None, "carrier": "UA"}]
    bundle = write_bundle(folder / "bundle", info, model, train, schema, examples)
    later = [
        make_table(1_500, 10, month=9),
        make_table(1_500, 11, month=10, wind=1.0),
        make_table(1_500, 12, month=11, wind=1.0, carrier=0.15),
        make_table(60, 13, month=12),
    ]
    splits = {
        "train": train,
        "validation": make_table(500, 2),
        "test": make_table(1_000, 3),
        "later": pa.concat_tables(later),
    }
    return Sample(write_dataset(folder / "dataset", splits, train.slice(0, 1), schema, transform, bundle), bundle)


@pytest.fixture(scope="session")
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
    options = ("--name", "wind", "--max-batch", "300")
    with running_predictor(sample.bundle.folder, folder, *options) as (_, port, _log):
        yield f"http://127.0.0.1:{port}"
