"""For each alert: what makes it fire, and what is as near to that as can be without a reason to fire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from promtool import MINUTES, Series, rising, series, steps

from sevenfold.drift.chi_squared import chi_squared_quantile
from sevenfold.plan.monitoring import MonitoringSection

BINS = ("low", "middle", "high", "missing")
REFERENCE = (400, 300, 300, 0)
EVEN = (40, 30, 30, 0)  # rows per minute, spread as the reference is
MOVED = (10, 30, 60, 0)
DAY = 24 * 60


@dataclass(frozen=True)
class Case:
    """Series for which an alert fires at a minute, and series for which it does not."""

    fires: tuple[Series, ...]
    quiet: tuple[Series, ...]
    at: int = MINUTES


def counted(name: str, per_minute: Sequence[float], *, pod: str = "p", **labels: str) -> list[Series]:
    """Rows per bin."""
    return [
        series(name, rising(rate), bin=bin_name, pod=pod, **labels)
        for bin_name, rate in zip(BINS, per_minute, strict=True)
    ]


def referenced() -> list[Series]:
    """What the predictor exports of its reference."""
    limit, labels = (
        chi_squared_quantile(1 - MonitoringSection().significance, len(BINS) - 1),
        {"feature": "wind", "pod": "p"},
    )
    both = [
        series(name, steps((rows, MINUTES + 1)), bin=bin_name, **more)
        for name, more in (
            ("sevenfold_reference_feature_bin_rows", labels),
            ("sevenfold_reference_prediction_bin_rows", {"pod": "p"}),
        )
        for bin_name, rows in zip(BINS, REFERENCE, strict=True)
    ]
    return [*both, series("sevenfold_reference_chi_squared_limit", steps((limit, MINUTES + 1)), **labels)]


def features(per_minute: Sequence[float]) -> tuple[Series, ...]:
    """A feature whose rows are spread so."""
    return (*referenced(), *counted("sevenfold_feature_bin_total", per_minute, feature="wind"))


def predictions(per_minute: Sequence[float]) -> tuple[Series, ...]:
    """Predictions that are spread so."""
    return (*referenced(), *counted("sevenfold_prediction_bin_total", per_minute))


def requests(good: float, bad: float) -> tuple[Series, ...]:
    """Answers per minute."""
    rates = {"200": good, "500": bad}
    return tuple(series("sevenfold_requests_total", rising(rate), code=code) for code, rate in rates.items())


def durations(fast: float, slow: float) -> tuple[Series, ...]:
    """Answers per minute within 10 ms, and between 0.25 and 1 s."""
    bounds = {"0.01": fast, "0.25": fast, "1.0": fast + slow, "+Inf": fast + slow}
    return tuple(series("sevenfold_request_seconds_bucket", rising(rate), le=le) for le, rate in bounds.items())


def one(name: str, *parts: tuple[float, int], **labels: str) -> tuple[Series, ...]:
    """A single series that holds each level for so many minutes."""
    return (series(name, steps(*parts), **labels),)


CASES: dict[str, Case] = {
    "SevenfoldFeatureDrift": Case(features(MOVED), features(EVEN)),
    "SevenfoldPredictionDrift": Case(predictions(MOVED), predictions(EVEN)),
    "SevenfoldConstantPrediction": Case(predictions((0, 0, 100, 0)), predictions((2, 0, 98, 0))),
    "SevenfoldConfidenceCollapse": Case(predictions((3, 3, 94, 0)), predictions((20, 10, 70, 0))),
    "SevenfoldOutcomeNeverPredicted": Case(predictions((60, 40, 0, 0)), predictions((60, 39, 1, 0))),
    "SevenfoldNonFinitePrediction": Case(
        one("sevenfold_nonfinite_total", (3, 50), (4, 11)), one("sevenfold_nonfinite_total", (3, 61))
    ),
    "SevenfoldLatencyHigh": Case(durations(90, 10), durations(100, 0.5)),
    "SevenfoldErrorRateHigh": Case(requests(97, 3), requests(99.5, 0.5)),
    "SevenfoldNotReady": Case(one("sevenfold_ready", (1, 40), (0, 21)), one("sevenfold_ready", (1, 58), (0, 3))),
    "SevenfoldBundleRefused": Case(
        one("sevenfold_model_load_rejected_total", (3, 50), (4, 11), reason="integrity"),
        one("sevenfold_model_load_rejected_total", (3, 61), reason="integrity"),
    ),
}
# Prometheus's clock stands at 0 where a test begins.
RETRAIN_CASES: dict[str, Case] = {
    "SevenfoldRetrainPersonNeeded": Case(
        one("sevenfold_retrain_person_needed", (0, 40), (1, 21)),
        one("sevenfold_retrain_person_needed", (1, 40), (0, 21)),
    ),
    "SevenfoldRetrainUnfinished": Case(
        one("sevenfold_retrain_unfinished_since_timestamp_seconds", (600, DAY + 61)),
        one("sevenfold_retrain_unfinished_since_timestamp_seconds", (4_200, DAY + 61)),
        at=DAY + 60,
    ),
    "SevenfoldRetrainHearsNothing": Case(
        one("sevenfold_retrain_watchdog_timestamp_seconds", (600, 61)),
        (series("sevenfold_retrain_watchdog_timestamp_seconds", [minute // 5 * 300 for minute in range(61)]),),
    ),
}
