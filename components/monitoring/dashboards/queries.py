"""PromQL that several dashboards share: selectors of what was chosen, and rates of requests."""

from __future__ import annotations

from typing import Final

from sevenfold.drift import telemetry
from sevenfold.drift.telemetry import Metric

__all__ = [
    "ALERTING",
    "CHOSEN",
    "chosen",
    "failed_share",
    "latency",
    "quantile",
    "rate",
    "refused_share",
    "requests",
    "share",
]

CHOSEN: Final = 'namespace=~"$namespace", model=~"$model"'
# What is absent has no model, so an alert without one is everybody's.
ALERTING: Final = 'alertname=~"Sevenfold.+", alertname!="SevenfoldWatchdog", alertstate="firing", model=~"$model|"'
_WINDOW: Final = "[$__rate_interval]"


def chosen(series: Metric | str, more: str = "", *, ending: str = "") -> str:
    """Return the selector of a metric or a recorded series of the chosen models, with further matchers."""
    return f"{series}{ending}{{{CHOSEN}{', ' if more else ''}{more}}}"


def rate(metric: Metric, by: str, more: str = "") -> str:
    """Return how fast a counter rises in a second, added up by these labels."""
    return _by(by, f"rate({chosen(metric, more)}{_WINDOW})")


def requests(by: str, codes: str = "") -> str:
    """Return requests a second, by these labels; `codes` is a regular expression of their status."""
    return rate(telemetry.REQUESTS, by, f'code=~"{codes}"' if codes else "")


def share(part: str, whole: str) -> str:
    """Return a share, and nothing where there is nothing to have a share of."""
    return f"{part} / ({whole} > 0)"


def failed_share(by: str) -> str:
    """Return the share of requests that got a 5xx, by these labels."""
    return share(requests(by, "5.."), requests(by))


def refused_share(by: str) -> str:
    """Return the share of requests that got a 4xx, by these labels."""
    return share(requests(by, "4.."), requests(by))


def quantile(q: float, by: str = "") -> str:
    """Return a quantile of the seconds of a request, by these labels."""
    buckets = chosen(telemetry.REQUEST_SECONDS, ending="_bucket")
    return f"histogram_quantile({q:g}, {_by(f'{by}, le' if by else 'le', f'rate({buckets}{_WINDOW})')})"


def latency(q: float, by: str = "") -> str:
    """Return the same where there was a request; without one Prometheus computes NaN."""
    return f"{quantile(q, by)} >= 0"


def _by(labels: str, expression: str) -> str:
    return f"sum by ({labels}) ({expression})" if labels else f"sum({expression})"
