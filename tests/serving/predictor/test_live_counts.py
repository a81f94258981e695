"""Drift counts: equal to counting every row alone, whatever the batches, and bounded in number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from predictor_requests import read_metrics

from sevenfold.contracts.schema import Column, Kind, Role, Schema, Task
from sevenfold.contracts.signature import Signature
from sevenfold.drift.bins import bin_of, build_reference, count_bins, prediction_values
from sevenfold.drift.live_counts import DriftCounter
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Prediction
from sevenfold.serving.predictor.meter import Meter
from sevenfold.serving.predictor.model import ServedModel


@pytest.fixture(scope="module")
def model(sample: Any) -> ServedModel:
    return ServedModel.load(sample.bundle.folder)


def cut(feeds: Any, start: int, stop: int) -> Any:
    return {name: values[start:stop] for name, values in feeds.items()}


def by_hand(model: ServedModel, feeds: Any) -> dict[str, list[int]]:
    """Count value by value."""
    counted = {}
    for name, bins in model.reference.features.items():
        counts = [0] * len(bins.names)
        missing = feeds.get(f"{name}:missing", np.zeros(len(feeds[name]), dtype=bool))
        for value, absent in zip(feeds[name].tolist(), missing.tolist(), strict=True):
            counts[bin_of(bins, value, missing=absent)] += 1
        counted[name] = counts
    return counted


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.integers(1, 250), min_size=1, max_size=12))
def test_any_batches_add_up_to_the_rows(model: ServedModel, sample: Any, steps: list[int]) -> None:
    table = pa.concat_tables([sample.dataset.table("train")] * 8)
    feeds = feeds_from_table(table, model.signature.inputs)
    feeds["carrier"][::7] = "new"
    drift, start = DriftCounter(model.signature, model.reference), 0
    for step in steps:
        part = cut(feeds, start, start + step)
        drift.observe(part, model.predict(part), len(part["distance"]))
        start = min(start + step, table.num_rows - 1)
    seen = [cut(feeds, s, s + n) for s, n in zip(starts(steps, table.num_rows - 1), steps, strict=True)]
    whole = {name: np.concatenate([part[name] for part in seen]) for name in feeds}
    assert {name: drift.counts(name).tolist() for name in model.reference.features} == by_hand(model, whole)
    assert drift.rows == len(whole["distance"]) == drift.predicted().sum()
    assert drift.unknown()["carrier"] == (whole["carrier"] == "new").sum()


def starts(steps: list[int], most: int) -> list[int]:
    indices, at = [], 0
    for step in steps:
        indices.append(at)
        at = min(at + step, most)
    return indices


def test_categories_are_counted_alike_whether_their_texts_are_known_or_not() -> None:
    rng = np.random.default_rng(0)
    levels = {"short": ["a", "b"], "long": [f"level {n}" for n in range(40)], "single": ["x"]}
    inputs = {name: Column(kind=Kind.CATEGORY) for name in levels}
    rows = pa.table({name: rng.choice([*known, ""], 2_000) for name, known in levels.items()})
    target = Column(kind=Kind.NUMBER, role=Role.TARGET)
    schema = Schema(task=Task.REGRESSION, target="y", columns={**inputs, "y": target})
    reference = build_reference(rows, schema)
    signature = Signature(task=Task.REGRESSION, target="y", inputs=inputs)
    drift = DriftCounter(signature, reference)
    parts = []
    for size, strange in (
        (64, []),
        (500, []),
        (64, ["new"]),
        (200, ["new", "newer"]),
        (1_000, []),
        (3, ["new"]),
        (90, []),
    ):
        texts = {name: rng.choice([*known, "", *strange], size) for name, known in levels.items()}
        feeds = feeds_from_table(pa.table(texts), inputs)
        drift.observe(feeds, Prediction(values=np.zeros(size)), size)
        parts.append(feeds)
    for name, bins in reference.features.items():
        counted = count_bins(bins, np.concatenate([part[name] for part in parts]))
        assert drift.counts(name).tolist() == counted.tolist()
        assert 0 < drift.unknown()[name] == counted[-2] < drift.rows == counted.sum()


def test_out_of_range_names_the_rows(model: ServedModel, sample: Any) -> None:
    feeds = feeds_from_table(sample.dataset.table("train")[:5], model.signature.inputs) | {
        "distance": np.array([1e9, 500, np.nan, -1e9, 500]),
        "seats": np.array([200, 1e6, 200, np.nan, 200]),
        "air_time": np.full(5, 150.0),
    }
    drift = DriftCounter(model.signature, model.reference)
    prediction = model.predict(feeds)
    assert drift.observe(feeds, prediction, 5) == {"distance": [0, 3], "seats": [1]}
    assert (drift.out_of_range["distance"], drift.out_of_range["seats"]) == (2, 1)
    assert drift.observe(feeds, prediction, 5, replay=True) == {"distance": [0, 3], "seats": [1]}
    assert (drift.out_of_range["distance"], drift.rows) == (2, 5)


def test_two_replicas_add_up_to_one(model: ServedModel, sample: Any) -> None:
    feeds = feeds_from_table(sample.dataset.table("test"), model.signature.inputs)
    one, *two = (DriftCounter(model.signature, model.reference) for _ in range(3))
    for start in range(0, 300, 30):
        part = cut(feeds, start, start + 30)
        for counter in (one, two[start // 30 % 2]):
            counter.observe(part, model.predict(part), 30)
    for name in model.reference.features:
        np.testing.assert_array_equal(one.counts(name), two[0].counts(name) + two[1].counts(name))


@pytest.mark.parametrize("task", list(Task))
def test_every_series_is_there_from_the_start(samples: dict[Task, Any], task: Task) -> None:
    from prometheus_client import CollectorRegistry, generate_latest

    model = ServedModel.load(samples[task].bundle.folder)
    meter, drift = Meter("flights"), DriftCounter(model.signature, model.reference)
    meter.serve(model, drift)
    registry = CollectorRegistry()
    registry.register(meter)
    before = read_metrics(generate_latest(registry).decode())
    features, bins = model.reference.features, model.reference.prediction
    for name, feature in features.items():
        bin_names = {dict(pairs)["bin"] for (metric, pairs) in before if metric == "sevenfold_feature_bin_total"
                 and dict(pairs)["feature"] == name}  # fmt: skip
        assert bin_names == set(feature.names)
    assert bins is not None
    assert sum(metric == "sevenfold_prediction_bin_total" for metric, _ in before) == len(bins.names)
    feeds = feeds_from_table(samples[task].dataset.table("test"), model.signature.inputs)
    prediction = model.predict(feeds)
    drift.observe(feeds, prediction, 300)
    meter.request(200, 0.002)
    after = read_metrics(generate_latest(registry).decode())
    assert after.keys() == before.keys()
    counted = sum(value for (metric, _), value in after.items() if metric == "sevenfold_prediction_bin_total")
    assert counted == 300 == len(prediction_values(model.signature, prediction))
