"""The reference: how the training rows were spread over the bins of each feature (`reference.json`).

Preparation writes it for the features, training adds the predictions; the predictor, the drift report and the rules
compare their counts with it.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from sevenfold.contracts.schema import FORMAT_VERSION

__all__ = ["FeatureBins", "Reference", "smallest_alike"]


_NORMAL: Final = (float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max))


def smallest_alike(edge: float) -> float:
    """Return the smallest float64 that becomes the same float32 as an edge does.

    An edge is a value of the table. The same value sent as float32, as most tensors and many Parquet files are, lies a
    little above or below it, and must fall into the same bin. Beyond float32's normal range it is the edge itself.
    """
    if not _NORMAL[0] <= abs(edge) <= _NORMAL[1]:
        return edge
    near = np.float32(edge)
    if near <= -_NORMAL[1]:
        return edge
    below = np.nextafter(near, np.float32(-np.inf))
    middle = (float(near) + float(below)) / 2
    return middle if np.float32(middle) == near else float(np.nextafter(middle, np.inf))


class FeatureBins(BaseModel):
    """The bins of one feature, and how many training rows fell into each.

    number   `edges` ascending; bin i holds ``edges[i-1] <= x < edges[i]``, with what float32 does not tell from an edge
             counted as the edge; the last bin is missing (NaN)
    category `levels`, the most frequent first, those seen ten times or more; the first ten have a bin each, then
             ``other`` (the rest of `levels`), ``unseen`` (any other text), ``missing`` ("")
    datetime by UTC hour, three at a time, or by weekday where every training value was a midnight; then ``missing``

    `names` and `counts` have one entry per bin. `low` and `high` are the smallest and largest training value of a
    number, None where there is none or the feature is sensitive.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: Literal["number", "category", "hour", "weekday"]
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    names: tuple[str, ...]
    counts: tuple[int, ...]
    low: float | None = None
    high: float | None = None

    @property
    def rows(self) -> int:
        """The number of training rows."""
        return sum(self.counts)

    @cached_property
    def index(self) -> dict[str, int]:
        """The bin of every known level, and of "" for missing."""
        last = len(self.names) - 3
        return {**{level: min(position, last) for position, level in enumerate(self.levels)}, "": len(self.names) - 1}

    @cached_property
    def edge_list(self) -> list[float]:
        """The edges, for the search of one value; each the smallest number that float32 does not tell from the edge."""
        return [smallest_alike(edge) for edge in self.edges]

    @cached_property
    def edge_array(self) -> NDArray[np.float64]:
        """`edge_list`, for the search of many values."""
        return np.array(self.edge_list, dtype=np.float64)

    @property
    def lowest(self) -> float:
        """The smallest number that is not below the training values, -inf where none is known."""
        return -math.inf if self.low is None else smallest_alike(self.low)

    @property
    def highest(self) -> float:
        """The largest number that is not above the training values, inf where none is known."""
        return math.inf if self.high is None else -smallest_alike(-self.high)


class Reference(BaseModel):
    """How the training rows were spread (`reference.json`), and how the model's predictions were."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = FORMAT_VERSION
    rows: int
    features: dict[str, FeatureBins]
    prediction: FeatureBins | None = None
