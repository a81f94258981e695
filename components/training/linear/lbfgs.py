"""L-BFGS (Nocedal 1980; Nocedal & Wright 2006, algorithm 7.5) for smooth convex functions.

``torch.optim.LBFGS`` does the same, and imports torch's compiler when it is first used: more CPU time than a fit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["minimise"]

MEMORY: Final = 20  # steps that are remembered
DESCENT: Final = 1e-4  # of the slope: what a step must bring at least (Armijo)
HALVINGS: Final = 30
CURVATURE: Final = 1e-12  # a step with less, relative to its length, says nothing of the curvature

Pair = tuple["Tensor", "Tensor", float]  # step, change of the gradient, 1 / their product


def minimise(
    loss: Callable[[Tensor], Tensor], start: Tensor, *, iterations: int, gradient: float
) -> tuple[Tensor, int]:
    """Return where a convex function is smallest, and the number of steps to it.

    Args:
        loss: a function of a vector with a gradient, bounded below.
        start: where to begin, float64 ``[n]``.
        iterations: most steps.
        gradient: the largest entry of the gradient at which to stop.
    """
    point, pairs = start.clone(), deque[Pair](maxlen=MEMORY)
    value, slope = _measured(loss, point)
    for number in range(iterations):
        if float(slope.abs().max()) <= gradient:
            return point, number
        direction = _direction(slope, pairs)
        falls = float(slope @ direction)
        size = 1.0 if pairs else min(1.0, 1.0 / float(slope.abs().sum()))
        for _ in range(HALVINGS):
            moved = point + size * direction
            new_value, new_slope = _measured(loss, moved)
            if new_value <= value + DESCENT * size * falls:
                break
            size /= 2
        else:
            return point, number  # rounding leaves nothing to gain
        step, change = moved - point, new_slope - slope
        product = float(step @ change)
        if product > CURVATURE * float(step @ step):
            pairs.append((step, change, 1 / product))
        point, value, slope = moved, new_value, new_slope
    return point, iterations


def _measured(loss: Callable[[Tensor], Tensor], point: Tensor) -> tuple[float, Tensor]:
    import torch

    given = point.clone().requires_grad_(True)
    value = loss(given)
    (slope,) = torch.autograd.grad(value, given)
    return float(value.detach()), slope


def _direction(slope: Tensor, pairs: deque[Pair]) -> Tensor:
    """Return minus the inverse curvature, as the remembered steps show it, times the slope."""
    direction, weights = -slope, []
    for step, change, inverse in reversed(pairs):
        weights.append(inverse * float(step @ direction))
        direction = direction - weights[-1] * change
    if pairs:
        _, change, inverse = pairs[-1]
        direction = direction / (inverse * float(change @ change))
    for (step, change, inverse), weight in zip(pairs, reversed(weights), strict=True):
        direction = direction + step * (weight - inverse * float(change @ direction))
    return direction
