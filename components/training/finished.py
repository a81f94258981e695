"""A bundle of a model that is fitted already: an ONNX file, and the dataset that it was fitted on."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.canonical import file_digest
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import DataError, TrainingError
from sevenfold.plan.metrics import default_metric
from sevenfold.plan.plan import NAME_PATTERN
from sevenfold.plan.training import Framework, TrainingSection
from sevenfold.training.bundle import export_bundle
from sevenfold.training.data import TrainingData
from sevenfold.training.kinds import finished_kind
from sevenfold.training.source import Source

if TYPE_CHECKING:
    import onnx

__all__ = ["Finished", "bundle_model"]


@dataclass(frozen=True)
class Finished:
    """The bundle of a finished model: its digest, its metrics on the validation rows, and how many these are."""

    digest: str
    metrics: Mapping[str, float]
    validation_rows: int


def bundle_model(model: Path, dataset: Path, out: Path, *, name: str = "") -> Finished:
    """Write a model as a bundle, which testing, serving and monitoring take like any other.

    What the model takes and gives is read as `training.foreign` says. A binary model says the positive class from a
    probability of 0.5 on. The same file, dataset and name give the same digest.

    Args:
        model: ONNX file.
        dataset: sealed dataset folder; gives columns, classes, the reference of monitoring, and the rows that the
            model is checked on.
        out: folder to write; made where it does not exist, empty otherwise.
        name: of the model, in URLs too; by default the file's.

    Raises:
        DataError: ``plan_name`` or ``not_empty``.
        TrainingError: ``model_graph`` for a file that is no model; as `ModelKind.fit` and `export_bundle`.
        IntegrityError: for a dataset that is not what was sealed.
    """
    name = _checked(name or model.stem, out)
    graph = _loaded(model)
    data = TrainingData(Dataset.open(dataset))

    def train(dataset: object, settings: Mapping[str, Any]) -> onnx.ModelProto:
        return graph

    kind = finished_kind(Source(model.name, file_digest(model), train))
    section = TrainingSection(framework=Framework.ONNX)
    fitted = kind.fit(kind.encode(data), section, default_metric(data.signature.task))
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as work:
        exported = export_bundle(kind, fitted, data, Path(work) / "bundle", name=name, digests={})
        (Path(work) / "bundle").replace(out)
    info = Bundle.open(out, digest=exported.digest).info
    return Finished(exported.digest, info.metrics, len(data.truth))


def _checked(name: str, out: Path) -> str:
    if not re.fullmatch(NAME_PATTERN, name):
        raise DataError(
            "plan_name",
            f"The name of a model has up to 30 small letters, digits and hyphens, but got {name[:80]!r}.",
            remedy="Give one with --name.",
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(
            "not_empty", f"--out must be a new or empty folder, but {str(out)!r} is none.", remedy="Name another."
        )
    return name


def _loaded(path: Path) -> onnx.ModelProto:
    import onnx

    try:
        model: onnx.ModelProto = onnx.load(path)
    except Exception as error:
        raise TrainingError(
            "model_graph",
            f"MODEL must be a file that onnx reads, but {path.name} is none: {str(error)[:300]}",
            remedy="Save it with onnx.save, with its weights beside it or in it.",
        ) from error
    return model
