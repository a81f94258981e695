"""The loop over epochs, and what an epoch must give: the same for every kind of model that learns in epochs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.metrics import higher_is_better
from sevenfold.plan.threshold import ThresholdRule
from sevenfold.scoring.scores import score
from sevenfold.scoring.threshold import threshold_of
from sevenfold.training.protocol import Epoch, OnEpoch, Progress

__all__ = ["Ending", "defined_score", "finite_loss", "rank", "run_epochs"]


@dataclass(frozen=True)
class Ending:
    """How a fit ended: after which epoch, which was the best up to there, and why, as in `FittedModel.stopped`."""

    number: int
    best: Epoch
    stopped: str


def rank(metric: str, epoch: Epoch) -> tuple[float, float]:
    """Return what epochs are compared by, the larger the better: the score, then the validation loss."""
    return (epoch.score if higher_is_better(metric) else -epoch.score), -epoch.validation_loss


def run_epochs(
    curve: list[Epoch],
    add_epoch: Callable[[int], None],
    to_bytes: Callable[[], bytes | None],
    *,
    metric: str,
    max_epochs: int,
    patience: int,
    on_epoch: OnEpoch | None = None,
    progress: Progress | None = None,
    converged: Callable[[int], bool] = lambda number: False,
    loss_counts: bool = False,
) -> Ending:
    """Go on from the epochs in `curve` until the epochs, the patience or the caller end it.

    Patience is not lost in the first third of the epochs: rows of a later period are often scored well by a model that
    has hardly begun, then worse, then better again.

    Args:
        curve: the epochs so far, of a fit that was stopped; those that are added end up here.
        add_epoch: trains one more epoch, and appends it to `curve`.
        to_bytes: the state after the last epoch, or None if it cannot be kept.
        metric: decides which epoch is best.
        max_epochs: most epochs, at least 1.
        patience: epochs without a better one after which the fit stops.
        on_epoch: called for every epoch; ends the fit by returning False.
        progress: is offered the state after each new epoch.
        converged: whether the epoch of this number changed nothing any more.
        loss_counts: whether a lower validation loss keeps the fit going too.
    """
    number, stopped, best = 0, "epochs", None
    while number < max_epochs:
        number += 1
        if number > len(curve):
            add_epoch(number)
            if progress is not None:
                progress.offer(to_bytes)
        best = max(curve[:number], key=lambda epoch: rank(metric, epoch))
        if on_epoch is not None and not on_epoch(number, curve[number - 1].score):
            stopped = "pruned"
            break
        if converged(number):
            stopped = "converged"
            break
        lowest = min(curve[:number], key=lambda epoch: epoch.validation_loss).number if loss_counts else 0
        if number - max(best.number, lowest, max_epochs // 3) >= patience:
            stopped = "patience"
            break
    assert best is not None  # noqa: S101 - max_epochs is at least 1
    return Ending(number, best, stopped)


def finite_loss(loss: float, rows: str, epoch: int, learning_rate: float) -> float:
    """Return a loss that is a number.

    Raises:
        TrainingError: ``loss_not_finite``.
    """
    if math.isfinite(loss):
        return loss
    raise TrainingError(
        "loss_not_finite",
        f"The {rows} loss must be a finite number, but is {loss} in epoch {epoch}.",
        remedy=f"Lower training.settings.learning_rate, which is {learning_rate:g}, or look for absurd values of the "
        "target.",
    )


def defined_score(
    metric: str, truth: NDArray[Any], predicted: NDArray[Any], rule: ThresholdRule | None = None
) -> float:
    """Return the metric on the validation rows, at the threshold that `rule` chooses on them; None for 0.5.

    Raises:
        TrainingError: ``score_undefined`` where it has no value on them.
    """
    value = score(metric, truth, predicted, threshold=threshold_of(metric, truth, predicted, rule))
    if not math.isfinite(value):
        raise TrainingError(
            "score_undefined",
            f"{metric} must be defined on the validation rows, but is {value} on {len(truth)} rows.",
            remedy="Take more validation rows (every class must occur), or another testing.metric.",
        )
    return value
