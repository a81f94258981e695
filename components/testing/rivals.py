"""Rivals: the promoted models that a candidate must not be worse than."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.earlier import Earlier
from sevenfold.contracts.errors import SevenfoldError
from sevenfold.contracts.registry import Record, Registry
from sevenfold.plan.metrics import higher_is_better

__all__ = ["Rival", "earlier_of", "rivals_of"]


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


def earlier_of(registry: Registry, rivals: Sequence[Rival], max_forgetting: float) -> tuple[Earlier | None, str]:
    """Return the dataset of the model that serves at this moment, whoever promoted it or put it back; or why not.

    Args:
        registry: of the promotions.
        rivals: as `rivals_of` returned them.
        max_forgetting: of the plan.
    """
    serving = next((rival.bundle for rival in rivals if rival.kind == "serving"), None)
    if serving is None:  # its own gate says why
        return None, ""
    try:
        folder = registry.dataset(serving.digest)
        kept = Dataset.open(folder, digest=serving.info.digests.get("dataset", ""))
    except SevenfoldError as error:
        return None, f"its dataset cannot be read: {error.message}"
    return Earlier(dataset=str(folder), digest=kept.digest, max_forgetting=max_forgetting), ""


def _opened(kind: Literal["serving", "best"], record: Record, registry: Registry) -> Rival:
    try:
        return Rival(kind, registry.bundle(record.bundle))
    except SevenfoldError as error:
        return Rival(kind, None, f"its kept copy cannot be read: {error.message}")
