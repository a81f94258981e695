"""Write a fitted network as a bundle: one folder from raw row to prediction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sevenfold import __version__
from sevenfold.contracts.bundle import BUNDLE_FILES, LINEAR, BundleInfo
from sevenfold.contracts.canonical import write_json, write_whole
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.manifest import seal
from sevenfold.contracts.schema import Task
from sevenfold.contracts.signature import Signature
from sevenfold.contracts.threshold import DEFAULT_THRESHOLD
from sevenfold.contracts.versioned import write_versioned
from sevenfold.drift.bins import with_prediction
from sevenfold.plan.metrics import metric_names
from sevenfold.plan.threshold import ThresholdRule
from sevenfold.plan.training import Framework
from sevenfold.scoring.feeds import feeds_from_rows, feeds_from_table
from sevenfold.scoring.scorer import Prediction, Scorer
from sevenfold.scoring.scores import score
from sevenfold.scoring.threshold import ChosenThreshold, choose_threshold
from sevenfold.training.export.convert import compare, raw_model
from sevenfold.training.export.example import example_rows
from sevenfold.training.export.join import with_threshold
from sevenfold.training.export.linear import linear_bytes
from sevenfold.training.pytorch.fit import Fitted
from sevenfold.training.pytorch.linear import LinearModel
from sevenfold.training.pytorch.predict import predict, truth_of
from sevenfold.training.pytorch.tensors import Tensors

__all__ = ["WEIGHTS", "Exported", "export_bundle", "validation_metrics"]

WEIGHTS = "model.safetensors"
DIGITS = 6  # of a metric: more would be noise


@dataclass(frozen=True)
class Exported:
    """A bundle's digest, the largest difference between torch and `model.onnx`, a binary model's threshold."""

    digest: str
    difference: float
    threshold: ChosenThreshold | None


def export_bundle(
    fitted: Fitted,
    tensors: Tensors,
    dataset: Dataset,
    out: Path,
    *,
    name: str,
    digests: Mapping[str, str],
    threads: int = 1,
    rule: ThresholdRule | None = None,
    linear: LinearModel | None = None,
) -> Exported:
    """Write and seal the bundle.

    The model file is compared with torch on all validation rows, and scores the example request, before the folder is
    sealed. A binary model gets the threshold that the rule chooses on these rows. The same fit and the same rule give
    the same digest.

    Args:
        fitted: the network.
        tensors: what it was fitted on.
        dataset: its source; gives transform, reference and the raw validation rows.
        out: the folder to write; made where it does not exist.
        name: the plan's name.
        digests: of data, plan and, for a user's model, source; the dataset's is added.
        threads: CPU threads of the comparison.
        rule: what the threshold of a binary model is chosen by; None takes 0.5.
        linear: the linear model of the same rows; left out where it is None or where a weight of it is no number.

    Raises:
        TrainingError: ``not_exportable``, ``export_differs``.
        ServingError: ``nonfinite_output``.
    """
    from safetensors.torch import save

    transform, full = dataset.transform(), tensors.signature
    out.mkdir(parents=True, exist_ok=True)
    signature = Signature.of(dataset.schema, full.inputs)
    model = raw_model(fitted.network, tensors.validation, transform, full)
    write_whole(out / "model.onnx", model)
    state = {key: tensor.detach().contiguous() for key, tensor in fitted.network.state_dict().items()}
    write_whole(out / WEIGHTS, save(state))
    if linear is not None and linear.finite:
        write_whole(out / LINEAR, linear_bytes(linear, transform, signature.inputs))

    scorer = Scorer(out / "model.onnx", signature, threads=threads)
    feeds = feeds_from_table(dataset.table("validation", list(signature.inputs)), signature.inputs)
    prediction = scorer.predict(feeds)
    expected, _ = predict(fitted.network, tensors.validation, full)
    difference = compare(expected, prediction, full, transform.target)

    chosen = _chosen(prediction, tensors, rule)
    if chosen is not None and chosen.value != DEFAULT_THRESHOLD:
        write_whole(out / "model.onnx", with_threshold(model, chosen.value))
        scorer = Scorer(out / "model.onnx", signature, threads=threads)
    threshold = DEFAULT_THRESHOLD if chosen is None else chosen.value

    example = example_rows(transform, signature.inputs)
    scorer.predict(feeds_from_rows(example, signature.inputs, signature.notation))
    write_json(out / "example_request.json", {"instances": example})
    reference = with_prediction(dataset.reference(), signature, prediction)
    write_versioned(out / "reference.json", reference)
    info = BundleInfo(
        name=name,
        framework=Framework.PYTORCH.value,
        package_version=__version__,
        signature=signature,
        settings={**fitted.settings, "epochs": fitted.best.number, "batch_size": fitted.batch_size},
        metrics=validation_metrics(prediction, tensors, threshold=threshold),
        digests={**{key: value for key, value in digests.items() if value}, "dataset": dataset.digest},
        threshold=threshold,
        threshold_choice=None if chosen is None else chosen.choice,
    )
    write_versioned(out / "bundle.json", info)
    return Exported(seal(out, expected=[*BUNDLE_FILES, WEIGHTS]), difference, chosen)


def _chosen(prediction: Prediction, tensors: Tensors, rule: ThresholdRule | None) -> ChosenThreshold | None:
    """Return the threshold of a binary model, chosen on the validation rows; None for another task."""
    if tensors.signature.task is not Task.BINARY or prediction.probabilities is None:
        return None
    truth = truth_of(tensors.validation, tensors)
    given = rule or ThresholdRule(value=DEFAULT_THRESHOLD)
    return choose_threshold(np.asarray(truth), prediction.probabilities[:, 1], given)


def validation_metrics(
    prediction: Prediction, tensors: Tensors, *, threshold: float = DEFAULT_THRESHOLD
) -> dict[str, float]:
    """Return every metric of the task that is defined on the validation rows, to six digits."""
    regression = tensors.signature.task is Task.REGRESSION
    truth = truth_of(tensors.validation, tensors)
    predicted = prediction.values if regression else prediction.probabilities
    metrics: dict[str, float] = {}
    for metric in sorted(metric_names(tensors.signature.task)):
        value = score(metric, truth, np.asarray(predicted), threshold=threshold)
        if np.isfinite(value):
            metrics[metric] = float(f"{value:.{DIGITS}g}")
    return metrics
