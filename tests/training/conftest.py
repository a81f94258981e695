from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.schema import Column, Kind, Role, Task
from sevenfold.plan.data import DataSection
from sevenfold.plan.preparation import PreparationSection
from sevenfold.plan.training import ModelChoice, TrainingSection
from sevenfold.preparation.prepare import prepare
from sevenfold.training.data import TrainingData
from sevenfold.training.pytorch.tensors import Tensors, load_tensors

MAIL = "someone@example.org"


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def made(folder: Path, table: Path, task: Task, columns: dict[str, Column]) -> Dataset:
    section = DataSection(source=str(table), target="target", task=task, columns=columns)
    prepare(table, section, PreparationSection(), folder / "dataset", max_features=50)
    return Dataset.open(folder / "dataset")


def bundled(name: str) -> Path:
    """A table that scikit-learn carries, located without importing it."""
    spec = find_spec("sklearn")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "datasets" / "data" / name


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A binary table with every kind of column, missing values and a sensitive column."""
    folder = tmp_path_factory.mktemp("mixed")
    random = np.random.default_rng(5)
    rows = []
    for index in range(600):
        x, small = random.normal(), int(random.integers(0, 5))
        color = str(random.choice(["red", "green", "blue"]))
        late = x + (color == "red") + 0.3 * small + 0.5 * random.normal() > 1
        when = f"2024-03-{1 + index % 28:02d}T{index % 24:02d}:30:00Z"
        rows.append(
            [
                "" if index % 11 == 0 else f"{x:.4f}",
                small,
                random.choice(["true", "false"]),
                "" if index % 13 == 0 else color,
                when,
                MAIL if index % 2 else "other@example.org",
                "yes" if late else "no",
            ]
        )
    header = ["x", "small", "flag", "color", "when", "mail", "target"]
    columns = {
        "x": Column(kind=Kind.NUMBER),
        "small": Column(kind=Kind.INTEGER, nullable=False),
        "flag": Column(kind=Kind.BOOLEAN),
        "color": Column(kind=Kind.CATEGORY),
        "when": Column(kind=Kind.DATETIME),
        "mail": Column(kind=Kind.CATEGORY, sensitive=True, nullable=False),
        "target": Column(kind=Kind.CATEGORY, role=Role.TARGET),
    }
    return made(folder, write_csv(folder / "mixed.csv", header, rows), Task.BINARY, columns)


@pytest.fixture(scope="session")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """150 rows, three classes, numbers alone."""
    folder = tmp_path_factory.mktemp("iris")
    with bundled("iris.csv").open() as stream:
        rows = list(csv.reader(stream))[1:]
    names = ["setosa", "versicolor", "virginica"]
    table = write_csv(folder / "iris.csv", ["a", "b", "c", "d", "target"], [[*r[:4], names[int(r[4])]] for r in rows])
    columns = {name: Column(kind=Kind.NUMBER) for name in "abcd"}
    columns["target"] = Column(kind=Kind.CATEGORY, role=Role.TARGET)
    return made(folder, table, Task.MULTICLASS, columns)


@pytest.fixture(scope="session")
def diabetes(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """442 rows, a value to predict."""
    folder = tmp_path_factory.mktemp("diabetes")
    with gzip.open(bundled("diabetes_data_raw.csv.gz"), "rt") as stream:
        features = [line.split() for line in stream]
    with gzip.open(bundled("diabetes_target.csv.gz"), "rt") as stream:
        targets = [line.strip() for line in stream]
    header = [f"c{index}" for index in range(10)]
    table = write_csv(
        folder / "diabetes.csv", [*header, "target"], [[*f, t] for f, t in zip(features, targets, strict=True)]
    )
    columns = {name: Column(kind=Kind.NUMBER) for name in header}
    columns["target"] = Column(kind=Kind.NUMBER, role=Role.TARGET)
    return made(folder, table, Task.REGRESSION, columns)


@pytest.fixture(scope="session")
def tensors(mixed: Dataset) -> Tensors:
    return load_tensors(TrainingData(mixed))


@pytest.fixture(scope="session")
def section() -> TrainingSection:
    return TrainingSection(model=ModelChoice.NETWORK, max_epochs=3, threads=1, batch_size=128)


@pytest.fixture
def source(tmp_path: Path) -> Callable[[str], str]:
    """Write a model source and return its path."""

    def write(body: str) -> str:
        path = tmp_path / "own.py"
        path.write_text(body)
        return str(path)

    return write
