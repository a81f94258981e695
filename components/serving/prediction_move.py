"""Whether a version's predictions moved from its reference, and whether the version is to blame for it."""

from __future__ import annotations

from typing import Final

from sevenfold.drift.stability import move_of
from sevenfold.serving.observed import Side

__all__ = ["blamed", "compared"]

# Predictions moved by chance in one good canary of a thousand; a move that users would hardly notice is not one.
SIGNIFICANCE: Final = 0.001
PSI: Final = 0.1
SHARE: Final = 0.1
BLAMED: Final = 2.0  # times as far as the stable version's predictions: the traffic alone does not explain it


def compared(side: Side, min_rows: int) -> Side:
    """Return counts with how far their predictions moved from the reference; fewer rows than `min_rows` stay as is."""
    prediction, reference = side.prediction, side.reference
    if side.rows < max(1, min_rows) or not any(reference.values()):
        return side
    bins = sorted(reference.keys() | prediction.keys())
    move = move_of(
        [prediction.get(name, 0) for name in bins], [reference.get(name, 0) for name in bins], significance=SIGNIFICANCE
    )
    moved = move.significant and move.large(psi=PSI, share=SHARE)
    return side.model_copy(update={"psi": round(move.psi, 4), "moved": moved})


def blamed(canary: Side, stable: Side | None) -> bool:
    """Whether the canary's predictions moved, and not, at least half as far, the stable version's on the same traffic.

    Where both moved alike, the traffic did.
    """
    if not canary.moved or canary.psi is None:
        return False
    if stable is None or not stable.moved or stable.psi is None:
        return True
    return canary.psi > BLAMED * stable.psi
