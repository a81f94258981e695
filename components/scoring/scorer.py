"""The scorer: a bundle's `model.onnx` in ONNX Runtime, the same for testing, serving and replay."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import IntegrityError, MissingExtraError, ServingError
from sevenfold.contracts.schema import Task
from sevenfold.contracts.signature import Signature

__all__ = ["Prediction", "Scorer"]

ERRORS_ONLY: Final = 3  # ONNX Runtime's log level


@dataclass(frozen=True)
class Prediction:
    """The model's output for n rows.

    Classification fills `labels` (str objects, ``[n]``) and `probabilities` (float32 ``[n, classes]``), regression
    fills `values` (float64 ``[n]``); the others are None.
    """

    labels: NDArray[np.object_] | None = None
    probabilities: NDArray[np.float32] | None = None
    values: NDArray[np.float64] | None = None


class Scorer:
    """A loaded model.

    Args:
        model_path: the ONNX file; it must be complete in itself, external data is refused.
        signature: what the model takes and gives; the graph is checked against it.
        threads: CPU threads of one prediction.
        sha256: ``sha256:…`` the very bytes that are loaded must have; empty checks nothing.

    Raises:
        IntegrityError: ``digest_mismatch``.
        ServingError: ``model_unreadable`` or ``signature_mismatch``.
    """

    def __init__(self, model_path: Path, signature: Signature, *, threads: int = 1, sha256: str = "") -> None:
        self.signature = signature
        content = model_path.read_bytes()
        if sha256 and "sha256:" + hashlib.sha256(content).hexdigest() != sha256:
            raise IntegrityError("digest_mismatch", f"{model_path.name} must be the sealed file, but is another.")
        self._session = _session(content, threads)
        self._classification = signature.task is not Task.REGRESSION
        self._outputs = [output.name for output in self._session.get_outputs()]
        self._inputs = frozenset(node.name for node in self._session.get_inputs())
        self._check()

    def predict(self, feeds: Mapping[str, NDArray[Any]]) -> Prediction:
        """Score the rows of `feeds`, as `scoring.feeds` makes them.

        Raises:
            ServingError: ``nonfinite_output`` where an output is NaN or infinite, ``model_failed``.
        """
        if feeds.keys() != self._inputs:
            feeds = {name: feeds[name] for name in self._inputs if name in feeds}
        try:
            outputs = self._session.run(self._outputs, feeds)
        except Exception as error:
            raise ServingError("model_failed", f"The model must score the row, but: {str(error)[:300]}") from error
        numbers = outputs[-1]
        # one sum is cheaper than a check of every value, and as reliable for probabilities
        if not math.isfinite(numbers.sum()) and not np.isfinite(numbers).all():
            raise ServingError(
                "nonfinite_output",
                "The model's output must be finite, but holds NaN or infinity.",
                remedy="Serve the last good bundle: the weights of this one are damaged.",
            )
        if self._classification:
            return Prediction(labels=outputs[0], probabilities=numbers)
        return Prediction(values=numbers)

    def _check(self) -> None:
        wanted = self.signature.graph_inputs
        outputs = 2 if self._classification else 1
        if not self._inputs <= wanted or len(self._outputs) != outputs:
            raise ServingError(
                "signature_mismatch",
                f"The model must take the signature's columns and give {outputs} output(s), "
                f"but takes {sorted(self._inputs - wanted)[:5]} besides and gives {self._outputs[:5]}.",
            )


def _session(content: bytes, threads: int) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("onnxruntime", "serve") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = ERRORS_ONLY
    # a waiting thread that spins would take the CPU of the next request
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ServingError(
            "model_unreadable", f"model.onnx must be a model that ONNX Runtime loads, but: {str(error)[:300]}"
        ) from error
