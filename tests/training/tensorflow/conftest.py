from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sevenfold.contracts.dataset import Dataset
from sevenfold.plan.metrics import default_metric
from sevenfold.plan.training import TrainingSection
from sevenfold.training.data import TrainingData
from sevenfold.training.tensorflow.fit import Fitted, fit
from sevenfold.training.tensorflow.kind import KerasKind
from sevenfold.training.tensorflow.model import Model
from sevenfold.training.tensorflow.rows import Splits, load_rows

LINUX_TYPES = {1: "float32", 2: "float64", 7: "string", 9: "int64", 10: "bool"}  # of TensorFlow's DataType


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_spec("tensorflow") is None:
        absent = pytest.mark.skip(reason="needs the extra tensorflow")
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(absent)


class Memory:
    """Keeps every state."""

    def __init__(self, earlier: bytes | None = None) -> None:
        self.earlier, self.states = earlier, list[bytes | None]()

    def read(self) -> bytes | None:
        return self.earlier

    def offer(self, content: Callable[[], bytes | None]) -> None:
        self.states.append(content())


@pytest.fixture
def memory() -> type[Memory]:
    return Memory


@pytest.fixture(scope="session")
def splits(mixed: Dataset) -> Splits:
    return load_rows(TrainingData(mixed))


@pytest.fixture(scope="session")
def fitted(splits: Splits, section: TrainingSection) -> Fitted:
    """The built-in network of the table with every kind of column."""
    return fit(splits, section, "roc_auc")


@pytest.fixture
def fit_own(source: Callable[[str], str], section: TrainingSection) -> Callable[..., Fitted]:
    """Fit a user's model from its text."""

    def run(text: str, dataset: Dataset, *, progress: Any = None, **settings: Any) -> Fitted:
        wanted = section.replaced(source=source(text), max_epochs=2, settings=settings)
        kind = KerasKind(Model.of(wanted))
        metric = default_metric(dataset.schema.task)
        return kind.fit(kind.encode(TrainingData(dataset)), wanted, metric, progress=progress)

    return run


class Served:
    """A SavedModel as TensorFlow's C library answers it."""

    def __init__(self, files: Mapping[str, bytes], folder: Path) -> None:
        from tensorflow.core.protobuf import saved_model_pb2

        for path, content in files.items():
            if path.startswith("saved_model/1/"):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
        self.folder, self.work = folder / "saved_model" / "1", folder
        message = saved_model_pb2.SavedModel.FromString((self.folder / "saved_model.pb").read_bytes())
        (graph,) = message.meta_graphs
        self.tags = list(graph.meta_info_def.tags)
        self.signature = graph.signature_def["serving_default"]

    def ask(self, *batches: Mapping[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
        """Ask every batch in one process without TensorFlow's Python."""
        outputs = {name: (entry.name, LINUX_TYPES[entry.dtype]) for name, entry in self.signature.outputs.items()}
        asked = {
            "outputs": [{"tensor": tensor, "type": kind} for tensor, kind in outputs.values()],
            "inputs": [
                [
                    {"tensor": entry.name, "type": LINUX_TYPES[entry.dtype], "values": feeds[name].tolist()}
                    for name, entry in self.signature.inputs.items()
                ]
                for feeds in batches
            ],
        }
        (self.work / "asked.json").write_text(json.dumps(asked))
        spec = find_spec("tensorflow")
        assert spec is not None and spec.origin is not None
        command = [sys.executable, str(Path(__file__).with_name("native.py")), str(Path(spec.origin).parent)]
        command += [str(self.folder), str(self.work / "asked.json"), str(self.work / "answered.json")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        answered = json.loads((self.work / "answered.json").read_text())
        return [{name: np.array(values) for name, values in zip(outputs, answer, strict=True)} for answer in answered]


@pytest.fixture
def served(tmp_path: Path) -> Callable[[Mapping[str, bytes]], Served]:
    return lambda files: Served(files, tmp_path)
