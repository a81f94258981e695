"""The SavedModel of a bundle, for TensorFlow Serving: raw columns in, the prediction out, as `model.onnx`.

Keras' ExportArchive writes it. The network's weights are constants in it, since variables are written in an order that
differs between processes. The fingerprint is left out: it is a random number, and no loader needs it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.bundle import SAVED_MODEL
from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Kind
from sevenfold.contracts.signature import MISSING, Signature
from sevenfold.contracts.transform import Target
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Prediction, Scorer
from sevenfold.training.data import ModelSignature, TrainingData
from sevenfold.training.export.join import with_threshold
from sevenfold.training.tensorflow.canonical import canonical
from sevenfold.training.tensorflow.library import keras, tensorflow
from sevenfold.training.tensorflow.model import Network
from sevenfold.training.tensorflow.preprocess import Preprocessing

__all__ = ["TOLERANCE", "saved_model"]

VERSION: Final = "1"
FILE: Final = "saved_model.pb"
FINGERPRINT: Final = "fingerprint.pb"
SERVE: Final = "serving_default"
CHUNK: Final = 8_192  # rows compared at once
TOLERANCE: Final = 1e-5  # of probabilities; of values relative to the value, or to the target's scale where larger


def saved_model(network: Network, data: TrainingData, model: bytes, threshold: float) -> dict[str, bytes]:
    """Return the files of the SavedModel by their path in the bundle, compared with `model.onnx` on the test rows.

    The test rows are read for this comparison alone and decide nothing but whether it fails. The same network,
    transform and threshold give the same bytes.

    Args:
        network: with the weights that are kept.
        data: gives the transform, the signature and the dataset.
        model: `model.onnx`, with any threshold.
        threshold: of a binary model.

    Raises:
        TrainingError: ``saved_model_differs`` above 1e-5, or where a label differs; ``not_exportable``.
    """
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(with_threshold(model, threshold) if len(data.signature.classes) == 2 else model)
        signature = Signature.of(data.dataset.schema, data.signature.inputs)
        written = Path(folder) / VERSION
        _write(network, data, threshold, written)
        _compare(written, Scorer(path, signature), data, threshold)
        files = [file for file in sorted(written.rglob("*")) if file.is_file()]
        return {f"{SAVED_MODEL}/{file.relative_to(folder).as_posix()}": file.read_bytes() for file in files}


def _write(network: Network, data: TrainingData, threshold: float, folder: Path) -> None:
    """Write the SavedModel to a folder."""
    names, specs = _inputs(data.signature)
    preprocessing, target = Preprocessing(data.transform), data.transform.target
    weights = [(variable, variable.numpy()) for variable in network.model.variables]

    def serve(*columns: Any) -> dict[str, Any]:
        numeric, categorical = preprocessing(dict(zip(names, columns, strict=True)))
        constants = [(variable, tensorflow().constant(values)) for variable, values in weights]
        with keras().StatelessScope(state_mapping=constants):
            outputs = network(numeric, categorical)
        return _last_step(outputs, target, threshold)

    archive = keras().export.ExportArchive()
    try:
        archive.add_endpoint(SERVE, serve, input_signature=specs)
        archive.write_out(str(folder), verbose=False)
    except Exception as error:
        raise TrainingError(
            "not_exportable",
            f"The network must be storable as a SavedModel, but: {type(error).__name__}: {str(error)[:300]}",
            remedy="Keep its weights in variables of Keras, made with add_weight.",
        ) from error
    (folder / FINGERPRINT).unlink(missing_ok=True)
    inputs = {_plain(index): name for index, name in enumerate(names)}
    (folder / FILE).write_bytes(canonical((folder / FILE).read_bytes(), SERVE, inputs))


def _inputs(signature: ModelSignature) -> tuple[list[str], list[Any]]:
    """Return the names of the inputs, as `contracts.signature` has them, and their types under plain names.

    A column's own name may hold what TensorFlow's names may not.
    """
    tf = tensorflow()
    types = {Kind.CATEGORY: tf.string, Kind.DATETIME: tf.int64}
    given = []
    for name, column in signature.inputs.items():
        given.append((name, types.get(column.kind, tf.float64)))
        if column.kind is Kind.DATETIME:
            given.append((name + MISSING, tf.bool))
    specs = [tf.TensorSpec([None], kind, name=_plain(index)) for index, (_, kind) in enumerate(given)]
    return [name for name, _ in given], specs


def _plain(index: int) -> str:
    return f"column_{index}"


def _last_step(outputs: Any, target: Target, threshold: float) -> dict[str, Any]:
    tf = tensorflow()
    if not target.classes:
        values = tf.cast(tf.reshape(outputs, [-1]), tf.float64)
        return {"value": values * np.float64(target.scale) + np.float64(target.mean)}
    probabilities = tf.nn.softmax(outputs, axis=1)
    if len(target.classes) == 2:
        chosen = tf.cast(probabilities[:, 1] >= np.float32(threshold), tf.int64)
    else:
        chosen = tf.argmax(probabilities, axis=1)
    return {"label": tf.gather(tf.constant(target.classes), chosen), "probabilities": probabilities}


def _compare(folder: Path, scorer: Scorer, data: TrainingData, threshold: float) -> None:
    """Compare the SavedModel in a folder with `model.onnx` on the test rows, some thousands at a time."""
    tf, target = tensorflow(), data.transform.target
    feeds = feeds_from_table(data.dataset.table("test", list(data.signature.inputs)), data.signature.inputs)
    serve = tf.saved_model.load(str(folder)).signatures[SERVE]
    names, specs = _inputs(data.signature)
    largest, others = 0.0, 0
    for start in range(0, len(next(iter(feeds.values()))), CHUNK):
        part = {name: values[start : start + CHUNK] for name, values in feeds.items()}
        given = {spec.name: tf.constant(part[name], spec.dtype) for name, spec in zip(names, specs, strict=True)}
        outputs = {name: values.numpy() for name, values in serve(**given).items()}
        expected = scorer.predict(part)
        largest = max(largest, _difference(outputs, expected, target.scale))
        others += _other_labels(outputs, expected, target, threshold)
    if not largest <= TOLERANCE or others:
        raise TrainingError(
            "saved_model_differs",
            f"The SavedModel must predict on the test rows what model.onnx predicts within {TOLERANCE:g}, but differs "
            f"by {largest:.3g}, and gives {others} rows another label.",
            remedy="Look for random numbers or state in the model's call.",
        )


def _difference(outputs: Mapping[str, NDArray[Any]], expected: Prediction, scale: float) -> float:
    if expected.probabilities is not None:
        return float(np.abs(outputs["probabilities"] - expected.probabilities).max())
    values = np.asarray(expected.values)
    return float((np.abs(outputs["value"] - values) / np.maximum(np.abs(values), scale)).max())


def _other_labels(outputs: Mapping[str, NDArray[Any]], expected: Prediction, target: Target, threshold: float) -> int:
    """Count the labels that differ, but for rows so near to another label that rounding decides."""
    if expected.labels is None or expected.probabilities is None:
        return 0
    given = np.array([label.decode() for label in outputs["label"]], dtype=object)
    differ = np.flatnonzero(given != expected.labels)
    probabilities = expected.probabilities[differ]
    if len(target.classes) == 2:
        gaps = np.abs(probabilities[:, 1] - threshold)
    else:
        codes = [target.classes.index(label) for label in given[differ]]
        gaps = probabilities.max(1, initial=0.0) - probabilities[np.arange(len(differ)), codes]
    return int((gaps > 2 * TOLERANCE).sum())
