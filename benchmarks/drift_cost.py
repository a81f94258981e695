"""What drift costs a predictor: CPU time of counting a value, and of a scrape of a model with 50 features."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, cast

import numpy as np
import pyarrow as pa

from sevenfold.contracts.bundle import BundleInfo
from sevenfold.contracts.reference import Reference
from sevenfold.contracts.schema import Column, Kind, Schema, Task
from sevenfold.contracts.signature import Signature
from sevenfold.drift.bins import build_reference, with_prediction
from sevenfold.drift.live_counts import DriftCounter
from sevenfold.scoring.feeds import Feeds, feeds_from_table
from sevenfold.scoring.scorer import Prediction

__all__ = ["KINDS", "counting", "scraping"]

KINDS: Final = {"numbers": Kind.NUMBER, "categories": Kind.CATEGORY, "dates": Kind.DATETIME}
LEVELS: Final = 40
FEATURES: Final = 20
WATCHED: Final = 50


def counting(kind: Kind, *, batch: int, batches: int) -> Callable[[], float]:
    """Return what counts batches of rows of 20 features of one kind, and returns nanoseconds of CPU per value.

    Categories take about 20 in most processes and about 29 in some: where the operating system happens to put CPython
    and the C library, each look-up of an equal text costs 9 more. With a fixed layout (``setarch -R``) it is gone.
    """
    signature, reference, feeds, predicted = _sample(kind, FEATURES, batch)
    counter = DriftCounter(signature, reference)

    def measure() -> float:
        started = time.process_time()
        for _ in range(batches):
            counter.observe(feeds, predicted, batch)
        counter.settle()
        return (time.process_time() - started) / (batches * batch * FEATURES) * 1e9

    return measure


def scraping(*, scrapes: int) -> Callable[[], float]:
    """Return what writes the metrics of a model with 50 features, and returns milliseconds of CPU per scrape."""
    from prometheus_client import CollectorRegistry, generate_latest

    from sevenfold.serving.predictor.meter import Meter
    from sevenfold.serving.predictor.model import ServedModel

    signature, reference, feeds, predicted = _sample(Kind.CATEGORY, WATCHED, 1_000)
    info = BundleInfo(
        name="m", framework="pytorch", package_version="0", signature=signature, settings={}, metrics={}, digests={}
    )
    counter = DriftCounter(signature, reference)
    counter.observe(feeds, predicted, 1_000)
    meter = Meter("m")
    meter.serve(ServedModel("m", "sha256:b", info, reference, cast(Any, None)), counter)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(meter)

    def measure() -> float:
        started = time.process_time()
        for _ in range(scrapes):
            generate_latest(registry) + meter.reference_text()
        return (time.process_time() - started) / scrapes * 1e3

    return measure


def _sample(kind: Kind, features: int, batch: int) -> tuple[Signature, Reference, Feeds, Prediction]:
    """Return a model of features of one kind, and a batch of rows with their predictions."""
    rng = np.random.default_rng(0)
    inputs = {f"f{number}": Column(kind=kind) for number in range(features)}
    table = pa.table({name: _values(kind, rng, max(batch, 5_000)) for name in inputs})
    signature = Signature(task=Task.REGRESSION, target="y", inputs=inputs)
    schema = Schema(task=Task.REGRESSION, target="y", columns={**inputs, "y": Column(kind=Kind.NUMBER)})
    predicted = Prediction(values=rng.normal(size=batch))
    reference = with_prediction(build_reference(table, schema, max_features=features), signature, predicted)
    return signature, reference, feeds_from_table(table.slice(0, batch), inputs), predicted


def _values(kind: Kind, rng: np.random.Generator, rows: int) -> Any:
    if kind is Kind.NUMBER:
        return rng.normal(size=rows)
    if kind is Kind.CATEGORY:
        return [f"level-{number}" for number in rng.integers(0, LEVELS, rows)]
    return pa.array(rng.integers(0, 10**15, rows), pa.timestamp("us", tz="UTC"))
