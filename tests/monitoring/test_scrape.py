"""Counters: what is read, what happened between two scrapes, and replicas added up."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from sevenfold.contracts.errors import MonitoringError
from sevenfold.drift.concept import Labelled
from sevenfold.drift.counters import Scrape, latency_quantile, since, summed
from sevenfold.drift.telemetry import BUCKETS
from sevenfold.monitoring.scrape import read_labels, read_metrics

COUNTS = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(0, 1000).map(float))


def page(*, rows: int = 5, bundle: str = "b1", model: str = "m") -> str:
    registry = CollectorRegistry()
    base = {"model": model, "bundle": bundle}
    bins = Counter("sevenfold_feature_bin", "h", [*base, "feature", "bin"], registry=registry)
    bins.labels(**base, feature='a "quoted"\nname', bin="below 3").inc(2)
    bins.labels(**base, feature='a "quoted"\nname', bin="missing").inc(3)
    Counter("sevenfold_prediction_bin", "h", [*base, "bin"], registry=registry).labels(**base, bin="yes").inc(5)
    requests = Counter("sevenfold_requests", "h", [*base, "code"], registry=registry)
    requests.labels(**base, code="200").inc(7)
    requests.labels(**base, code="500").inc(1)
    Counter("sevenfold_predictions", "h", list(base), registry=registry).labels(**base).inc(rows)
    seconds = Histogram("sevenfold_request_seconds", "h", list(base), registry=registry, buckets=BUCKETS)
    for value in (0.0004, 0.002, 0.002, 0.3):
        seconds.labels(**base).observe(value)
    return generate_latest(registry).decode()


def test_what_prometheus_client_writes_is_read_whatever_the_names():
    scrape = read_metrics(page(), model="m", bundle="b1")
    assert scrape.bins == {('a "quoted"\nname', "below 3"): 2, ('a "quoted"\nname', "missing"): 3}
    assert scrape.prediction == {"yes": 5}
    assert (scrape.requests, scrape.errors, scrape.rows) == (8, 1, 5)
    assert scrape.buckets[0.0025] == 3
    assert scrape.buckets[math.inf] == 4


@pytest.mark.parametrize(("model", "bundle"), [("m", "b2"), ("other", "b1")])
def test_another_bundle_is_not_taken_for_this_one(model, bundle):
    with pytest.raises(MonitoringError, match="no such series") as caught:
        read_metrics(page(), model=model, bundle=bundle)
    assert caught.value.code == "no_series"


def test_a_page_that_is_no_metrics_page_is_refused():
    with pytest.raises(MonitoringError) as caught:
        read_metrics("<html><body>{not metrics}", model="m", bundle="b1")
    assert caught.value.code in ("bad_metrics", "no_series")


def scrape_of(counts: dict[str, float], *, bundle: str = "b1") -> Scrape:
    return Scrape(model="m", bundle=bundle, prediction=counts, rows=sum(counts.values()))


@given(COUNTS, COUNTS)
def test_between_two_scrapes_is_what_came_on_top(before, more):
    after = {key: before.get(key, 0) + more.get(key, 0) for key in {**before, **more}}
    difference = since(scrape_of(before), scrape_of(after))
    assert {key: value for key, value in difference.prediction.items() if value} == {k: v for k, v in more.items() if v}
    assert difference.rows == sum(more.values())


def test_a_counter_that_fell_means_a_new_process_and_all_of_it_is_new():
    # `b` rose, but `a` fell: the process began anew, and what `b` shows is all new too
    before, after = scrape_of({"a": 50, "b": 5}), scrape_of({"a": 2, "b": 9})
    assert since(before, after) == after
    assert since(scrape_of({"a": 50}), scrape_of({"b": 60})) == scrape_of({"b": 60})


def test_another_bundle_begins_at_zero():
    after = scrape_of({"a": 90}, bundle="b2")
    assert since(scrape_of({"a": 50}), after) == after
    assert since(None, after) == after


@given(st.lists(COUNTS, min_size=1, max_size=4))
def test_replicas_add_up(parts):
    total = summed([scrape_of(part) for part in parts])
    for key in ("a", "b", "c"):
        assert total.prediction.get(key, 0) == sum(part.get(key, 0) for part in parts)


def test_several_bundles_are_not_summed():
    with pytest.raises(ValueError, match="one model and bundle"):
        summed([scrape_of({}), scrape_of({}, bundle="b2")])


@pytest.mark.parametrize(
    ("buckets", "quantile", "seconds"),
    [
        ({0.1: 0, 0.2: 10, math.inf: 10}, 0.5, 0.15),
        ({0.1: 10, 0.2: 10, math.inf: 10}, 0.99, 0.099),
        ({0.1: 5, 0.2: 5, math.inf: 10}, 0.99, 0.2),  # beyond the last bound nothing is known but the bound
        ({0.1: 90, 0.2: 100, math.inf: 100}, 0.95, 0.15),
    ],
)
def test_the_quantile_is_read_off_as_promql_does(buckets, quantile, seconds):
    scrape = Scrape(model="m", bundle="b", buckets=buckets)
    assert latency_quantile(scrape, quantile) == pytest.approx(seconds)


def test_without_requests_there_is_no_quantile():
    assert math.isnan(latency_quantile(Scrape(model="m", bundle="b", buckets={0.1: 0, math.inf: 0}), 0.5))
    assert math.isnan(latency_quantile(Scrape(model="m", bundle="b"), 0.5))


def test_labels_that_came_back_are_read_where_their_port_is_open():
    assert read_labels(page(), model="m", bundle="b1") is None
    registry = CollectorRegistry()
    rows = Counter("sevenfold_feedback_rows", "h", ["model", "bundle", "label"], registry=registry)
    for label, count in (("scored", 40), ("missing", 7)):
        rows.labels(model="m", bundle="b1", label=label).inc(count)
    correct = Counter("sevenfold_feedback_correct", "h", ["model", "bundle"], registry=registry)
    correct.labels(model="m", bundle="b1").inc(31)
    text = page() + generate_latest(registry).decode()
    assert read_labels(text, model="m", bundle="b1") == Labelled(40, correct=31)
    with pytest.raises(MonitoringError):
        read_labels(text, model="m", bundle="b2")
