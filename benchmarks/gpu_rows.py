"""Encoded rows of a dataset in one file, so that a machine without the table, polars or a network can fit them."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.contracts.transform import Target
from sevenfold.plan.training import TrainingSection
from sevenfold.training.data import ModelSignature
from sevenfold.training.pytorch.tensors import Rows, Tensors

if TYPE_CHECKING:
    from sevenfold.plan import Plan

__all__ = ["Prepared", "prepare_flights", "prepare_sample"]

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Prepared:
    """Encoded training, validation and test rows, and the plan's section and metric."""

    tensors: Tensors
    test: Rows
    section: TrainingSection
    metric: str

    @classmethod
    def read(cls, file: Path) -> Prepared:
        """Read what `write` wrote."""
        import torch

        with np.load(file) as arrays:
            about = json.loads(str(arrays["about"]))
            train, validation, test = (
                Rows(
                    torch.from_numpy(arrays[f"{split}-numeric"]),
                    torch.from_numpy(arrays[f"{split}-categorical"].astype(np.int64)),
                    torch.from_numpy(arrays[f"{split}-target"]),
                )
                for split in SPLITS
            )
        tensors = Tensors(
            train,
            validation,
            ModelSignature.model_validate(about["signature"]),
            Target.model_validate(about["target"]),
        )
        return cls(tensors, test, TrainingSection.model_validate(about["section"]), about["metric"])

    def write(self, file: Path) -> None:
        """Write all of it as one compressed file of numpy."""
        about = {
            "signature": self.tensors.signature.model_dump(mode="json"),
            "target": self.tensors.target.model_dump(mode="json"),
            "section": self.section.model_dump(mode="json"),
            "metric": self.metric,
        }
        arrays = {}
        for split, rows in zip(SPLITS, (self.tensors.train, self.tensors.validation, self.test), strict=True):
            arrays[f"{split}-numeric"] = rows.numeric.numpy()
            arrays[f"{split}-categorical"] = rows.categorical.numpy().astype(np.int32)
            arrays[f"{split}-target"] = rows.target.numpy()
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(file, about=np.array(json.dumps(about)), **arrays)


def prepare_flights(file: Path) -> None:
    """Make the flights' table, prepare it as the plan says, and write the encoded rows."""
    from benchmarks.checkout import HERE
    from sevenfold.plan import load_plan

    path = HERE.flights_plan()
    plan = load_plan(path)
    _prepare(path.parent / "flights.csv", plan, plan.testing.metric, file)


def prepare_sample(file: Path) -> None:
    """Do the same with a small table."""
    from benchmarks.checkout import public_tables
    from sevenfold.design.propose import propose_plan

    make, target, _ = public_tables()["breast_cancer"]
    with tempfile.TemporaryDirectory() as folder:
        table = make(Path(folder))
        _prepare(table, propose_plan(table, target).plan, "roc_auc", file)


def _prepare(table: Path, plan: Plan, metric: str, file: Path) -> None:
    import torch

    from sevenfold.contracts.dataset import Dataset
    from sevenfold.preparation.prepare import prepare
    from sevenfold.scoring.feeds import feeds_from_table
    from sevenfold.training.data import TrainingData
    from sevenfold.training.encode import encode, encode_target
    from sevenfold.training.pytorch.tensors import load_tensors

    with tempfile.TemporaryDirectory() as folder:
        prepare(table, plan.data, plan.preparation, Path(folder) / "dataset")
        dataset = Dataset.open(Path(folder) / "dataset")
        transform, schema = dataset.transform(), dataset.schema
        rows = dataset.table("test", [*schema.features, schema.target])
        encoded = encode(transform, feeds_from_table(rows, schema.features))
        target = np.array(encode_target(transform, rows[schema.target]))
        test = Rows(*(torch.from_numpy(part) for part in (encoded.numeric, encoded.categorical, target)))
        Prepared(load_tensors(TrainingData(dataset)), test, plan.training, metric).write(file)
