"""A plain linear model beside every network: what the same rows and inputs give without one.

It takes the very inputs of the network: numbers standardised and cut at ten deviations, as in the transform, and a
weight per kept level of every category. Classes: logistic regression; values: ridge regression; both with the penalty
½‖w‖² on the sum of the rows' losses, the intercept free, as scikit-learn has them by default. Nothing is chosen by the
data but the weights, so that its score is a yardstick and not a second search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Task
from sevenfold.contracts.transform import CLIP
from sevenfold.training.linear.lbfgs import minimise
from sevenfold.training.pytorch.tensors import Rows, Tensors

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LinearModel", "fit_linear"]

Floats = NDArray[np.float32]
MAX_WEIGHTS: Final = 1_000_000  # beyond it the categories with the most levels are left out
MAX_WORK: Final = 10_000_000  # rows × inputs × outputs of one pass; of more rows a sample of as many is taken
MIN_ROWS: Final = 5_000  # that are taken in any case
MAX_ITERATIONS: Final = 100
LEAST_GRADIENT: Final = 1e-5  # of the mean loss, for a weight in its unit


@dataclass(frozen=True)
class LinearModel:
    """Weights of a linear model over the inputs of a network.

    Output ``k`` of a row is ``bias[k] + clip((numeric − center) / scale) · weights[:, k] + Σ_c levels[starts[c] +
    categorical[columns[c]], k]``: a logit per class, or the standardised value. `center` and `scale` are float32
    ``[N]``, `weights` ``[N, outputs]``, `levels` ``[Σ codes, outputs]``, `bias` ``[outputs]``. `columns` are the
    categorical inputs that are used, `rows` is how many rows it was fitted on.
    """

    center: Floats
    scale: Floats
    weights: Floats
    levels: Floats
    bias: Floats
    columns: tuple[int, ...]
    starts: tuple[int, ...]
    rows: int

    @property
    def finite(self) -> bool:
        """Whether every weight is a number."""
        return bool(all(np.isfinite(part).all() for part in (self.weights, self.levels, self.bias)))


def fit_linear(
    tensors: Tensors, *, seed: int = 7, penalty: float = 1.0, weights: NDArray[np.float64] | None = None
) -> LinearModel:
    """Fit a linear model to the training rows by L-BFGS, from zero, in float64.

    The same tensors, seed and number of torch's threads give the same weights, bit for bit, on one machine.

    Args:
        tensors: the rows, on the CPU.
        seed: chooses the rows where there are more than one pass may cost.
        penalty: what ½‖w‖² is multiplied with.
        weights: what a row of each class counts, ``[classes]``; a row that counts 2 is a row that stands twice. None
            where all count 1.
    """
    import torch

    outputs = 1 if len(tensors.signature.classes) <= 2 else len(tensors.signature.classes)
    rows = _sampled(tensors.train, outputs, seed)
    counts = None if weights is None else torch.from_numpy(weights)[rows.target]
    numeric, center, scale = _standard(rows.numeric, counts)
    columns, starts, count = _used(tensors.signature.cardinalities, numeric.shape[1], outputs)
    codes = (rows.categorical[:, list(columns)] + torch.tensor(starts, dtype=torch.int64)).flatten()
    split = numeric.shape[1]
    unit = _units(numeric, codes, count)

    def loss(flat: Tensor) -> Tensor:
        free = flat.view(-1, outputs)
        slopes = free[:-1] * unit
        given = numeric @ slopes[:split] + free[-1]
        if columns:
            given = given + slopes[split:].index_select(0, codes).view(len(numeric), len(columns), outputs).sum(1)
        loss = _mean_loss(given, rows.target, tensors.signature.task, counts)
        return loss + penalty * (slopes**2).sum() / (2 * len(rows))

    start = torch.zeros((split + count + 1) * outputs, dtype=torch.float64)
    fitted, _ = minimise(loss, start, iterations=MAX_ITERATIONS, gradient=LEAST_GRADIENT)
    free = fitted.view(-1, outputs)
    slopes, bias = (free[:-1] * unit).numpy(), free[-1].numpy()
    if tensors.signature.task is Task.BINARY:  # the logit of the first class is 0
        slopes, bias = np.pad(slopes, ((0, 0), (1, 0))), np.pad(bias, (1, 0))
    return LinearModel(
        center=center,
        scale=scale,
        weights=slopes[:split].astype(np.float32),
        levels=slopes[split:].astype(np.float32),
        bias=bias.astype(np.float32),
        columns=columns,
        starts=starts,
        rows=len(rows),
    )


def _mean_loss(given: Tensor, target: Tensor, task: Task, counts: Tensor | None) -> Tensor:
    """Return the sum of the rows' losses, each as often as it counts, over the number of rows."""
    from torch.nn import functional

    if task is Task.MULTICLASS:
        if counts is None:
            return functional.cross_entropy(given, target)
        return (functional.cross_entropy(given, target, reduction="none") * counts).mean()
    wanted = target.double()[:, None]
    if task is Task.BINARY:
        weight = None if counts is None else counts[:, None]
        return functional.binary_cross_entropy_with_logits(given, wanted, weight=weight)
    return functional.mse_loss(given, wanted) / 2


