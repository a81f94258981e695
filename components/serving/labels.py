"""The labels that a service gives: of the class that testing counted for the row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.scoring.scores import predicted_classes

__all__ = ["wrong_labels"]


def wrong_labels(
    served: Sequence[str], tested: NDArray[Any], classes: Sequence[str], *, threshold: float, within: float
) -> int:
    """Return how many served labels name another class than the tested one.

    All are wrong where there is not one per row. Rows are left out where the difference that is allowed between served
    and tested probabilities may change the class.

    Args:
        served: a label per row.
        tested: probabilities `[n, C]`, float64.
        classes: in their order.
        threshold: of the bundle; only two classes use it.
        within: the largest difference of probabilities that is allowed.
    """
    if len(served) != len(tested):
        return len(tested)
    ranked = np.sort(tested, axis=1)
    apart = np.abs(tested[:, 1] - threshold) if tested.shape[1] == 2 else ranked[:, -1] - ranked[:, -2]
    expected = np.array(classes, dtype=object)[predicted_classes(tested, threshold=threshold)]
    differs = np.array(list(served), dtype=object) != expected
    return int((differs & (apart > 2 * within)).sum())
