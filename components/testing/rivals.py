"""Rivals: the models a candidate must not be worse than."""

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
    """The model now serving, or the best ever promoted; `why` tells what stops its bundle from being opened."""

    kind: Literal["serving", "best"]
    bundle: Bundle | None
    why: str = ""


def rivals_of(registry: Registry, metric: str) -> list[Rival]:
    """Return what serves now and the best bundle ever promoted by `metric`; once if they are the same.

    The best is among them so that many small losses, each within the margin, cannot add up.
    """
    current, best = registry.current(), registry.best(metric, higher_is_better=higher_is_better(metric))
    found = [_opened("serving", current, registry)] if current else []
    if best and (current is None or best.bundle != current.bundle):
        found.append(_opened("best", best, registry))
    return found


def _opened(kind: Literal["serving", "best"], record: Record, registry: Registry) -> Rival:
    try:
        return Rival(kind, registry.bundle(record.bundle))
    except SevenfoldError as error:
        return Rival(kind, None, f"its kept copy cannot be read: {error.message}")
