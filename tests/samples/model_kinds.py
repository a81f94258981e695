"""Every kind of model that is there, and small tables to fit it on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from foreign_models import FORESTS

from sevenfold.contracts.canonical import write_json
from sevenfold.contracts.dataset import DATASET_FILES, Dataset
from sevenfold.contracts.manifest import seal
from sevenfold.contracts.schema import Column, Kind, Role, Task
from sevenfold.plan.data import DataSection
from sevenfold.plan.preparation import PreparationSection
from sevenfold.plan.training import TrainingSection
from sevenfold.preparation.prepare import prepare
from sevenfold.training.kinds import kind_named
from sevenfold.training.protocol import ModelKind

__all__ = ["CASES", "Case", "Kept", "changed", "table_dataset"]


@dataclass(frozen=True)
class Case:
    """A kind of model: the plan's keys that ask for it, and what it declares.

    `needs` are modules without which it is not there. `seeded` says that a seed changes the model, `epochs` that a fit
    has several, `settings` that the kind knows its settings by name.
    """

    name: str
    section: Mapping[str, Any]
    needs: tuple[str, ...] = ()
    seeded: bool = True
    epochs: bool = True
    settings: bool = True

    @property
    def present(self) -> bool:
        """Whether all that it needs can be imported."""
        return all(_found(module) for module in self.needs)

    def section_of(self, folder: Path, **changes: Any) -> TrainingSection:
        """Return the plan's section for three short epochs, with a source written to `folder` where it takes one."""
        given = {"max_epochs": 3, "threads": 1, "batch_size": 128, **self.section, **changes}
        if "source" in given:
            path = folder / "ours.py"
            path.write_text(given["source"])
            given["source"] = str(path)
        return TrainingSection.model_validate(given)

    def kind(self, section: TrainingSection) -> ModelKind[Any]:
        """Return the kind."""
        return kind_named(section, "")


CASES = (
    Case("network", {"model": "network"}),
    Case("linear", {"model": "linear"}, seeded=False, epochs=False),
    Case("trees", {"model": "trees"}, ("lightgbm", "sevenfold.training.trees")),
    Case("tensorflow", {"framework": "tensorflow"}, ("tensorflow", "sevenfold.training.tensorflow")),
    Case(
        "onnx",
        {"framework": "onnx", "source": FORESTS.replace("TARGET", "dataset.target()")},
        ("skl2onnx",),
        epochs=False,
        settings=False,
    ),
)


@dataclass
class Kept:
    """Progress in memory: every state that a fit offers, and the one that it goes on from."""

    start: bytes | None = None
    states: list[bytes] = field(default_factory=list)

    def read(self) -> bytes | None:
        """Return the state to go on from."""
        return self.start

    def offer(self, content: Callable[[], bytes | None]) -> None:
        """Keep the state after an epoch."""
        state = content()
        assert state is not None
        self.states.append(state)


def table_dataset(folder: Path, columns: Mapping[str, Kind], rows: Sequence[Sequence[Any]], task: Task) -> Dataset:
    """Prepare a table whose last column is the target."""
    *names, target = columns
    path = folder / "table.csv"
    path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]))
    described = {name: Column(kind=columns[name]) for name in names}
    described[target] = Column(kind=columns[target], role=Role.TARGET)
    section = DataSection(source=str(path), target=target, task=task, columns=described)
    prepare(path, section, PreparationSection(), folder / "dataset")
    return Dataset.open(folder / "dataset")


def changed(
    dataset: Dataset, folder: Path, splits: Mapping[str, Sequence[int]], transform: Mapping[str, Any] | None = None
) -> Dataset:
    """Return a dataset with the rows of some splits chosen by position, and with changes of the target's transform."""
    shutil.copytree(dataset.folder, folder)
    for split, positions in splits.items():
        pq.write_table(dataset.table(split).take(pa.array(positions, pa.int64())), folder / f"{split}.parquet")
    if transform is not None:
        values = dataset.transform().model_dump(mode="json")
        values["target"] |= transform
        write_json(folder / "transform.json", values)
    counts = {path.name: pq.read_metadata(path).num_rows for path in folder.glob("*.parquet")}
    seal(folder, expected=DATASET_FILES, rows=counts)
    return Dataset.open(folder)


def _found(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
