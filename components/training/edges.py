"""Where the pieces of a number's encoding begin and end, the same for the networks of every framework."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["bin_edges"]

MAX_PIECES: Final = 4_096  # of all numbers together, so that a wide table keeps a small first layer
ROWS_PER_PIECE: Final = 20
NARROWEST: Final = 1e-6  # of a column's span


def bin_edges(numeric: NDArray[np.float32], bins: int) -> list[NDArray[np.float32]]:
    """Return the ascending edges of each column's pieces, at quantiles of its values ``[n, N]``.

    A column gets at most `bins` pieces, fewer where values repeat, where a piece would hold fewer than 20 rows or
    where all columns together would pass 4 096; a constant column gets one. Edges are values that occur.
    """
    rows, columns = numeric.shape
    bins = max(1, min(bins, rows // ROWS_PER_PIECE, MAX_PIECES // max(columns, 1)))
    # quantiles that occur: a value between two that do would be a piece nothing falls into
    positions = np.linspace(0, rows - 1, bins + 1).round().astype(np.int64)
    all_edges = []
    for column in numeric.T:
        edges = _apart(np.unique(np.sort(column)[positions]))
        if len(edges) == 1:
            edges = np.array([edges[0], edges[0] + max(1.0, abs(edges[0]))], dtype=np.float32)
        all_edges.append(edges)
    return all_edges


def _apart(edges: NDArray[np.float32]) -> NDArray[np.float32]:
    """Drop edges nearer to the one before than a millionth of the span: a step that steep is noise."""
    exact = edges.astype(np.float64)
    least = max(NARROWEST * (exact[-1] - exact[0]), float(np.finfo(np.float32).tiny))
    kept = np.concatenate(([True], np.diff(exact) > least))
    return edges[kept]
