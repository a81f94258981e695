"""Rivals: the promoted models that a candidate must not be worse than."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.errors import SevenfoldError
from sevenfold.contracts.registry import Record, Registry
from sevenfold.plan.metrics import higher_is_better

__all__ = ["Rival", "rivals_of"]


@dataclass(frozen=True)
class Rival:
    """The model now serving, or the best ever promoted; `reason` says why its bundle cannot be opened."""

    kind: Literal["serving", "best"]
    bundle: Bundle | None
    reason: str = ""


def rivals_of(registry: Registry, metric: str) -> list[Rival]:
    """Return the model now serving and the best one ever promoted by `metric`, once if they are the same.

    The best is included so that many small losses, each within the margin, cannot add up.
    """
    current, best = registry.current(), registry.best(metric, higher_is_better=higher_is_better(metric))
    rivals = [_opened("serving", current, registry)] if current else []
    if best and (current is None or best.bundle != current.bundle):
        rivals.append(_opened("best", best, registry))
    return rivals


def _opened(kind: Literal["serving", "best"], record: Record, registry: Registry) -> Rival:
    try:
        return Rival(kind, registry.bundle(record.bundle))
    except SevenfoldError as error:
        return Rival(kind, None, f"its kept copy cannot be read: {error.message}")
