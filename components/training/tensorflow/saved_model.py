"""The SavedModel of a bundle, for TensorFlow Serving: raw columns in, the prediction out, as `model.onnx`."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sevenfold.contracts.bundle import SAVED_MODEL
from sevenfold.contracts.schema import Kind
from sevenfold.contracts.signature import MISSING
from sevenfold.contracts.transform import Target
from sevenfold.training.data import ModelSignature, TrainingData
from sevenfold.training.tensorflow.library import keras, tensorflow
from sevenfold.training.tensorflow.model import Network
from sevenfold.training.tensorflow.preprocess import Preprocessing

__all__ = ["saved_model", "write_saved_model"]

VERSION: Final = "1"
SERVE: Final = "serving_default"


def write_saved_model(network: Network, data: TrainingData, threshold: float, folder: Path) -> None:
    """Write a SavedModel; the same network, transform and threshold give the same bytes."""
    tf = tensorflow()
    names, specs = _inputs(data.signature)
    preprocessing, target = Preprocessing(data.transform), data.transform.target

    def serve(*columns: Any) -> dict[str, Any]:
        numeric, categorical = preprocessing(dict(zip(names, columns, strict=True)))
        return _last_step(network(numeric, categorical), target, threshold)

    archive = keras().export.ExportArchive()
    archive.track(network.model)
    for table in preprocessing.tables:
        archive.track(table)
    archive.add_endpoint(SERVE, serve, input_signature=specs)
    archive.write_out(str(folder), verbose=False)


def _inputs(signature: ModelSignature) -> tuple[list[str], list[Any]]:
    """Return the names of the inputs, as `contracts.signature` has them, and their types under plain names."""
    tf = tensorflow()
    types = {Kind.CATEGORY: tf.string, Kind.DATETIME: tf.int64}
    given = []
    for name, column in signature.inputs.items():
        given.append((name, types.get(column.kind, tf.float64)))
        if column.kind is Kind.DATETIME:
            given.append((name + MISSING, tf.bool))
    specs = [tf.TensorSpec([None], kind, name=f"column_{index}") for index, (_, kind) in enumerate(given)]
    return [name for name, _ in given], specs


def _last_step(outputs: Any, target: Target, threshold: float) -> dict[str, Any]:
    tf = tensorflow()
    if not target.classes:
        return {"value": tf.cast(tf.reshape(outputs, [-1]), tf.float64) * target.scale + target.mean}
    probabilities = tf.nn.softmax(outputs, axis=1)
    if len(target.classes) == 2:
        chosen = tf.cast(probabilities[:, 1] >= tf.constant(threshold, tf.float32), tf.int64)
    else:
        chosen = tf.argmax(probabilities, axis=1)
    return {"label": tf.gather(tf.constant(target.classes), chosen), "probabilities": probabilities}
def saved_model(network,data,model,threshold):
    return {}
