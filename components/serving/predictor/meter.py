"""The predictor's metrics for Prometheus: plain integers while it serves, series only when it is scraped."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from sevenfold.drift import telemetry
from sevenfold.drift.chi_squared import chi_squared_quantile
from sevenfold.serving.predictor.families import many, one
from sevenfold.serving.predictor.feedback_families import feedback_families

if TYPE_CHECKING:
    from prometheus_client.core import Metric as Family

    from sevenfold.contracts.reference import Reference
    from sevenfold.drift.feedback_counts import FeedbackCounter
    from sevenfold.drift.live_counts import DriftCounter
    from sevenfold.serving.predictor.model import ServedModel

__all__ = ["Meter"]


class Meter:
    """The figures of one predictor; a new bundle starts its own series at 0.

    `refused` counts bundles that were not loaded, by reason; it outlives them.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.refused = dict.fromkeys(telemetry.REFUSALS, 0)
        self.ready = False
        self._model: ServedModel | None = None
        self._drift: DriftCounter | None = None
        self._feedback: FeedbackCounter | None = None
        self._reset()

    def serve(self, model: ServedModel, drift: DriftCounter, feedback: FeedbackCounter | None = None) -> None:
        """Begin to report on a model that has just been loaded, and on what is fed back about it."""
        self._model, self._drift, self._feedback = model, drift, feedback
        self.name = model.name
        self._reset()

    @property
    def model(self) -> ServedModel | None:
        """The model that is reported on."""
        return self._model

    @property
    def drift(self) -> DriftCounter | None:
        """Its counts per bin."""
        return self._drift

    def request(self, code: int, seconds: float) -> None:
        """Count one request and how long it took."""
        self.codes[str(code)] += 1
        self.durations[bisect_left(telemetry.BUCKETS, seconds)] += 1
        self.seconds += seconds

    def _reset(self) -> None:
        self.codes = dict.fromkeys(telemetry.CODES, 0)
        self.durations = [0] * (len(telemetry.BUCKETS) + 1)
        self.seconds = 0.0
        self._reference_text = b""
        self.extra_fields = 0
        self.nonfinite = 0
        self.shed = 0

    def collect(self) -> Iterator[Family]:
        """Yield every series but those of `reference_text`, as prometheus_client asks its collectors to."""
        yield many(telemetry.MODEL_LOAD_REJECTED, [([self.name, why], n) for why, n in self.refused.items()])
        yield one(telemetry.READY, [self.name], self.ready)
        model, drift = self._model, self._drift
        if model is None or drift is None:
            return
        drift.settle()
        base = [model.name, model.label]
        yield one(
            telemetry.BUNDLE_INFO,
            [*base, model.digest, model.signature.task, model.info.framework, model.info.package_version],
            1,
        )
        yield many(telemetry.REQUESTS, [([*base, code], count) for code, count in self.codes.items()])
        yield self._seconds(base)
        yield one(telemetry.PREDICTIONS, base, drift.rows)
        yield one(telemetry.EXTRA_FIELDS, base, self.extra_fields)
        yield one(telemetry.NONFINITE, base, self.nonfinite)
        yield one(telemetry.SHED, base, self.shed)
        yield from _drift(base, drift)
        if self._feedback is not None:
            yield from feedback_families(base, model, self._feedback)

    def reference_text(self) -> bytes:
        """Return the series of the model's reference as Prometheus reads them: half of all, written out once."""
        if not self._reference_text and self._model is not None:
            from prometheus_client import CollectorRegistry, generate_latest

            registry = CollectorRegistry(auto_describe=False)
            registry.register(_Reference(self._model))
            self._reference_text = generate_latest(registry)
        return self._reference_text

    def _seconds(self, base: list[str]) -> Family:
        from prometheus_client.core import HistogramMetricFamily

        bounds = [*map(str, telemetry.BUCKETS), "+Inf"]
        metric = telemetry.REQUEST_SECONDS
        family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        buckets = list(zip(bounds, accumulate(self.durations), strict=True))
        family.add_metric(base, buckets=buckets, sum_value=self.seconds)
        return family


def _drift(base: list[str], drift: DriftCounter) -> Iterator[Family]:
    yield many(
        telemetry.FEATURE_BINS,
        [
            ([*base, feature, bin_name], count)
            for feature, bins in drift.bins.items()
            for bin_name, count in zip(bins.names, drift.counts(feature).tolist(), strict=True)
        ],
    )
    if drift.prediction_bins is not None:
        pairs = zip(drift.prediction_bins.names, drift.predicted().tolist(), strict=True)
        yield many(telemetry.PREDICTION_BINS, [([*base, bin_name], count) for bin_name, count in pairs])
    yield many(telemetry.UNKNOWN_CATEGORIES, [([*base, name], n) for name, n in drift.unknown().items()])
    yield many(telemetry.OUT_OF_RANGE, [([*base, name], n) for name, n in drift.out_of_range.items()])


@dataclass(frozen=True, eq=False)
class _Reference:
    """A collector of what never changes while a model serves."""

    model: ServedModel

    def collect(self) -> Iterator[Family]:
        return _reference([self.model.name, self.model.label], self.model.reference)


def _reference(base: list[str], reference: Reference) -> Iterator[Family]:
    features = reference.features
    yield one(telemetry.REFERENCE_ROWS, base, reference.rows)
    yield many(
        telemetry.REFERENCE_FEATURE_BINS,
        [
            ([*base, feature, bin_name], count)
            for feature, bins in features.items()
            for bin_name, count in zip(bins.names, bins.counts, strict=True)
        ],
    )
    if reference.prediction is not None:
        pairs = zip(reference.prediction.names, reference.prediction.counts, strict=True)
        yield many(telemetry.REFERENCE_PREDICTION_BINS, [([*base, bin_name], count) for bin_name, count in pairs])
    degrees = {name: max(len(bins.names) - 1, 1) for name, bins in features.items()}
    yield many(telemetry.REFERENCE_DEGREES, [([*base, name], count) for name, count in degrees.items()])
    level = 1 - telemetry.REFERENCE_LEVEL / max(len(features), 1)
    limits = [([*base, name], chi_squared_quantile(level, count)) for name, count in degrees.items()]
    yield many(telemetry.REFERENCE_CHI_SQUARED, limits)
