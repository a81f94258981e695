"""Accepted clusters as a history: one mass edit, as OpenRefine itself records it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sevenfold.refine.clustering.clusters import Cluster

__all__ = ["Accepted", "history_of", "overlapping"]


@dataclass(frozen=True)
class Accepted:
    """A cluster, and the value that takes the place of its texts."""

    cluster: Cluster
    value: str


def overlapping(accepted: Sequence[Accepted], cluster: Cluster) -> str | None:
    """Return a text of the cluster that an accepted one holds already, None where there is none.

    Neighbours overlap, and a text cannot become two values.
    """
    held = {text for each in accepted for text in each.cluster.texts}
    return next((text for text in cluster.texts if text in held), None)


def history_of(
    column: str, accepted: Sequence[Accepted], before: Sequence[dict[str, Any]] = ()
) -> list[dict[str, Any]]:
    """Return the history that makes of each cluster's texts its value, after the operations `before`."""
    if not accepted:
        return list(before)
    edits = [
        {"from": list(each.cluster.texts), "fromBlank": False, "fromError": False, "to": each.value}
        for each in accepted
    ]
    return [
        *before,
        {
            "op": "core/mass-edit",
            "engineConfig": {"facets": [], "mode": "row-based"},
            "columnName": column,
            "expression": "value",
            "edits": edits,
            "description": f"Mass edit cells in column {column}",
        },
    ]
