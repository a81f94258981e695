"""Counters of one bundle's predictors: at one moment or between two scrapes, of one replica or of several summed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from sevenfold.contracts.reference import Reference
from sevenfold.drift import telemetry
from sevenfold.drift.stability import Counts, prediction_name

__all__ = ["Samples", "Scrape", "bin_counts", "latency_quantile", "scrape_of", "since", "summed"]

REFUSED: Final = ("400", "413", "415", "422")
Samples = Mapping[tuple[str, ...], float]  # by the values of a metric's own labels, in the order of `Metric.own_labels`


@dataclass(frozen=True)
class Scrape:
    """The counters of one bundle: of one replica at one moment, of several summed, or of the time between two scrapes.

    `bins` holds rows per (feature, bin), `prediction` per bin, `codes` requests per status, `buckets` requests per
    upper bound in seconds, cumulative, as Prometheus has them.
    """

    model: str
    bundle: str
    bins: dict[tuple[str, str], float] = field(default_factory=dict)
    prediction: dict[str, float] = field(default_factory=dict)
    codes: dict[str, float] = field(default_factory=dict)
    buckets: dict[float, float] = field(default_factory=dict)
    out_of_range: dict[str, float] = field(default_factory=dict)
    unknown: dict[str, float] = field(default_factory=dict)
    rows: float = 0.0
    nonfinite: float = 0.0

    @property
    def requests(self) -> float:
        """Requests answered, with whatever status."""
        return sum(self.codes.values())

    @property
    def errors(self) -> float:
        """Requests that failed on the predictor's side: 5xx."""
        return sum(count for code, count in self.codes.items() if code.startswith("5"))

    @property
    def refused(self) -> float:
        """Requests that the predictor did not accept as they were: 400, 413, 415 or 422."""
        return sum(self.codes.get(code, 0.0) for code in REFUSED)


def since(before: Scrape | None, after: Scrape) -> Scrape:
    """Return what was counted between two scrapes of one replica.

    Another bundle, or a counter that fell, means that the process restarted: then everything in `after` was counted
    since. What the old process counted after the first scrape is lost.
    """
    if before is None or before.bundle != after.bundle or _fell(before, after):
        return after
    return _combined(after, before, -1.0)


def summed(scrapes: Sequence[Scrape]) -> Scrape:
    """Return the counts of several replicas of one bundle together.

    Raises:
        ValueError: if there is no scrape, or if they are of several bundles.
    """
    if not scrapes or len({(scrape.model, scrape.bundle) for scrape in scrapes}) > 1:
        raise ValueError("scrapes of one model and bundle can be summed, and at least one")
    total = scrapes[0]
    for scrape in scrapes[1:]:
        total = _combined(total, scrape, 1.0)
    return total


def bin_counts(scrape: Scrape, reference: Reference) -> dict[str, Counts]:
    """Return rows per bin, in the order of the reference's bin names, of every feature and of the predictions."""
    counts: dict[str, Counts] = {
        name: np.array([scrape.bins.get((name, bin_name), 0.0) for bin_name in bins.names])
        for name, bins in reference.features.items()
    }
    if reference.prediction is not None:
        counted = np.array([scrape.prediction.get(name, 0.0) for name in reference.prediction.names])
        counts[prediction_name(reference.features)] = counted
    return counts


def latency_quantile(scrape: Scrape, quantile: float) -> float:
    """Return a quantile of the request time in seconds, as PromQL's `histogram_quantile` does; NaN without requests.

    Times are assumed to be spread evenly within a bucket; beyond the last finite bound, that bound is returned.
    """
    bounds = sorted(scrape.buckets)
    total = scrape.buckets[bounds[-1]] if bounds else 0.0
    if total <= 0:
        return math.nan
    rank, lower, below = quantile * total, 0.0, 0.0
    for index, bound in enumerate(bounds):
        count = scrape.buckets[bound]
        if count >= rank:
            if math.isinf(bound):
                return bounds[index - 1] if index else math.nan
            return bound if count == below else lower + (bound - lower) * (rank - below) / (count - below)
        lower, below = bound, count
    return lower


def scrape_of(model: str, bundle: str, samples: Mapping[str, Samples]) -> Scrape:
    """Return the counters of one bundle from its samples by name; absent ones are 0."""

    def series(metric: telemetry.Metric) -> Samples:
        return samples.get(metric.name, {})

    def single(metric: telemetry.Metric) -> dict[str, float]:
        return {key[0]: value for key, value in series(metric).items() if key}

    buckets = samples.get(telemetry.REQUEST_SECONDS.name + "_bucket", {})
    return Scrape(
        model=model,
        bundle=bundle,
        bins={(key[1], key[0]): value for key, value in series(telemetry.FEATURE_BINS).items()},
        prediction=single(telemetry.PREDICTION_BINS),
        codes=single(telemetry.REQUESTS),
        buckets={float(key[0]): value for key, value in buckets.items()},
        out_of_range=single(telemetry.OUT_OF_RANGE),
        unknown=single(telemetry.UNKNOWN_CATEGORIES),
        rows=sum(series(telemetry.PREDICTIONS).values()),
        nonfinite=sum(series(telemetry.NONFINITE).values()),
    )


_MAPS = ("bins", "prediction", "codes", "buckets", "out_of_range", "unknown")


def _combined(one: Scrape, other: Scrape, sign: float) -> Scrape:
    maps = {
        name: {
            key: getattr(one, name).get(key, 0.0) + sign * getattr(other, name).get(key, 0.0)
            for key in [*getattr(one, name), *(k for k in getattr(other, name) if k not in getattr(one, name))]
        }
        for name in _MAPS
    }
    rows, nonfinite = one.rows + sign * other.rows, one.nonfinite + sign * other.nonfinite
    return Scrape(model=one.model, bundle=one.bundle, rows=rows, nonfinite=nonfinite, **maps)


def _fell(before: Scrape, after: Scrape) -> bool:
    """Whether any counter is below what it was; a restart resets all of a process, so one is enough."""
    pairs: Iterable[tuple[float, float]] = (
        (value, getattr(after, name).get(key, 0.0)) for name in _MAPS for key, value in getattr(before, name).items()
    )
    return after.rows < before.rows or any(now < was for was, now in pairs)
