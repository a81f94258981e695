"""Figures of a predictor that served the golden bundle, as many rows as a test says."""

from __future__ import annotations

import time

from tested_run import GOLDEN, LABEL

from sevenfold.contracts.bundle import Bundle
from sevenfold.drift.counters import Scrape
from sevenfold.serving.cloud_metrics.figures import Figures

REFERENCE = Bundle.open(GOLDEN).reference()


def predicted(rows: int, *, moved: bool = False, drifted: str = "", moment: float | None = None) -> Figures:
    """Rows spread as the reference is; predictions may all be in its last bin but one, and a feature in its first."""
    bins = REFERENCE.prediction
    assert bins is not None
    shares = [count / sum(bins.counts) for count in bins.counts]
    if moved:
        shares = [0.0 if number != len(shares) - 2 else 1.0 for number in range(len(shares))]
    counts = {name: float(round(rows * share)) for name, share in zip(bins.names, shares, strict=True)}
    counts[bins.names[1]] += rows - sum(counts.values())
    seen = {(name, bin_name): count for name in REFERENCE.features for bin_name, count in spread(name, rows).items()}
    seen |= {(drifted, name): count for name, count in spread(drifted, rows, first=True).items()} if drifted else {}
    scrape = Scrape("demo", LABEL, bins=seen, prediction=counts, rows=rows, buckets={1.0: 0.0, float("inf"): 0.0})
    return Figures(time.time() if moment is None else moment, scrape, 0.0, REFERENCE)


def spread(feature: str, rows: int, *, first: bool = False) -> dict[str, float]:
    """Rows of a feature, spread as the reference is, or all in its first bin."""
    bins = REFERENCE.features[feature]
    shares = [float(not number) for number in range(len(bins.names))] if first else [n / bins.rows for n in bins.counts]
    return {name: float(round(rows * share)) for name, share in zip(bins.names, shares, strict=True)}
