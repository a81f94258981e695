"""How long a fitted model takes for a prediction, and which trials no other one beats in score and in latency."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from sevenfold.scoring.scorer import Scorer
from sevenfold.training.data import TrainingData
from sevenfold.training.protocol import FittedModel
from sevenfold.tuning.study import Direction
from sevenfold.tuning.trial import Trial

__all__ = ["latency_ms", "pareto_set"]

CALLS: Final = 50
FIRST_CALLS: Final = 5  # which load and allocate


def latency_ms(fitted: FittedModel, data: TrainingData, rows: int) -> float:
    """Return the median wall time in milliseconds of a prediction by the model's `model.onnx`, in one thread.

    Args:
        fitted: the model; it is exported for this.
        data: whose validation rows are predicted, from the first one on and again where they are too few.
        rows: of one prediction.

    Raises:
        TrainingError: as `FittedModel.onnx_bytes`.
        ServingError: as `Scorer`.
    """
    feeds = data.once("validation feeds", lambda: dict(data.feeds("validation")))
    few = {name: np.resize(values, rows) for name, values in feeds.items()}
    with tempfile.TemporaryDirectory(prefix="sevenfold-latency-") as folder:
        path = Path(folder, "model.onnx")
        path.write_bytes(fitted.onnx_bytes(data))
        scorer = Scorer(path, data.signature)
    seconds = []
    for _ in range(FIRST_CALLS + CALLS):
        begun = time.perf_counter()
        scorer.predict(few)
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds[FIRST_CALLS:]) * 1_000


def pareto_set(trials: Sequence[Trial], direction: Direction) -> list[Trial]:
    """Return the complete trials that no other beats in one of score and latency and equals in the other.

    The fastest comes first; of trials with equal scores and latencies all are returned.
    """
    sign = -1.0 if direction == "maximize" else 1.0
    costs = [(trial.latency_ms, sign * (trial.score or 0.0), trial) for trial in trials if trial.latency_ms is not None]
    front: list[Trial] = []
    best: tuple[float, float] | None = None  # the lowest cost so far, and the latency that it had
    for latency, cost, trial in sorted(costs, key=lambda entry: (entry[0], entry[1], entry[2].number)):
        if best is None or cost < best[0] or (latency, cost) == (best[1], best[0]):
            front.append(trial)
            best = (cost, latency or 0.0)
    return front
