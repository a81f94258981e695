"""Models of other libraries, in ONNX, as a kind of model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sevenfold.plan.training import TrainingSection
from sevenfold.plan.tuning import Dimension
from sevenfold.training.data import TrainingData
from sevenfold.training.foreign.fit import FittedForeign, call_train, check_export, restored, scored, state_of
from sevenfold.training.protocol import ModelKind, OnEpoch, Progress
from sevenfold.training.source import Source

__all__ = ["ForeignKind"]


class ForeignKind(ModelKind[TrainingData]):
    """What the user's ``train(dataset, settings)`` gives; an epoch is one call, so a fit has one.

    Args:
        source: the file or folder that defines it.
    """

    name = "onnx"
    framework = "onnx"
    rehearses = False  # a library may rightly refuse a few rows, such as those of one class

    def __init__(self, source: Source) -> None:
        self.source = source

    @property
    def identity(self) -> dict[str, Any]:
        """The digest of the source, and the versions of onnx and ONNX Runtime."""
        import onnx
        import onnxruntime

        return {"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__, **self.digests}

    @property
    def digests(self) -> dict[str, str]:
        """The digest of the source."""
        return {"source": self.source.digest}

    def effective_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings as they are: which there are, `train` alone knows."""
        return dict(settings)

    def space(self) -> dict[str, Dimension]:
        """Return nothing: only the plan can say what to search."""
        return {}

    def encode(self, data: TrainingData) -> TrainingData:
        """Return the rows as they are, once both splits have some.

        Raises:
            TrainingError: ``no_rows`` for an empty split.
            DataError: as `encode_target`.
        """
        for split in ("train", "validation"):
            data.table(split, [data.signature.target])
            data.target(split)
        return data

    def fit(
        self,
        rows: TrainingData,
        section: TrainingSection,
        metric: str,
        *,
        on_epoch: OnEpoch | None = None,
        progress: Progress | None = None,
    ) -> FittedForeign:
        """Call `train` once, and read what it gives.

        Raises:
            TrainingError: ``train`` where the function fails; as `scored`.
        """
        used = self.effective_settings(section.settings)
        earlier = progress.read() if progress is not None else None
        model = restored(earlier) if earlier is not None else None
        if model is None:
            model = call_train(self.source, rows, section, metric, used)
        fitted = scored(model, rows, metric, used, threads=section.threads)
        check_export(fitted, rows)  # in the first trial, and not after the last
        if progress is not None:
            progress.offer(lambda: state_of(fitted))
        if on_epoch is not None and not on_epoch(1, fitted.score):
            return replace(fitted, stopped="pruned")
        return fitted
