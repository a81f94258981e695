"""Write a fitted model as a bundle: one folder from raw row to prediction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from sevenfold import __version__
from sevenfold.contracts.bundle import BUNDLE_FILES, LINEAR, BundleInfo
from sevenfold.contracts.canonical import write_json, write_whole
from sevenfold.contracts.manifest import seal
from sevenfold.contracts.schema import Task
from sevenfold.contracts.signature import Signature
from sevenfold.contracts.threshold import DEFAULT_THRESHOLD
from sevenfold.contracts.versioned import write_versioned
from sevenfold.drift.bins import with_prediction
from sevenfold.plan.metrics import metric_names
from sevenfold.plan.threshold import ThresholdRule
from sevenfold.scoring.raw_rows import feeds_of_request
from sevenfold.scoring.scorer import Prediction, Scorer
from sevenfold.scoring.scores import score
from sevenfold.scoring.threshold import ChosenThreshold, choose_threshold
from sevenfold.training.compare import compare
from sevenfold.training.data import TrainingData
from sevenfold.training.export.example import example_rows
from sevenfold.training.export.join import with_threshold
from sevenfold.training.export.raw_example import example_request
from sevenfold.training.protocol import FittedModel, ModelKind

__all__ = ["Exported", "export_bundle", "validation_metrics"]

MODEL: Final = "model.onnx"
DIGITS: Final = 6  # of a metric: more would be noise


@dataclass(frozen=True)
class Exported:
    """A bundle's digest, the largest difference between model and `model.onnx`, a binary model's threshold."""

    digest: str
    difference: float
    threshold: ChosenThreshold | None


def export_bundle(
    kind: ModelKind[Any],
    fitted: FittedModel,
    data: TrainingData,
    out: Path,
    *,
    name: str,
    digests: Mapping[str, str],
    threads: int = 1,
    rule: ThresholdRule | None = None,
    beside: bytes | None = None,
) -> Exported:
    """Write and seal the bundle.

    The model file is compared with the model itself on all validation rows, and on those that its kind knows to be
    hard, and it scores the example request, before the folder is sealed. A binary model gets the threshold that the
    rule chooses on the validation rows. The same fit and the same rule give the same digest.

    Args:
        kind: of the model.
        fitted: the model.
        data: what it was fitted on; gives transform, reference and the raw validation rows.
        out: the folder to write; made where it does not exist.
        name: the plan's name.
        digests: of data and plan; those of the dataset and of the kind are added.
        threads: CPU threads of the comparison.
        rule: what the threshold of a binary model is chosen by; None takes 0.5.
        beside: `linear.onnx`, the linear model of the same rows; None leaves it out.

    Raises:
        TrainingError: ``not_exportable``, ``export_differs``.
        ServingError: ``nonfinite_output``.
    """
    transform, signature = data.transform, Signature.of(data.dataset.schema, data.signature.inputs)
    out.mkdir(parents=True, exist_ok=True)
    model = fitted.onnx_bytes(data)
    write_whole(out / MODEL, model)
    if beside is not None:
        write_whole(out / LINEAR, beside)

    scorer = Scorer(out / MODEL, signature, threads=threads)
    prediction = scorer.predict(data.feeds("validation"))
    difference = max(compare(fitted.validation, prediction, transform.target.scale), fitted.check(data, model))

    chosen = _chosen(prediction, data, rule)
    if chosen is not None and chosen.value != DEFAULT_THRESHOLD:
        write_whole(out / MODEL, with_threshold(model, chosen.value))
        scorer = Scorer(out / MODEL, signature, threads=threads)
    threshold = DEFAULT_THRESHOLD if chosen is None else chosen.value
    files = fitted.files(data, threshold)
    for path, content in files.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(out / path, content)

    example = example_request(example_rows(transform, signature.inputs), signature)
    scorer.predict(feeds_of_request(example, signature))
    write_json(out / "example_request.json", {"instances": example})
    reference = with_prediction(data.dataset.reference(), signature, prediction)
    write_versioned(out / "reference.json", reference)
    given = {**digests, **kind.digests, "dataset": data.dataset.digest}
    info = BundleInfo(
        name=name,
        model=kind.name,
        framework=kind.framework,
        package_version=__version__,
        signature=signature,
        settings=fitted.recorded,
        metrics=validation_metrics(prediction, data, threshold=threshold),
        digests={key: value for key, value in given.items() if value},
        threshold=threshold,
        threshold_choice=None if chosen is None else chosen.choice,
    )
    write_versioned(out / "bundle.json", info)
    return Exported(seal(out, expected=[*BUNDLE_FILES, *files]), difference, chosen)


def _chosen(prediction: Prediction, data: TrainingData, rule: ThresholdRule | None) -> ChosenThreshold | None:
    """Return the threshold of a binary model, chosen on the validation rows; None for another task."""
    if data.signature.task is not Task.BINARY or prediction.probabilities is None:
        return None
    given = rule or ThresholdRule(value=DEFAULT_THRESHOLD)
    return choose_threshold(data.truth, prediction.probabilities[:, 1], given)


def validation_metrics(
    prediction: Prediction, data: TrainingData, *, threshold: float = DEFAULT_THRESHOLD
) -> dict[str, float]:
    """Return every metric of the task that is defined on the validation rows, to six digits."""
    task = data.signature.task
    predicted = prediction.values if task is Task.REGRESSION else prediction.probabilities
    metrics: dict[str, float] = {}
    for metric in sorted(metric_names(task)):
        value = score(metric, data.truth, np.asarray(predicted), threshold=threshold)
        if np.isfinite(value):
            metrics[metric] = float(f"{value:.{DIGITS}g}")
    return metrics
