"""Figures of a predictor that served the golden bundle, as many rows as a test says."""

from __future__ import annotations

import time

from tested_run import GOLDEN, LABEL

from sevenfold.contracts.bundle import Bundle
from sevenfold.drift.counters import Scrape
from sevenfold.serving.cloud_metrics.figures import Figures

REFERENCE = Bundle.open(GOLDEN).reference()


def predicted(rows: int, *, moved: bool = False, moment: float | None = None) -> Figures:
    """Rows that are spread as the reference is, or all in its last bin but one."""
    bins = REFERENCE.prediction
    assert bins is not None
    shares = [count / sum(bins.counts) for count in bins.counts]
    if moved:
        shares = [0.0 if number != len(shares) - 2 else 1.0 for number in range(len(shares))]
    counts = {name: float(round(rows * share)) for name, share in zip(bins.names, shares, strict=True)}
    counts[bins.names[1]] += rows - sum(counts.values())
    scrape = Scrape("demo", LABEL, prediction=counts, rows=rows, buckets={1.0: 0.0, float("inf"): 0.0})
    return Figures(time.time() if moment is None else moment, scrape, 0.0, REFERENCE)
