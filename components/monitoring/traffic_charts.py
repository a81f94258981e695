"""Charts of traffic: how long requests took, as the predictor counted them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sevenfold.drift.counters import latency_quantile
from sevenfold.monitoring.replay import Replayed
from sevenfold.report import Chart, Fact, Facts
from sevenfold.report import charts as draw
from sevenfold.report.model import Block

__all__ = ["traffic_blocks", "traffic_facts", "worst_p99"]


def worst_p99(replayed: Sequence[Replayed]) -> float:
    """Return the 99th percentile of one-row requests in the slowest window, in seconds; NaN without such requests."""
    quantiles = [latency_quantile(part.singles, 0.99) for part in replayed if part.singles.requests]
    return max((value for value in quantiles if math.isfinite(value)), default=math.nan)


def traffic_facts(replayed: Replayed) -> list[Block]:
    """Return what a predictor was asked and how it answered; one that was asked nothing says so."""
    counted, p99 = replayed.counted, worst_p99([replayed])
    if not counted.requests:
        return [Facts(facts=(Fact(label="requests", value=0, hint="none since the predictor started"),))]
    return [
        Facts(
            facts=(
                Fact(label="requests", value=round(counted.requests), hint=replayed.label),
                Fact(label="rows predicted", value=round(counted.rows)),
                Fact(
                    label="failed requests",
                    value=round(counted.errors),
                    level="bad" if counted.errors else "good",
                    hint="answered with 5xx",
                ),
                Fact(
                    label="99th percentile",
                    value=round(p99 * 1000, 2) if math.isfinite(p99) else None,
                    unit="ms",
                    hint="of the time of a request",
                ),
            )
        )
    ]


def traffic_blocks(replayed: Sequence[Replayed]) -> list[Block]:
    """Return charts of the time of one-row requests; none without requests."""
    parts = [part for part in replayed if part.counted.requests]
    if not parts:
        return []
    rows = [
        {"window": part.label, "ms": latency_quantile(part.singles, q) * 1000, "of one row": name}
        for name, q in (("median", 0.5), ("95th percentile", 0.95), ("99th percentile", 0.99))
        for part in parts
        if part.singles.requests
    ]
    blocks: list[Block] = []
    if rows and len(parts) > 1:
        blocks.append(
            draw.lines(
                "Latency of one row",
                rows,
                "window",
                "ms",
                "of one row",
                y_title="ms",
                y_zero=True,
                marked=True,
                alt="Median, 95th and 99th percentile of the request time, per window.",
            )
        )
    blocks.append(_latency(parts))
    return blocks


def _latency(parts: Sequence[Replayed]) -> Chart:
    total: dict[float, float] = {}
    for part in parts:
        for bound, count in (part.singles.buckets or part.counted.buckets).items():
            total[bound] = total.get(bound, 0.0) + count
    rows, below = [], 0.0
    for bound in sorted(total):
        name = f"≤ {bound * 1000:g} ms" if math.isfinite(bound) else "longer"
        rows.append({"time": name, "requests": total[bound] - below})
        below = total[bound]
    used = [index for index, row in enumerate(rows) if row["requests"]]
    kept = rows[used[0] : used[-1] + 1] if used else rows
    return draw.bars(
        "Requests by time",
        kept,
        "time",
        "requests",
        value_title="requests",
        alt="Requests of one row by the time they took, as the predictor counted them.",
    )
