from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.schema import Column, Kind, Part, Role, Task
from sevenfold.plan.data import DataSection
from sevenfold.plan.preparation import PreparationSection
from sevenfold.plan.training import ModelChoice, TrainingSection
from sevenfold.preparation.prepare import prepare
from sevenfold.training.data import TrainingData
from sevenfold.training.trees.kind import TreesKind
from sevenfold.training.trees.model import FittedTrees
from tests.training.conftest import write_csv

WILD = {
    "seconds": Column(kind=Kind.NUMBER),
    "change": Column(kind=Kind.NUMBER),
    "flag": Column(kind=Kind.BOOLEAN),
    "town": Column(kind=Kind.CATEGORY),
    "size": Column(kind=Kind.CATEGORY),
    "when": Column(
        kind=Kind.DATETIME,
        time_zone="Europe/Berlin",
        parts=(Part.TIME_OF_DAY, Part.WEEKDAY, Part.DAY_OF_YEAR, Part.TREND),
    ),
    "other": Column(kind=Kind.DATETIME),
}


def wild_rows(count: int, towns: int, seed: int) -> list[list[Any]]:
    """Rows of every kind of column: epoch seconds, numbers on both sides of zero, many categories, dates."""
    random = np.random.default_rng(seed)
    rows = []
    for index in range(count):
        seconds = 1_600_000_000 + int(random.integers(0, 50_000_000))
        change = float(random.choice([0.0, random.normal(), -1e-3, 1e-3]))
        town, size = int(random.integers(0, towns)), str(random.choice(["s", "m", "l", "xl"]))
        hour, day = index % 24, 1 + index % 28
        when = f"20{20 + index % 4}-{1 + index % 12:02d}-{day:02d}T{hour:02d}:{index % 60:02d}:30"
        score = (seconds - 1.625e9) / 2e7 + 2 * (change > 0) + (town % 3 == 0) + (size == "m") + (hour > 12)
        rows.append(
            [
                seconds + random.choice([0.0, 0.125, 0.5]),
                "" if index % 7 == 0 else repr(change),
                random.choice(["true", "false", ""]),
                "" if index % 11 == 0 else f"town {town}",
                "" if index % 13 == 0 else size,
                "" if index % 17 == 0 else when,
                f"2024-0{1 + index % 9}-{day:02d}T{hour:02d}:{index % 60:02d}:00Z",
                score + 0.5 * random.normal(),
            ]
        )
    return rows


def prepared(folder: Path, rows: list[list[Any]], task: Task, columns: dict[str, Column]) -> Dataset:
    kind = Kind.NUMBER if task is Task.REGRESSION else Kind.CATEGORY
    columns = {**columns, "target": Column(kind=kind, role=Role.TARGET)}
    table = write_csv(folder / "table.csv", list(columns), rows)
    section = DataSection(source=str(table), target="target", task=task, columns=columns)
    preparation = PreparationSection(min_count=2, max_levels=5_000)
    prepare(table, section, preparation, folder / "dataset", max_features=10)
    return Dataset.open(folder / "dataset")


def labelled(rows: list[list[Any]], names: list[str]) -> list[list[Any]]:
    """The same rows with classes of equal size instead of the value."""
    values = np.array([row[-1] for row in rows])
    at = np.searchsorted(np.quantile(values, np.arange(1, len(names)) / len(names)), values)
    return [[*row[:-1], names[code]] for row, code in zip(rows, at, strict=True)]


@pytest.fixture(scope="session")
def wild(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A binary table with 40 categories in one column, of which some are rare, and every other kind of column."""
    rows = labelled(wild_rows(1_500, 40, 3), ["no", "yes"])
    return prepared(tmp_path_factory.mktemp("wild"), rows, Task.BINARY, WILD)


@pytest.fixture(scope="session")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Three classes, 3 000 categories in one column."""
    rows = labelled(wild_rows(9_000, 3_000, 4), ["low", "middle", "high"])
    return prepared(tmp_path_factory.mktemp("towns"), rows, Task.MULTICLASS, WILD)


@pytest.fixture(scope="session")
def values(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Values far from zero: epoch seconds."""
    rows = [[*row[:-1], 1.7e9 + 3_600 * row[-1]] for row in wild_rows(1_200, 40, 5)]
    return prepared(tmp_path_factory.mktemp("values"), rows, Task.REGRESSION, WILD)


@pytest.fixture(scope="session")
def trees_section() -> TrainingSection:
    return TrainingSection(model=ModelChoice.TREES, settings={"rounds": 5}, max_epochs=4, threads=1)


def fitted_to(dataset: Dataset, metric: str, section: TrainingSection, **settings: Any) -> FittedTrees:
    kind = TreesKind()
    return kind.fit(kind.encode(TrainingData(dataset)), section.with_settings(settings), metric)


@pytest.fixture(scope="session")
def wild_trees(wild: Dataset, trees_section: TrainingSection) -> FittedTrees:
    return fitted_to(wild, "roc_auc", trees_section)


@pytest.fixture(scope="session")
def towns_trees(towns: Dataset, trees_section: TrainingSection) -> FittedTrees:
    return fitted_to(towns, "log_loss", trees_section, level_smoothing=1.0, min_rows_in_leaf=2)


@pytest.fixture(scope="session")
def values_trees(values: Dataset, trees_section: TrainingSection) -> FittedTrees:
    return fitted_to(values, "rmse", trees_section)
