"""What builds the network: the built-in one, or the user's Keras model, called with the inputs that it takes."""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sevenfold.contracts.errors import SevenfoldError, TrainingError
from sevenfold.plan.training import TrainingSection
from sevenfold.training.edges import bin_edges
from sevenfold.training.settings import NetworkSettings, split_settings
from sevenfold.training.source import Source, load_source
from sevenfold.training.tensorflow.library import keras, tensorflow
from sevenfold.training.tensorflow.rows import Splits

__all__ = ["INPUTS", "Model", "Network", "build"]

INPUTS: Final = ("numeric", "categorical")
PROBED: Final = 2  # rows of the first call


@dataclass(frozen=True)
class Model:
    """The built-in network, or the user's where there is a `source`."""

    source: Source | None = None

    @classmethod
    def of(cls, section: TrainingSection) -> Model:
        """Load what the section names.

        Raises:
            MissingExtraError: if TensorFlow is not installed.
            TrainingError: as `load_source`.
        """
        if not section.source:
            return cls()
        keras()  # a source that imports Keras finds it on TensorFlow
        return cls(load_source(section.source))


@dataclass(frozen=True)
class Network:
    """A Keras model and the inputs that it takes: both, or one of `INPUTS`, in its own order.

    `form` says how it is called: ``functional`` with its own structure of inputs, ``keywords`` by name, ``list`` with
    all of them in one list, ``single`` with the one that it takes.
    """

    model: Any
    takes: tuple[str, ...]
    form: str

    def __call__(self, numeric: Any, categorical: Any, *, training: bool = False) -> Any:
        """Return what the model gives for float32 ``[rows, N]`` and int64 ``[rows, C]``."""
        given = [{"numeric": numeric, "categorical": categorical}[name] for name in self.takes]
        if self.form == "functional":
            return self.model(keras().tree.pack_sequence_as(self.model.input, given), training=training)
        if self.form == "keywords":
            return self.model(*given[:1], **dict(zip(self.takes[1:], given[1:], strict=True)), training=training)
        return self.model(given if self.form == "list" else given[0], training=training)

    @property
    def trainable(self) -> list[Any]:
        """The variables that the optimiser changes."""
        return list(self.model.trainable_variables)

    @property
    def variables(self) -> dict[str, Any]:
        """All variables by number and path, those of random generators and running means included."""
        return {f"{index:03d}.{one.path}": one for index, one in enumerate(self.model.variables)}


def build(model: Model, splits: Splits, settings: Mapping[str, Any], seed: int) -> Network:
    """Build the network for the rows, under names that do not depend on what this process built before.

    Raises:
        TrainingError: ``build_model`` where the user's function fails, gives something else than a Keras model, or a
            model that does not take the rows; ``network_inputs``; ``network_outputs``.
    """
    keras().utils.clear_session(free_memory=False)
    _, own = split_settings(settings)
    if model.source is None:
        from sevenfold.training.tensorflow.network import TabularNetwork

        checked = NetworkSettings.read(own)
        edges = bin_edges(splits.train.numeric, checked.bins)
        signature = splits.signature
        made = TabularNetwork(edges, signature.cardinalities, signature.outputs, checked, seed)
        return Network(made, INPUTS, "list")
    network = _network(_built(model.source, splits, own), model.source.name, splits)
    _probe(network, model.source.name, splits)
    return network


def _built(source: Source, splits: Splits, own: Mapping[str, Any]) -> Any:
    try:
        built = source.build_model(splits.signature, **own)
    except SevenfoldError:
        raise
    except Exception as error:
        raise TrainingError(
            "build_model",
            f"build_model of {source.name} must return a network, but raised {type(error).__name__}: {error}",
            remedy="Mend it; it is called as build_model(signature, **settings).",
        ) from error
    if isinstance(built, keras().Model):
        return built
    torch = sys.modules.get("torch")
    foreign = torch is not None and isinstance(built, torch.nn.Module)
    raise TrainingError(
        "build_model",
        f"build_model of {source.name} must return a keras.Model where training.framework is tensorflow, "
        f"but gave {'a torch.nn.Module, ' if foreign else ''}{type(built).__name__}.",
        remedy="Write training.framework: pytorch." if foreign else "Return a keras.Model.",
    )


def _network(model: Any, name: str, splits: Splits) -> Network:
    """Say which inputs a model takes, by their names, or in the order numeric, categorical where it names none."""
    there = [one for one, width in zip(INPUTS, _widths(splits), strict=True) if width]
    declared = _declared(model)
    if declared is not None:
        takes = _matched([tensor.name for tensor in declared], there, name)
        functional = isinstance(model, keras().Sequential)
        return Network(model, takes, "single" if functional else "functional")
    parameters = [one for one in inspect.signature(model.call).parameters if one in INPUTS]
    if parameters:
        return Network(model, tuple(parameters), "keywords")
    if isinstance(model, keras().Sequential):
        return Network(model, _matched([""], there, name), "single")
    return Network(model, INPUTS, "list")


def _declared(model: Any) -> list[Any] | None:
    """Return the input tensors of a functional or sequential model; None where it shows them only when called."""
    try:
        inputs = model.inputs
    except (AttributeError, ValueError):
        return None
    return list(inputs) if inputs else None


def _matched(names: Sequence[str], there: Sequence[str], model: str) -> tuple[str, ...]:
    if names and set(names) <= set(INPUTS) and len(set(names)) == len(names):
        return tuple(names)
    if not set(names) & set(INPUTS):
        if len(names) == len(INPUTS):
            return INPUTS
        if len(names) == len(there) == 1:
            return tuple(there)
    raise TrainingError(
        "network_inputs",
        f"The model of {model} must take 'numeric' and 'categorical', or one of them, but takes {list(names)[:5]}.",
        remedy="Name its inputs: keras.Input((N,), name='numeric'), keras.Input((C,), dtype='int64', "
        "name='categorical').",
    )


def _widths(splits: Splits) -> tuple[int, int]:
    return splits.train.numeric.shape[1], splits.train.categorical.shape[1]


def _probe(network: Network, name: str, splits: Splits) -> None:
    """Call the model once with rows of the table, which also makes the variables of one that shows no inputs."""
    rows = splits.train.take(np.arange(PROBED) % len(splits.train))
    tf = tensorflow()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras says that a layer has no build(), and builds it
            shape = tuple(network(tf.constant(rows.numeric), tf.constant(rows.categorical)).shape)
    except SevenfoldError:
        raise
    except Exception as error:
        numeric, categorical = _widths(splits)
        raise TrainingError(
            "build_model",
            f"The model of {name} must take numeric float32 [rows, {numeric}] and categorical int64 "
            f"[rows, {categorical}], but raised {type(error).__name__}: {_first_line(error)}",
            remedy="Give its inputs these widths and types; len(signature.numeric) and len(signature.categorical).",
        ) from error
    if shape != (PROBED, splits.signature.outputs):
        raise TrainingError(
            "network_outputs",
            f"The model of {name} must give [rows, {splits.signature.outputs}], but gives {list(shape)} for "
            f"{PROBED} rows.",
            remedy="End it with a layer of signature.outputs units, without softmax.",
        )


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or ["no message"])[0][:300]
