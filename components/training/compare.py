"""Whether `model.onnx` predicts what the model itself predicts."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import TrainingError
from sevenfold.scoring.scorer import Prediction

__all__ = ["PROBABILITY_TOLERANCE", "VALUE_TOLERANCE", "compare"]

PROBABILITY_TOLERANCE: Final = 1e-6
VALUE_TOLERANCE: Final = 1e-5  # relative to the value, or to the target's scale where that is larger


def compare(expected: NDArray[Any], prediction: Prediction, scale: float) -> float:
    """Return the largest difference between the model and its file on the same rows.

    Args:
        expected: probabilities ``[n, classes]`` or values ``[n]`` of the model itself.
        prediction: of the file.
        scale: of the target's values: smaller values are compared relative to it.

    Raises:
        TrainingError: ``export_differs`` above 1e-6 (probabilities) or 1e-5 (values, relative).
    """
    if prediction.probabilities is None:
        values = np.asarray(expected, dtype=np.float64)
        size = np.maximum(np.abs(values), scale)
        difference, tolerance = np.abs(np.asarray(prediction.values) - values) / size, VALUE_TOLERANCE
    else:
        difference, tolerance = np.abs(prediction.probabilities - expected), PROBABILITY_TOLERANCE
    largest = float(difference.max(initial=0.0))
    if not largest <= tolerance:
        raise TrainingError(
            "export_differs",
            f"model.onnx must predict what the model predicts within {tolerance:g}, but differs by {largest:.3g}.",
            remedy="The model behaves differently once exported: look for random numbers or state in its forward.",
        )
    return largest