def _units(numeric: Tensor, codes: Tensor, count: int) -> Tensor:
    """Return the unit of each weight, ``[inputs, 1]``, in which the loss is about as steep in every direction."""
    import torch

    seen = torch.bincount(codes, minlength=count).double() / max(1, len(numeric))
    squares = torch.cat([(numeric**2).mean(0), seen]) + 1 / max(1, len(numeric))
    return squares.rsqrt()[:, None]


def _sampled(rows: Rows, outputs: int, seed: int) -> Rows:
    import torch

    inputs = max(1, rows.numeric.shape[1] + rows.categorical.shape[1])
    most = max(MIN_ROWS, MAX_WORK // (inputs * outputs))
    if len(rows) <= most:
        return rows
    generator = torch.Generator().manual_seed(seed)
    return rows.take(torch.randperm(len(rows), generator=generator)[:most].sort().values)


def _standard(numeric: Tensor, counts: Tensor | None) -> tuple[Tensor, Floats, Floats]:
    """Return the numbers standardised in float32, as the file does it, then float64; columns of 0 and 1 stay."""
    if numeric.shape[1] == 0:  # torch would warn
        nothing = np.empty(0, dtype=np.float32)
        return numeric.double(), nothing, nothing
    exact = numeric.double()
    flags = ((numeric == 0) | (numeric == 1)).all(0)
    if counts is None:
        mean, deviation = exact.mean(0), exact.std(0, correction=0)
    else:
        share = (counts / counts.sum())[:, None]
        mean = (exact * share).sum(0)
        deviation = ((exact - mean) ** 2 * share).sum(0).sqrt()
    center = mean.masked_fill(flags, 0.0).float()
    scale = deviation.masked_fill(flags, 1.0).float()
    scale = scale.where((scale > 0) & scale.isfinite(), 1.0)
    standard = ((numeric - center) / scale).clamp(-CLIP, CLIP)
    return standard.double(), center.numpy(), scale.numpy()


def _used(cardinalities: tuple[int, ...], numbers: int, outputs: int) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Return the categorical inputs that fit into `MAX_WEIGHTS`, where the levels of each start, and their number."""
    left, kept = MAX_WEIGHTS // outputs - numbers, list[int]()
    for index in sorted(range(len(cardinalities)), key=lambda column: (cardinalities[column], column)):
        if cardinalities[index] <= left:
            kept.append(index)
            left -= cardinalities[index]
    kept.sort()
    starts = [sum(cardinalities[other] for other in kept[:position]) for position in range(len(kept))]
    return tuple(kept), tuple(starts), sum(cardinalities[index] for index in kept)
