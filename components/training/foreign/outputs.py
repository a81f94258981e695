"""How the outputs of the model that `train` gave become the prediction of `model.onnx`.

What the outputs are is decided by their types and shapes, and checked on the validation rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Task
from sevenfold.contracts.signature import Signature
from sevenfold.training.foreign.labels import column_order
from sevenfold.training.foreign.runtime import Port

__all__ = ["OutputForm", "output_form"]

FLOATS: Final = ("FLOAT", "DOUBLE")
LABELS: Final = ("STRING", "INT64")
NEAR: Final = 1e-4  # of the sum of a row's probabilities: float32 sums of many classes
LOGITS, PROBABILITIES = "logits", "probabilities"


@dataclass(frozen=True)
class OutputForm:
    """What a model's outputs are.

    `port` is the output with the numbers. `logits` says that they go through a softmax. `order` is the column of each
    class; empty for a regression.
    """

    port: Port
    logits: bool = False
    order: tuple[int, ...] = ()

    @property
    def is_sorted(self) -> bool:
        """Whether the columns stand in the order of the classes."""
        return list(self.order) == sorted(self.order)

    def predicted(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """Return probabilities ``[rows, classes]`` in the order of the classes, or values float64 ``[rows]``."""
        if not self.order:
            return np.asarray(numbers.reshape(-1), dtype=np.float64)
        chosen = numbers[:, list(self.order)]
        return np.asarray(_softmax(chosen.astype(np.float64)) if self.logits else chosen)


def output_form(ports: Sequence[Port], outputs: Sequence[NDArray[Any]], signature: Signature) -> OutputForm:
    """Return what the outputs are.

    Args:
        ports: the outputs.
        outputs: what they are on the validation rows.
        signature: task and classes.

    Raises:
        TrainingError: ``model_outputs`` for outputs that are no prediction, or that could mean two things;
            ``loss_not_finite`` for a prediction that is no number.
    """
    if any(port.kind in ("sequence", "map") for port in ports):
        raise _refused(
            signature,
            f"the model gives {_listed(ports)}",
            "skl2onnx wraps probabilities into dictionaries: convert with options={'zipmap': False}.",
        )
    numbers = [index for index, port in enumerate(ports) if port.kind in FLOATS]
    labels = [index for index, port in enumerate(ports) if port.kind in LABELS]
    classes = len(signature.classes)
    allowed = 1 if classes else 0
    if len(numbers) != 1 or len(labels) > allowed or len(ports) > len(numbers) + len(labels):
        raise _refused(signature, f"the model gives {_listed(ports)}", "Take the other outputs off the graph.")
    port, values = ports[numbers[0]], outputs[numbers[0]]
    rows = len(outputs[0])
    shape = list(values.shape)
    if shape != [rows, classes] if classes else shape not in ([rows], [rows, 1]):
        remedy = "Two classes need two columns, the positive one last." if classes == 2 else ""
        raise _refused(signature, f"the model gives {port}, on {rows} rows {shape}", remedy)
    if not np.isfinite(values).all():
        raise TrainingError(
            "loss_not_finite",
            f"The model must predict finite numbers, but {port.name!r} is not finite on "
            f"{int((~np.isfinite(values)).reshape(rows, -1).any(axis=1).sum())} of {rows} validation rows.",
            remedy="A library that takes no missing values needs an imputer before it.",
        )
    if not classes:
        return OutputForm(port)
    logits = _are_logits(port, values, signature, bool(labels))
    if not labels:
        return OutputForm(port, logits, tuple(range(classes)))
    said = outputs[labels[0]]
    if said.size != rows:
        raise _refused(signature, f"the model gives {ports[labels[0]]}, on {rows} rows {list(said.shape)}")
    return OutputForm(port, logits, column_order(said.reshape(-1), values, signature.classes))


def _are_logits(port: Port, values: NDArray[Any], signature: Signature, labelled: bool) -> bool:
    """Decide between logits and probabilities; refuse what may be either."""
    between = bool((values >= -NEAR).all() and (values <= 1 + NEAR).all())
    summed = bool((np.abs(values.sum(axis=1) - 1) <= NEAR).all())
    if between and summed and port.name != LOGITS:
        return False
    state = f"{port.name!r} is from {values.min():.4g} to {values.max():.4g} on the validation rows, and a row sums to "
    state += f"{values.sum(axis=1).min():.4g} to {values.sum(axis=1).max():.4g}"
    if between and summed:
        raise _refused(signature, state, f"Call probabilities {PROBABILITIES!r}: a softmax would be put on logits.")
    if labelled or port.name == PROBABILITIES or (between and port.name != LOGITS):
        remedy = "Give probabilities (skl2onnx: raw_scores off, predict_proba of the model)"
        raise _refused(signature, state, f"{remedy}, or logits as the only output, called {LOGITS!r}.")
    return True


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _listed(ports: Sequence[Port]) -> str:
    return ", ".join(map(str, ports[:5])) or "no output"


def _refused(signature: Signature, state: str, remedy: str = "") -> TrainingError:
    count = len(signature.classes)
    rule = (
        "A regression model gives one output, FLOAT or DOUBLE [rows] or [rows, 1], in the target's own unit"
        if signature.task is Task.REGRESSION
        else f"A model of {count} classes gives probabilities or logits, FLOAT or DOUBLE [rows, {count}], and perhaps "
        "a label, STRING or INT64 [rows]"
    )
    return TrainingError("model_outputs", f"{rule}, but {state}.", remedy=remedy)
