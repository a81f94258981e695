"""The increase of counters, against a simulation that knows every single request."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sevenfold.drift.increase import last_values, pods_since, rise, summed_rises
from sevenfold.drift.prometheus import Series

SCRAPE = 10.0


@st.composite
def lives(draw: st.DrawFn) -> list[list[float]]:
    """Moments of the requests of each process that ran in a pod, one after the other, in whole and half seconds."""
    processes, start = [], draw(st.integers(0, 60)) * 1.0
    for _ in range(draw(st.integers(1, 3))):
        length = draw(st.integers(15, 120)) * 1.0
        moments = draw(st.lists(st.floats(start, start + length), max_size=30))
        processes.append([start, *sorted(moments), start + length])
        start += length
    return processes


def scraped(processes: list[list[float]]) -> list[tuple[float, float]]:
    """Scrape every ten seconds, naively: count the requests the living process has had so far."""
    samples = []
    moment = 0.0
    while moment <= processes[-1][-1]:
        for first, *requests, last in processes:
            if first <= moment < last:
                samples.append((moment, float(sum(request <= moment for request in requests))))
        moment += SCRAPE
    return samples


@given(lives(), st.integers(0, 40))
def test_every_request_that_could_be_seen_counts_once(processes: list[list[float]], scrapes: int) -> None:
    since = scrapes * SCRAPE
    samples = scraped(processes)
    expected = 0
    for first, *requests, last in processes:
        seen = [moment for moment, _ in samples if first <= moment < last]
        if not seen:
            continue
        # From the last look at or before `since` until the process was last looked at.
        base = max((moment for moment in seen if moment <= since), default=-1.0)
        expected += sum(base < request <= seen[-1] for request in requests)
    risen = rise(samples, since)
    # A new process that has already caught up with the old one looks as if it had gone on: the only loss there is.
    hidden = _hidden(processes, samples, since)
    assert expected - hidden <= risen <= expected
    if not hidden:
        assert risen == expected


def _hidden(processes: list[list[float]], samples: list[tuple[float, float]], since: float) -> float:
    lost = 0.0
    for (_, *_, end), (begin, *_rest) in pairwise(processes):
        assert begin == end
        before = [value for moment, value in samples if moment < end]
        after = [(moment, value) for moment, value in samples if moment >= end]
        if before and after and after[0][0] > since and after[0][1] >= before[-1]:
            lost += before[-1]
    return lost


def test_a_reset_a_young_series_and_one_that_ended_before() -> None:
    assert rise([(0, 100), (10, 120), (20, 130)], since=10) == 10
    assert rise([(0, 100), (10, 120), (20, 5), (30, 9)], since=10) == 9
    assert rise([(20, 7), (30, 9)], since=10) == 9  # its first look came after seven requests
    assert rise([(0, 100), (5, 120)], since=10) == 0
    assert rise([], since=10) == 0


def of_pod(pod: str, values: list[float], *, job: str = "a", name: str = "sevenfold_requests_total") -> Series:
    labels = {"__name__": name, "namespace": "n", "model": "m", "bundle": "b", "code": "200", "pod": pod, "job": job}
    labels |= {"instance": f"{pod}:8080", "node": "one", "endpoint": "http"}
    return Series(labels, tuple((index * SCRAPE, value) for index, value in enumerate(values)))


def test_pods_add_up_and_what_a_scrape_configuration_adds_is_no_label_of_ours() -> None:
    series = [of_pod("p", [0, 5, 9]), of_pod("q", [100, 103, 104]), of_pod("r", [3])]
    assert summed_rises(series, 0.0) == {"sevenfold_requests_total": {("200",): 13.0}}
    assert pods_since(series, 0.0) == {"p", "q"}


def test_a_pod_that_two_jobs_scrape_counts_once() -> None:
    series = [of_pod("p", [0, 5, 9]), of_pod("p", [0, 4, 8], job="b")]
    assert summed_rises(series, 0.0) == {"sevenfold_requests_total": {("200",): 9.0}}


def test_gauges_that_all_pods_have_alike_are_not_added() -> None:
    series = [of_pod("p", [40, 40], name="g"), of_pod("q", [40], name="g")]
    assert last_values(series) == {"g": {("200",): 40.0}}


def test_the_order_of_series_does_not_matter() -> None:
    series = [of_pod(f"p{pod}", [0, pod, 2 * pod]) for pod in range(9)]
    shuffled = random.Random(1).sample(series, len(series))
    assert summed_rises(series, 0.0) == summed_rises(shuffled, 0.0)
