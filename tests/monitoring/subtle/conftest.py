"""A binary model that is three times too sure of itself, and blind to how features go together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
from sealed_folders import info_of, linear_model, write_bundle, write_dataset

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.schema import Column, Kind, Role, Schema, Task
from sevenfold.contracts.signature import Signature
from sevenfold.contracts.transform import NumberFeature, Target, Transform

INPUTS = {name: Column(kind=Kind.NUMBER) for name in ("wind", "gust", "rain")}
CLASSES = ("late", "on time")
TRUE_WEIGHT, SURE = 0.8, 3.0


def make_rows(rows: int, seed: int, *, together: float = 0.0, spread: float = 1) -> pa.Table:
    """Return standard normal rows; `together` correlates wind and gust, `spread` is the deviation of wind."""
    rng = np.random.default_rng(seed)
    wind, gust, rain = rng.normal(size=(3, rows))
    gust = together * wind + np.sqrt(1 - together**2) * gust
    wind = wind * spread
    late = rng.random(rows) < 1 / (1 + np.exp(TRUE_WEIGHT * wind))
    return pa.table({"wind": wind, "gust": gust, "rain": rain, "y": np.where(late, *CLASSES)})


@dataclass(frozen=True)
class Binary:
    dataset: Dataset
    bundle: Bundle


@pytest.fixture(scope="session")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Binary:
    folder = tmp_path_factory.mktemp("binary")
    columns = {**INPUTS, "y": Column(kind=Kind.CATEGORY, role=Role.TARGET)}
    schema = Schema(task=Task.BINARY, target="y", classes=CLASSES, columns=columns)
    transform = Transform(
        features=tuple(NumberFeature(name=name, center=0, scale=1) for name in INPUTS), target=Target(classes=CLASSES)
    )
    weights = np.zeros((len(transform.numeric_names), 2), dtype=np.float32)
    weights[0, 1] = SURE * TRUE_WEIGHT
    signature = Signature(task=Task.BINARY, target="y", classes=CLASSES, inputs=INPUTS)
    info = info_of(signature, "wind")
    train = make_rows(4_000, 1)
    model = linear_model(transform, INPUTS, weights)
    bundle = write_bundle(folder / "bundle", info, model, train, schema, [dict.fromkeys(INPUTS, 0.0)])
    splits = {"train": train, "validation": make_rows(2_000, 2), "test": make_rows(2_000, 3)}
    return Binary(write_dataset(folder / "dataset", splits, train.slice(0, 1), schema, transform, bundle), bundle)


@pytest.fixture
def rows():
    return make_rows
