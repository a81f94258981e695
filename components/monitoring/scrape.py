"""Scrape a predictor: read its counters from its own `/metrics` page, also those of labels that came back."""

from __future__ import annotations

from sevenfold.contracts.errors import MissingExtraError, MonitoringError
from sevenfold.drift import telemetry
from sevenfold.drift.concept import Labelled
from sevenfold.drift.counters import Scrape, scrape_of
from sevenfold.monitoring.label_scores import FEEDBACK, LabelCounts
from sevenfold.scoring.client import InferenceClient

__all__ = ["read_label_counts", "read_labels", "read_metrics", "scrape"]

Samples = dict[str, dict[tuple[str, ...], float]]


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
    return scrape_of(model, bundle, _samples(text, model, bundle))


def read_labels(text: str, *, model: str, bundle: str) -> Labelled | None:
    """Read what labels that came back say, since the predictor started; None where its port for labels is closed.

    Takes and raises what `read_metrics` does.
    """
    samples = _samples(text, model, bundle)

    def total(metric: telemetry.Metric) -> float | None:
        return sum(samples[metric.name].values()) if metric.name in samples else None

    rows = samples.get(telemetry.FEEDBACK_ROWS.name, {}).get(("scored",))
    if rows is None:
        return None
    return Labelled(
        rows,
        correct=total(telemetry.FEEDBACK_CORRECT),
        squared=total(telemetry.FEEDBACK_SQUARED),
        fourth=total(telemetry.FEEDBACK_FOURTH),
    )


def read_label_counts(text: str, *, model: str, bundle: str) -> LabelCounts:
    """Read every counter of labels that came back, since the predictor started; empty where its port is closed.

    Takes and raises what `read_metrics` does.
    """
    samples = _samples(text, model, bundle)
    return {metric.name: samples[metric.name] for metric in FEEDBACK if metric.name in samples}


def _samples(text: str, model: str, bundle: str) -> Samples:
    """Return the samples of a bundle's series, by name and the values of their own labels."""
    try:
        from prometheus_client.parser import text_string_to_metric_families
    except ImportError as error:
        raise MissingExtraError("prometheus-client", "monitor") from error
    samples: Samples = {}
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
    return samples
