"""The fleet on one machine: every model that was promoted here, since when, and what its loop decided last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sevenfold.report import Table
from sevenfold.report.format_value import Cell, format_score

__all__ = ["FleetModel", "fleet_table"]


@dataclass(frozen=True, kw_only=True)
class FleetModel:
    """One model: its serving bundle, since when, its score, and its loop; `last` is "" where nothing watches it."""

    name: str
    bundle: str
    promoted: str
    metric: str = ""
    score: float | None = None
    retrainings: int = 0
    last: str = ""
    person_needed: bool = False


def fleet_table(models: Sequence[FleetModel]) -> Table:
    """Return a row per model, by name."""
    rows: list[tuple[Cell, ...]] = [
        (
            one.name,
            one.bundle,
            one.promoted,
            None if one.score is None else f"{one.metric} {format_score(one.score)}",
            one.retrainings,
            one.last or "nothing watches it",
        )
        for one in models
    ]
    return Table(
        title="All models of this machine",
        columns=("Model", "Serving", "Promoted (UTC)", "On its test rows", "Retrainings", "Decided last"),
        rows=tuple(rows),
        levels=tuple("bad" if one.person_needed else None for one in models),
        stacked=True,
    )
