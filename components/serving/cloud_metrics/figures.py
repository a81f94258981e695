"""The figures of a predictor at one moment: counters since its model was loaded, and the model they are about."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from sevenfold.drift.counters import Scrape
from sevenfold.drift.telemetry import BUCKETS

if TYPE_CHECKING:
    from sevenfold.contracts.reference import Reference
    from sevenfold.serving.predictor.meter import Meter

__all__ = ["Figures", "figures_of"]


@dataclass(frozen=True)
class Figures:
    """The counters that Prometheus would scrape at `moment`, in seconds since the epoch.

    `seconds` is the time of all requests together; `reference` holds the bins that the counters are of.
    """

    moment: float
    scrape: Scrape
    seconds: float
    reference: Reference


def figures_of(meter: Meter, moment: float) -> Figures | None:
    """Read the figures; None before a model serves. Called where requests are answered: it waits for nothing."""
    model, drift = meter.model, meter.drift
    if model is None or drift is None:
        return None
    drift.settle()
    bounds = (*BUCKETS, float("inf"))
    prediction: dict[str, float] = {}
    if drift.prediction_bins is not None:
        prediction = dict(zip(drift.prediction_bins.names, map(float, drift.predicted().tolist()), strict=True))
    scrape = Scrape(
        model=model.name,
        bundle=model.label,
        bins={
            (feature, name): float(count)
            for feature, bins in drift.bins.items()
            for name, count in zip(bins.names, drift.counts(feature).tolist(), strict=True)
        },
        prediction=prediction,
        codes={code: float(count) for code, count in meter.codes.items()},
        buckets=dict(zip(bounds, map(float, accumulate(meter.durations)), strict=True)),
        out_of_range={name: float(count) for name, count in drift.out_of_range.items()},
        unknown={name: float(count) for name, count in drift.unknown().items()},
        rows=float(drift.rows),
        nonfinite=float(meter.nonfinite),
    )
    return Figures(moment, scrape, meter.seconds, model.reference)
