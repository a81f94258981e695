"""The user's own Keras models: every way to declare inputs, in `model.onnx` and SavedModel, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.signature import Signature
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Scorer
from sevenfold.training.compare import compare
from sevenfold.training.data import TrainingData
from sevenfold.training.source import load_source
from sevenfold.training.tensorflow.fit import Fitted

NAMED = """
import keras
from keras import layers

def build_model(signature, *, width=8):
    categorical = keras.Input((len(signature.categorical),), dtype="int64", name="categorical")
    numeric = keras.Input((len(signature.numeric),), name="numeric")
    codes = layers.Flatten()(layers.Embedding(max(signature.cardinalities), 3)(categorical))
    hidden = layers.Dropout(0.2)(layers.Dense(width, activation="gelu")(layers.Concatenate()([numeric, codes])))
    hidden = layers.BatchNormalization()(hidden)
    return keras.Model({inputs}, layers.Dense(signature.outputs)(hidden))
"""
KEYWORDS = """
import keras

class Net(keras.Model):
    def __init__(self, outputs):
        super().__init__()
        self.out = keras.layers.Dense(outputs)

    def call(self, {parameters}, training=False):
        return self.out({features})

def build_model(signature):
    return Net(signature.outputs)
"""
IN_ORDER = """
import keras

def build_model(signature):
    first = keras.Input((len(signature.numeric),))
    second = keras.Input((len(signature.categorical),), dtype="int64")
    both = keras.layers.Concatenate()([first, keras.ops.cast(second, "float32")])
    return keras.Model([first, second], keras.layers.Dense(signature.outputs)(both))
"""
SEQUENTIAL = """
import keras

def build_model(signature):
    return keras.Sequential([{first}keras.layers.Dense(signature.outputs)])
"""
CAST = "keras.ops.cast(categorical, 'float32')"
MODELS = {
    "a list by name": NAMED.replace("{inputs}", "[categorical, numeric]"),
    "a dictionary": NAMED.replace("{inputs}", "{'categorical': categorical, 'numeric': numeric}"),
    "in order": IN_ORDER,
    "keywords": KEYWORDS.format(
        parameters="categorical, numeric",
        features=f"keras.ops.concatenate([numeric, {CAST}])".replace("])", "], axis=1)"),
    ),
    "one keyword": KEYWORDS.format(parameters="categorical", features=CAST),
    "a list": KEYWORDS.format(parameters="inputs", features="inputs[0]"),
    "sequential": SEQUENTIAL.format(first="keras.Input((len(signature.numeric),), name='numeric'), "),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_users_model_becomes_onnx_and_a_saved_model(
    name: str, fit_own: Callable[..., Fitted], mixed: Dataset, tmp_path: Path
) -> None:
    """Writing the SavedModel compares it with model.onnx on the test rows."""
    fitted, data = fit_own(MODELS[name], mixed), TrainingData(mixed)
    model = fitted.onnx_bytes(data)
    (tmp_path / "model.onnx").write_bytes(model)
    prediction = Scorer(tmp_path / "model.onnx", Signature.of(mixed.schema, data.signature.inputs)).predict(
        data.feeds("validation")
    )
    assert compare(fitted.validation, prediction, 1.0) <= 1e-6
    assert fitted.onnx_bytes(data) == model
    assert set(fitted.files(data, 0.5)) == {
        "model.safetensors",
        "saved_model/1/saved_model.pb",
        "saved_model/1/variables/variables.data-00000-of-00001",
        "saved_model/1/variables/variables.index",
    }


def test_a_table_of_numbers_alone_needs_no_names(fit_own: Callable[..., Fitted], iris: Dataset) -> None:
    fitted = fit_own(SEQUENTIAL.format(first=""), iris)
    assert fitted.network.takes == ("numeric",)
    assert fitted.files(TrainingData(iris), 0.5)
    feeds = feeds_from_table(iris.table("validation"), fitted.splits.signature.inputs)
    assert fitted.validation.shape == (len(next(iter(feeds.values()))), 3)


TORCH = "from torch import nn\n\ndef build_model(signature):\n    return nn.Linear(3, 1)\n"
FROZEN = (
    IN_ORDER.replace("return keras.Model", "model = keras.Model") + "    model.trainable = False\n    return model\n"
)
NARROW = SEQUENTIAL.format(first="keras.Input((3,), name='numeric'), ")
UNNAMED = IN_ORDER.replace("(len(signature.numeric),)", "(len(signature.numeric),), name='{first}'")


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("def build_model(signature):\n    return 3\n", "build_model", "must return a keras.Model .* but gave int"),
        ("def build_model(signature):\n    1 / 0\n", "build_model", "raised ZeroDivisionError"),
        (TORCH, "build_model", "torch.nn.Module, Linear"),
        (NARROW, "build_model", r"numeric float32 \[rows, 10\]"),
        (SEQUENTIAL.format(first="keras.Input((3,), name='other'), "), "network_inputs", "takes .'other'."),
        (SEQUENTIAL.format(first=""), "network_inputs", "'numeric' and 'categorical', or one of them"),
        (UNNAMED.replace("{first}", "categorical"), "network_inputs", "takes .'categorical', "),
        (IN_ORDER.replace("signature.outputs", "5"), "network_outputs", r"must give \[rows, 2\], but gives \[2, 5\]"),
        ("import keras\n", "build_model", "must define build_model"),
        (FROZEN, "build_model", "weights that its outputs depend on"),
        (
            KEYWORDS.format(parameters="numeric", features="1 / 0 if training else numeric"),
            "build_model",
            "training=True",
        ),
    ],
)
def test_a_model_that_does_not_fit_is_refused(
    fit_own: Callable[..., Fitted], mixed: Dataset, text: str, code: str, message: str
) -> None:
    with pytest.raises(TrainingError, match=message) as caught:
        fit_own(text, mixed)
    assert (caught.value.code, bool(caught.value.remedy)) == (code, True)


def test_a_keras_model_is_no_torch_module(source: Callable[[str], str], tensors: Any, section: Any) -> None:
    from sevenfold.training.pytorch.fit import fit
    from sevenfold.training.pytorch.model import Model

    own = Model(load_source(source(SEQUENTIAL.format(first=""))))
    with pytest.raises(TrainingError, match=r"must return a torch\.nn\.Module, but gave a keras\.Model, Seq") as caught:
        fit(tensors, section, "roc_auc", model=own)
    assert caught.value.remedy == "Write training.framework: tensorflow."


RANDOM = """
import keras

class Noise(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.seeds = keras.random.SeedGenerator(3)

    def call(self, values):
        return values + keras.random.normal(keras.ops.shape(values), seed=self.seeds)

def build_model(signature):
    numeric = keras.Input((len(signature.numeric),), name="numeric")
    return keras.Model(numeric, keras.layers.Dense(signature.outputs)(Noise()(numeric)))
"""


def test_a_model_that_guesses_is_refused(fit_own: Callable[..., Fitted], mixed: Dataset) -> None:
    """Random numbers when predicting: no file can agree with that."""
    fitted, data = fit_own(RANDOM, mixed), TrainingData(mixed)
    with pytest.raises(TrainingError) as caught:
        fitted.files(data, 0.5)
    assert caught.value.code in ("not_exportable", "saved_model_differs")
    assert np.isfinite(fitted.score)
