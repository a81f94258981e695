"""Live windows: what Prometheus counted of one bundle on all pods, in the windows the rules judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sevenfold.drift import telemetry
from sevenfold.drift.counters import Samples, Scrape, scrape_of
from sevenfold.drift.prometheus import PrometheusClient, selector
from sevenfold.drift.promql import window_increase
from sevenfold.drift.stability import Counts
from sevenfold.drift.verdict import WindowDrift
from sevenfold.monitoring.replay import Replayed
from sevenfold.monitoring.sight import Sight
from sevenfold.monitoring.traffic import traffic_of

__all__ = ["Judged", "Live", "live_windows"]

# What is read, and the labels it is summed by, in the order of their names.
READ: Final = (
    (str(telemetry.FEATURE_BINS), ("bin", "feature")),
    (str(telemetry.PREDICTION_BINS), ("bin",)),
    (str(telemetry.REQUESTS), ("code",)),
    (f"{telemetry.REQUEST_SECONDS}_bucket", ("le",)),
    (str(telemetry.PREDICTIONS), ()),
    (str(telemetry.NONFINITE), ()),
)


@dataclass(frozen=True)
class Judged:
    """Windows of some rows, what they hold per bin, and what the rows are in words."""

    windows: list[WindowDrift]
    counts: dict[str, dict[str, Counts]]
    what: str


@dataclass(frozen=True)
class Live:
    """What Prometheus told of the served bundle; where it did not answer, `fault` says so and the rest is empty."""

    judged: Judged
    counted: list[Replayed]
    sight: Sight | None
    fault: str = ""

    @property
    def known(self) -> bool:
        """Whether anybody can tell now what users send; what was counted before the sight was lost is no verdict."""
        return self.sight is not None and self.sight.scraped and bool(self.counted)


def live_windows(
    client: PrometheusClient, *, namespace: str, model: str, bundle: str, minutes: int, windows: int, now: float
) -> list[Replayed]:
    """Return what was counted in the last windows, the oldest first; windows without the bundle are left out.

    A window is the same difference of counters as in the recording rules.

    Args:
        client: asks the Prometheus that scrapes the predictors.
        namespace: where they run.
        model: the served name.
        bundle: the bundle's label.
        minutes: length of a window.
        windows: how many, back from `now`.
        now: seconds since the epoch, by Prometheus's clock.

    Raises:
        TemporaryError, MonitoringError: as the client does.
    """
    found = []
    labels = {"namespace": namespace, "model": model, "bundle": bundle}
    for place in reversed(range(windows)):
        counted = _window(client, labels, minutes, now - place * minutes * 60)
        if counted is not None:
            found.append(traffic_of(counted, _label(place, minutes)))
    return found


def _window(client: PrometheusClient, labels: dict[str, str], minutes: int, at: float) -> Scrape | None:
    samples: dict[str, Samples] = {}
    for metric, by in READ:
        rises = window_increase(selector(metric, labels), minutes)
        series = client.query(f"sum by ({', '.join(by)}) ({rises})", at=at)
        samples[metric] = {tuple(one.labels.get(name, "") for name in by): one.value for one in series}
    if not samples[str(telemetry.REQUESTS)]:
        return None
    return scrape_of(labels["model"], labels["bundle"], samples)


def _label(place: int, minutes: int) -> str:
    if place == 0:
        return f"last {minutes} minutes"
    return f"{place * minutes} to {(place + 1) * minutes} minutes ago"
