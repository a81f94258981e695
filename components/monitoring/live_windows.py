"""Live windows: the traffic of one bundle on all pods, from Prometheus's counters, in the windows of the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sevenfold.drift import telemetry
from sevenfold.drift.counters import Samples, Scrape, scrape_of
from sevenfold.drift.prometheus import PrometheusClient, selector
from sevenfold.drift.promql import window_increase
from sevenfold.drift.stability import Counts
from sevenfold.drift.verdict import WindowDrift
from sevenfold.monitoring.live_labels import LiveLabels
from sevenfold.monitoring.replay import Replayed
from sevenfold.monitoring.visibility import Visibility

__all__ = ["JudgedRows", "LiveTraffic", "live_windows"]

# The series that are read, and the labels that each is summed by.
READ: Final = (
    *(
        (metric.name, metric.own_labels)
        for metric in (
            telemetry.FEATURE_BINS,
            telemetry.PREDICTION_BINS,
            telemetry.REQUESTS,
            telemetry.PREDICTIONS,
            telemetry.NONFINITE,
        )
    ),
    (f"{telemetry.REQUEST_SECONDS}_bucket", ("le",)),
)


@dataclass(frozen=True)
class JudgedRows:
    """The verdicts on windows of rows, the rows per bin of each window and feature, and a description of the rows."""

    windows: list[WindowDrift]
    counts: dict[str, dict[str, Counts]]
    what: str


@dataclass(frozen=True)
class LiveTraffic:
    """What Prometheus knows of a served bundle; where it did not answer, `fault` says why and the rest is empty."""

    judged: JudgedRows
    counted: list[Replayed]
    visibility: Visibility | None
    fault: str = ""
    labels: LiveLabels | None = None  # None also where no labels are fed back

    @property
    def known(self) -> bool:
        """Whether the present traffic is known; traffic counted before the bundle disappeared gives no verdict."""
        return self.visibility is not None and self.visibility.scraped and bool(self.counted)


def live_windows(
    client: PrometheusClient, *, namespace: str, model: str, bundle: str, minutes: int, windows: int, now: float
) -> list[Replayed]:
    """Return the counters of the last windows, the oldest first; windows without the bundle are left out.

    A window is the same difference of counters as in the recording rules.

    Args:
        client: of the Prometheus that scrapes the predictors.
        namespace: the predictors' namespace.
        model: the served name.
        bundle: the bundle's label.
        minutes: length of a window.
        windows: their number, counted back from `now`.
        now: seconds since the epoch, by Prometheus's clock.

    Raises:
        TemporaryError, MonitoringError: as the client does.
    """
    traffic = []
    labels = {"namespace": namespace, "model": model, "bundle": bundle}
    for back in reversed(range(windows)):
        counted = _window(client, labels, minutes, now - back * minutes * 60)
        if counted is not None:
            traffic.append(Replayed.of_traffic(_label(back, minutes), counted))
    return traffic


def _window(client: PrometheusClient, labels: dict[str, str], minutes: int, at: float) -> Scrape | None:
    samples: dict[str, Samples] = {}
    for metric, by in READ:
        rises = window_increase(selector(metric, labels), minutes)
        series = client.query(f"sum by ({', '.join(by)}) ({rises})", at=at)
        samples[metric] = {tuple(one.labels.get(name, "") for name in by): one.value for one in series}
    if not samples[str(telemetry.REQUESTS)]:
        return None
    return scrape_of(labels["model"], labels["bundle"], samples)


def _label(back: int, minutes: int) -> str:
    if back == 0:
        return f"last {minutes} minutes"
    return f"{back * minutes} to {(back + 1) * minutes} minutes ago"
