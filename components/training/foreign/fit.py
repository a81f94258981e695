"""Fit a model of another library by the user's `train`, or take one that is fitted already."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.canonical import canonical_json
from sevenfold.contracts.errors import SevenfoldError, TrainingError
from sevenfold.contracts.schema import Task
from sevenfold.plan.training import TrainingSection
from sevenfold.scoring.scorer import Prediction
from sevenfold.scoring.scores import score
from sevenfold.training.compare import compare
from sevenfold.training.data import Split, TrainingData
from sevenfold.training.epochs import defined_score
from sevenfold.training.foreign.adapt import adapted_bytes
from sevenfold.training.foreign.dataset import dataset_of
from sevenfold.training.foreign.inputs import InputForm, input_form
from sevenfold.training.foreign.outputs import OutputForm, output_form
from sevenfold.training.foreign.runtime import Runner, inputs_of, outputs_of
from sevenfold.training.protocol import Epoch, FittedModel
from sevenfold.training.source import Source

if TYPE_CHECKING:
    import onnx

__all__ = ["FittedForeign", "call_train", "check_export", "restored", "scored", "state_of"]

FORMAT: Final = 1
CHECKED: Final = 256  # rows on which each fit compares what it would export; training compares all
SIZE: Final = 8  # bytes that hold the length of a state's header


@dataclass(frozen=True)
class FittedForeign(FittedModel):
    """A model in ONNX as it was given, and how its inputs and outputs are read.

    `validation` is what that very graph predicts in ONNX Runtime, before anything was put around it.
    """

    model: onnx.ModelProto
    inputs: InputForm
    outputs: OutputForm
    predictions: NDArray[Any]

    @property
    def recorded(self) -> dict[str, Any]:
        """The settings as `train` got them, and nothing besides: one of its own may be called epochs."""
        return dict(self.settings)

    @property
    def validation(self) -> NDArray[Any]:
        """Probabilities ``[rows, classes]`` or values ``[rows]`` of the graph that was given."""
        return self.predictions

    def onnx_bytes(self, data: TrainingData) -> bytes:
        """Return `model.onnx`, the given graph between raw columns and prediction.

        Raises:
            TrainingError: as `adapted_bytes`.
        """
        return adapted_bytes(self.model, self.inputs, self.outputs, data)

    def files(self, data: TrainingData, threshold: float) -> Mapping[str, bytes]:
        """Return nothing: all that is known of the model stands in `model.onnx`."""
        return {}


def call_train(
    source: Source, data: TrainingData, section: TrainingSection, metric: str, settings: Mapping[str, Any]
) -> onnx.ModelProto:
    """Return what the user's function gives.

    Raises:
        TrainingError: ``train`` where it fails or gives no ModelProto; as `dataset_of`.
    """
    import onnx

    dataset = dataset_of(data, section, metric)
    try:
        with _seeded(section.seed):
            model = source.function(dataset, dict(settings))
    except SevenfoldError:
        raise
    except Exception as error:
        raise TrainingError(
            "train",
            f"train of {source.name} must return an onnx.ModelProto, but raised "
            f"{type(error).__name__}: {str(error)[:400]}",
            remedy="Mend it; it is called as train(dataset, settings).",
        ) from error
    if not isinstance(model, onnx.ModelProto):
        raise TrainingError(
            "train",
            f"train of {source.name} must return an onnx.ModelProto, but gave {type(model).__name__}.",
            remedy="Convert the fitted model, with skl2onnx or onnxmltools for instance.",
        )
    return model


def scored(
    model: onnx.ModelProto, data: TrainingData, metric: str, settings: Mapping[str, Any], *, threads: int = 1
) -> FittedForeign:
    """Return a model with its score on the validation rows, read as its inputs and outputs say.

    Raises:
        TrainingError: ``external_data``, ``model_graph``, ``model_inputs``, ``model_outputs``, ``loss_not_finite``,
            ``score_undefined``.
    """
    started = time.monotonic()
    rows = _Rows(model, data, threads)
    form = output_form(outputs_of(model), rows.outputs("validation"), data.signature)
    predicted = rows.predicted("validation", form)
    value = defined_score(metric, data.truth, predicted, data.rule)
    losses = [_loss(rows.predicted(split, form), data.target(split), data) for split in ("train", "validation")]
    if not np.isfinite(losses).all():
        raise TrainingError(
            "loss_not_finite",
            f"The losses on training and validation rows must be finite numbers, but are {losses[0]} and {losses[1]}.",
            remedy="Look for absurd values in the target and in what the model predicts.",
        )
    epoch = Epoch(1, losses[0], losses[1], value, time.monotonic() - started)
    return FittedForeign(
        settings=dict(settings),
        metric=metric,
        curve=(epoch,),
        best=epoch,
        stopped="epochs",
        size=model.ByteSize(),
        unit="bytes",
        model=model,
        inputs=rows.form,
        outputs=form,
        predictions=predicted,
    )


def check_export(fitted: FittedForeign, data: TrainingData) -> None:
    """Compare `model.onnx` with the graph that was given, on the first validation rows.

    Raises:
        TrainingError: ``not_exportable``, ``model_graph``, ``export_differs``.
    """
    import onnx

    feeds = {name: values[:CHECKED] for name, values in data.feeds("validation").items()}
    adapted = onnx.ModelProto.FromString(fitted.onnx_bytes(data))
    outputs = Runner(adapted).run(feeds, len(next(iter(feeds.values()))))
    numbers = outputs[-1]
    given = Prediction(values=numbers) if len(outputs) == 1 else Prediction(labels=outputs[0], probabilities=numbers)
    compare(fitted.validation[:CHECKED], given, data.transform.target.scale)


def state_of(fitted: FittedForeign) -> bytes:
    """Return a fitted model as bytes: a header with its epoch, and the graph."""
    header = canonical_json({"format": FORMAT, "epoch": asdict(fitted.best)}).encode()
    return len(header).to_bytes(SIZE, "little") + header + bytes(fitted.model.SerializeToString(deterministic=True))


def restored(content: bytes) -> onnx.ModelProto | None:
    """Return the graph of a state, or None where it is of another format."""
    import onnx

    end = SIZE + int.from_bytes(content[:SIZE], "little")
    if json.loads(content[SIZE:end]).get("format") != FORMAT:
        return None
    model: onnx.ModelProto = onnx.ModelProto.FromString(content[end:])
    return model


class _Rows:
    """The outputs of a model on the rows, each split once."""

    def __init__(self, model: onnx.ModelProto, data: TrainingData, threads: int) -> None:
        self._data, self._model, self._threads = data, model, threads
        self._runner = Runner(model, threads)
        self.form = input_form(inputs_of(model), data)
        self._known: dict[str, list[NDArray[Any]]] = {}

    def outputs(self, split: Split) -> list[NDArray[Any]]:
        if split not in self._known:
            raw = self._data.feeds(split)
            rows = len(next(iter(raw.values())))
            self._known[split] = self._runner.run(self.form.feeds(raw, self._data), rows)
        return self._known[split]

    @cached_property
    def _names(self) -> list[str]:
        return [port.name for port in outputs_of(self._model)]

    def predicted(self, split: Split, form: OutputForm) -> NDArray[Any]:
        return form.predicted(self.outputs(split)[self._names.index(form.port.name)])


def _loss(predicted: NDArray[Any], truth: NDArray[Any], data: TrainingData) -> float:
    """Return the mean loss in the unit of a network's: cross-entropy, or squared error of the standardised value."""
    if data.signature.task is Task.REGRESSION:
        return float(np.mean(((predicted - truth) / data.transform.target.scale) ** 2))
    return score("log_loss", truth, predicted)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed the generators of Python and numpy, which scikit-learn draws from by default, and restore them."""
    states = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed % 2**32)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
