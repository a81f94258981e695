"""Scrape a predictor: read its counters from its own `/metrics` page."""

from __future__ import annotations

from sevenfold.contracts.errors import MissingExtraError, MonitoringError
from sevenfold.drift import telemetry
from sevenfold.drift.counters import Scrape, scrape_of
from sevenfold.scoring.client import InferenceClient

__all__ = ["read_metrics", "scrape"]


def scrape(client: InferenceClient, bundle: str) -> Scrape:
    """Return what the predictor has counted so far of the bundle with this label; raises what `read_metrics` does."""
    return read_metrics(client.metrics(), model=client.model, bundle=bundle)


def read_metrics(text: str, *, model: str, bundle: str) -> Scrape:
    """Read a predictor's `/metrics`.

    Args:
        text: the page, in the Prometheus text format.
        model: the served name.
        bundle: the bundle's label (`telemetry.bundle_label`); series of other bundles are ignored.

    Raises:
        MonitoringError: ``bad_metrics`` if it cannot be parsed, ``no_series`` if it has no series of this bundle.
        MissingExtraError: if prometheus-client is not installed.
    """
    try:
        from prometheus_client.parser import text_string_to_metric_families
    except ImportError as error:
        raise MissingExtraError("prometheus-client", "monitor") from error
    samples: dict[str, dict[tuple[str, ...], float]] = {}
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.labels.get("model") == model and sample.labels.get("bundle", bundle) == bundle:
                    key = tuple(value for name, value in sorted(sample.labels.items()) if name not in telemetry.SHARED)
                    samples.setdefault(sample.name, {})[key] = sample.value
    except (ValueError, KeyError, IndexError) as error:
        raise MonitoringError(
            "bad_metrics",
            f"/metrics must be in the Prometheus text format, but is not: {str(error)[:200]}",
            remedy="Check that the address is a predictor's.",
        ) from error
    if telemetry.PREDICTIONS.name not in samples:
        raise MonitoringError(
            "no_series",
            f"The predictor must count rows of model {model!r}, bundle {bundle!r}, but has no such series.",
            remedy="Check which bundle it serves.",
        )
    return scrape_of(model, bundle, samples)
