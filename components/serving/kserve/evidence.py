"""Evidence on a canary, from Prometheus: what it and the stable version counted over the same time."""

from __future__ import annotations

import math
from typing import Final

from sevenfold.drift import telemetry
from sevenfold.drift.counters import Scrape, latency_quantile, scrape_of
from sevenfold.drift.increase import LOOKBACK_SECONDS, last_values, pods_since, summed_rises
from sevenfold.drift.prometheus import PrometheusClient, selector
from sevenfold.drift.telemetry import bundle_label
from sevenfold.serving.judge import Evidence
from sevenfold.serving.observed import Observed, Side
from sevenfold.serving.prediction_move import blamed, compared

__all__ = ["evidence_of", "read_evidence"]

COUNTERS: Final = (
    str(telemetry.REQUESTS),
    f"{telemetry.REQUEST_SECONDS}_bucket",
    str(telemetry.PREDICTION_BINS),
)
REFERENCE: Final = str(telemetry.REFERENCE_PREDICTION_BINS)


def read_evidence(
    client: PrometheusClient,
    *,
    namespace: str,
    name: str,
    canary: str,
    stable: str | None,
    since: float,
    min_rows: int = 200,
) -> Observed:
    """Read what was counted on both versions since the canary got its share.

    The predictor counts no replayed rows, so these are users' requests. The canary is blamed for predictions that
    moved from its reference, unless the stable version's moved too on the same traffic, and at least half as far: then
    the traffic did.

    Args:
        client: asks the Prometheus that scrapes both.
        namespace: where they run.
        name: the served name, which is the plan's.
        canary: digest of its bundle.
        stable: digest of the bundle that served before, None where there is none.
        since: when the canary got its share, seconds since the epoch, by Prometheus's clock (`client.now()`).
        min_rows: fewer predictions are not compared.

    Raises:
        TemporaryError, MonitoringError: as the client does.
    """
    until = client.now()
    sides = [
        _side(client, namespace, name, bundle_label(digest), since, until, min_rows)
        for digest in (canary, stable)
        if digest
    ]
    beside = sides[1] if len(sides) > 1 and stable != canary else None
    return Observed(canary=sides[0], stable=beside, drifted=blamed(sides[0], beside))


def evidence_of(observed: Observed | None, *, waited_seconds: float, blind_seconds: float, gone: str) -> Evidence:
    """Return what the judge decides on; None where the metrics were never read."""
    canary, stable = (observed.canary, observed.stable) if observed else (Side(bundle=""), None)
    return Evidence(
        requests=canary.answered,
        errors=canary.errors,
        refused=canary.refused,
        latency_p99_ms=math.nan if canary.latency_p99_ms is None else canary.latency_p99_ms,
        drifted=observed is not None and observed.drifted,
        stable_requests=stable.answered if stable else 0,
        stable_refused=stable.refused if stable else 0,
        stable_p99_ms=math.nan if stable is None or stable.latency_p99_ms is None else stable.latency_p99_ms,
        waited_seconds=waited_seconds,
        blind_seconds=blind_seconds,
        gone=gone,
    )


def _side(
    client: PrometheusClient, namespace: str, name: str, bundle: str, since: float, until: float, min_rows: int
) -> Side:
    chosen = selector((*COUNTERS, REFERENCE), {"namespace": namespace, "model": name, "bundle": bundle})
    samples = client.samples(chosen, since=since - LOOKBACK_SECONDS, until=until)
    gauges = [series for series in samples if series.labels.get("__name__") == REFERENCE]
    counters = [series for series in samples if series.labels.get("__name__") != REFERENCE]
    counted = scrape_of(name, bundle, summed_rises(counters, since))
    reference = {key[0]: round(rows) for key, rows in last_values(gauges).get(REFERENCE, {}).items() if key}
    return _compared(counted, len(pods_since(counters, since)), reference, min_rows)


def _compared(counted: Scrape, pods: int, reference: dict[str, int], min_rows: int) -> Side:
    p99 = latency_quantile(counted, 0.99)
    prediction = {bin_name: round(rows) for bin_name, rows in counted.prediction.items()}
    side = Side(
        bundle=counted.bundle,
        pods=pods,
        answered=round(counted.codes.get("200", 0.0) + counted.errors),
        errors=round(counted.errors),
        refused=round(counted.refused),
        latency_p99_ms=round(p99 * 1000, 3) if math.isfinite(p99) else None,
        prediction=prediction,
        reference=reference,
    )
    return compared(side, min_rows)
