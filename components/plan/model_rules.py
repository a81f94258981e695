"""Rules between framework, model and source of the section `training`."""

from __future__ import annotations

from collections.abc import Iterator

from sevenfold.plan.column_rules import Breach
from sevenfold.plan.training import Framework, ModelChoice, TrainingSection

__all__ = ["model_breaches"]


def model_breaches(training: TrainingSection) -> Iterator[Breach]:
    """Yield what the section asks for that cannot go together."""
    if training.framework is not Framework.ONNX:
        return
    if not training.source:
        yield (
            ("training", "source"),
            "framework: onnx takes a model that a file with train(dataset, settings) fits",
            "''",
            "Name the file or package folder.",
        )
    if "model" in training.model_fields_set and training.model is not ModelChoice.AUTO:
        yield (
            ("training", "model"),
            "names a built-in kind of model, and framework: onnx takes that of training.source",
            repr(training.model.value),
            "Remove it.",
        )
