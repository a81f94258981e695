"""The part of a report with a canary's evidence: both versions side by side, and what they predicted."""

from __future__ import annotations

import re

from sevenfold.plan.deployment import DeploymentSection
from sevenfold.report import Chart, Table
from sevenfold.report import charts as draw
from sevenfold.report.model import Block
from sevenfold.serving.observed import Observed, Side

__all__ = ["evidence_blocks"]

LAST = ("other", "unseen", "missing")


def evidence_blocks(observed: Observed | None, section: DeploymentSection) -> list[Block]:
    """Return a table of what each version counted, and charts of its predictions beside its reference's.

    None, where nothing was counted, gives no blocks.
    """
    if observed is None:
        return []
    sides = [("canary", observed.canary)] + ([("stable", observed.stable)] if observed.stable else [])
    blocks: list[Block] = [_table(sides, section)]
    return blocks + [_chart(name, side) for name, side in sides if side.rows and any(side.reference.values())]


def _table(sides: list[tuple[str, Side]], section: DeploymentSection) -> Table:
    level, canary = section.service_level, section.canary
    return Table(
        title="What was counted",
        columns=("Version", "Bundle", "Pods", "Requests", "Failed", "Refused", "99th percentile", "Rows", "PSI"),
        rows=tuple(
            (
                name,
                side.bundle,
                side.pods,
                side.answered,
                _share(side.errors, side.answered),
                _share(side.refused, side.answered + side.refused),
                f"{side.latency_p99_ms:.3g} ms" if side.latency_p99_ms is not None else None,
                side.rows,
                round(side.psi, 3) if side.psi is not None else None,
            )
            for name, side in sides
        ),
        caption=f"Users' requests since the canary got its share, of all pods; replayed rows are not among them. "
        f"Allowed: {level.error_rate:.2%} failed, {level.latency_p99_ms:g} ms, {canary.max_slowdown:g} times the "
        "stable version's time. PSI is how far the predictions moved from the bundle's own reference; 0 is not at all.",
    )


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.2%})" if whole else "0"


def _chart(name: str, side: Side) -> Chart:
    counts = {"reference": side.reference, "now": side.prediction}
    bins = sorted((b for b in side.reference.keys() | side.prediction.keys() if _counted(b, counts)), key=_position)
    points = [
        {"bin": bin_name, "share": rows.get(bin_name, 0) / (sum(rows.values()) or 1), "rows": series}
        for bin_name in bins
        for series, rows in counts.items()
    ]
    return draw.bars(
        f"What the {name} version predicts",
        points,
        "bin",
        "share",
        "rows",
        value_title="share of rows",
        percent=True,
        alt=f"Shares per bin of the {name} version's predictions, of {side.rows} rows and of its reference.",
    )


def _counted(bin_name: str, counts: dict[str, dict[str, int]]) -> bool:
    return any(rows.get(bin_name) for rows in counts.values())


def _position(bin_name: str) -> tuple[int, float, str]:
    """Order bins as a reference does: ``below 3``, ``3 to 5``, ``5 and above``, then the fixed ones."""
    if bin_name in LAST:
        return 2, LAST.index(bin_name), ""
    below = bin_name.startswith("below ")
    number = re.match(r"(?:below )?(-?[\d.]+(?:e[+-]?\d+)?)", bin_name)
    return (0 if below else 1), float(number[1]) if number else 0.0, bin_name
