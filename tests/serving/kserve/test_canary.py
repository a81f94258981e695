"""Canaries watched through a real Prometheus: what it counted is what was sent, and decides."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from sevenfold.contracts.errors import TemporaryError
from sevenfold.drift.prometheus import PrometheusClient, selector
from sevenfold.drift.telemetry import BUCKETS, CODES
from sevenfold.plan.deployment import DeploymentSection
from sevenfold.serving.kserve.evidence import read_evidence
from sevenfold.serving.kserve.observe import watch_canary
from sevenfold.serving.observed import Observed

NEW, OLD = "sha256:" + "a" * 64, "sha256:" + "b" * 64
REFERENCE = {"below 3": 400, "3 to 5": 400, "5 and above": 200, "missing": 0}
EVEN = ["below 3", "below 3", "3 to 5", "3 to 5", "5 and above"]
PLAN = DeploymentSection()


@dataclass
class Pod:
    """A predictor reduced to what it counts."""

    model: str
    bundle: str
    codes: Counter[str] = field(default_factory=Counter)
    bins: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)  # a scrape sees all of an answer, or nothing

    def answer(self, requests: int, *, code: str = "200", seconds: float = 0.004, bins: list[str] = EVEN) -> None:
        with self.lock:
            self.codes[code] += requests
            self.seconds += [seconds] * requests
            if code == "200":
                self.bins.update(bins[index % len(bins)] for index in range(requests))

    def restart(self) -> None:
        self.codes.clear()
        self.bins.clear()
        self.seconds.clear()

    def page(self) -> str:
        with self.lock:
            return self._page()

    def _page(self) -> str:
        base = f'model="{self.model}",bundle="{self.bundle.removeprefix("sha256:")[:12]}"'
        lines = [f'sevenfold_requests_total{{{base},code="{code}"}} {self.codes[code]}' for code in CODES]
        for bound in (*BUCKETS, float("inf")):
            below = sum(seconds <= bound for seconds in self.seconds)
            le = "+Inf" if bound == float("inf") else str(bound)
            lines.append(f'sevenfold_request_seconds_bucket{{{base},le="{le}"}} {below}')
        for name, rows in REFERENCE.items():
            lines.append(f'sevenfold_prediction_bin_total{{{base},bin="{name}"}} {self.bins[name]}')
            lines.append(f'sevenfold_reference_prediction_bin_rows{{{base},bin="{name}"}} {rows}')
        return "\n".join(lines) + "\n"


@dataclass
class Trial:
    """A canary beside a stable version, both just seen for the first time."""

    prometheus: Any
    name: str
    canary: Pod
    stable: Pod
    pod: str  # the canary's
    since: float

    def read(self) -> Observed:
        client = PrometheusClient(self.prometheus.url)
        return read_evidence(
            client, namespace="team", name=self.name, canary=NEW, stable=OLD, since=self.since, min_rows=200
        )

    def settled(self, canary: int, stable: int) -> Observed:
        """Read until as many requests were counted, or for half a minute, since a busy machine scrapes late."""
        deadline = time.monotonic() + 30
        while True:
            seen = self.read()
            assert seen.stable is not None
            if (seen.canary.answered, seen.stable.answered) == (canary, stable) or time.monotonic() > deadline:
                return seen
            time.sleep(0.1)

    def verdict(self, plan: DeploymentSection = PLAN, **options: Any) -> tuple[str, str]:
        verdict = watch_canary(plan, self.read, poll_seconds=0.1, **options)
        return verdict.decision, verdict.reason


@pytest.fixture
def trial(prometheus: Any, request: pytest.FixtureRequest) -> Trial:
    return begun(prometheus, re.sub(r"[^a-z0-9]+", "-", request.node.name).strip("-"))


def begun(prometheus: Any, name: str) -> Trial:
    canary, stable = Pod(name, NEW), Pod(name, OLD)
    stable.answer(1_000)  # long before
    prometheus.expose(stable.page)
    pod = prometheus.expose(canary.page)
    client = PrometheusClient(prometheus.url)
    seen_by(client, name, 2)
    return Trial(prometheus, name, canary, stable, pod, client.now())


def seen_by(client: PrometheusClient, name: str, pods: int) -> None:
    deadline = time.monotonic() + 15
    chosen = selector("sevenfold_requests_total", {"model": name, "code": "200"})
    while len(client.query(chosen)) < pods:
        assert time.monotonic() < deadline, "never scraped"
        time.sleep(0.05)


def test_only_what_came_since_is_counted_on_every_pod_through_restarts(trial: Trial) -> None:
    young = Pod(trial.name, NEW)
    trial.canary.answer(60)
    trial.stable.answer(500)
    trial.stable.answer(7, code="422")
    trial.settled(60, 500)
    young.answer(40)  # before its first scrape
    trial.prometheus.expose(young.page)
    trial.settled(100, 500)
    trial.canary.restart()
    trial.canary.answer(30)
    trial.canary.answer(3, code="500")
    young.answer(10, code="503")
    seen = trial.settled(143, 500)
    assert (seen.canary.answered, seen.canary.errors, seen.canary.pods) == (143, 13, 2)
    assert seen.canary.rows == 130
    assert seen.stable is not None
    assert (seen.stable.answered, seen.stable.errors, seen.stable.refused) == (500, 0, 7)


def test_a_pod_that_went_away_still_counts(trial: Trial) -> None:
    trial.canary.answer(50)
    trial.settled(50, 0)
    trial.prometheus.forget(trial.pod)
    time.sleep(0.6)
    assert trial.read().canary.answered == 50


def test_other_models_and_namespaces_do_not_count(trial: Trial) -> None:
    other = Pod(trial.name + "-other", NEW)
    twin = Pod(trial.name, NEW)
    trial.prometheus.expose(other.page)
    trial.prometheus.expose(lambda: twin.page().replace("{", '{namespace="another-team",'))
    seen_by(PrometheusClient(trial.prometheus.url), trial.name, 3)
    other.answer(500)
    twin.answer(500)
    trial.canary.answer(5)
    time.sleep(0.6)
    assert trial.read().canary.answered == 5


@pytest.mark.parametrize(
    ("misbehave", "expected"),
    [
        (lambda pod: pod.answer(220), ("promote", "good")),
        (lambda pod: (pod.answer(176), pod.answer(44, code="500")), ("rollback", "errors")),
        (lambda pod: (pod.answer(20, seconds=0.4), pod.answer(200)), ("rollback", "slow")),  # beyond the promise
        (lambda pod: (pod.answer(20, seconds=0.09), pod.answer(200)), ("rollback", "slow")),  # beside the other
        (lambda pod: (pod.answer(20, seconds=0.02), pod.answer(200)), ("promote", "good")),  # nobody feels it
        (lambda pod: pod.answer(220, bins=["5 and above"]), ("rollback", "drifted")),
        (lambda pod: pod.answer(220, code="422"), ("rollback", "refused")),
    ],
    ids=["good", "errors", "slow", "slower", "unfelt", "drifted", "refused"],
)
def test_a_canary_is_judged_on_what_it_does(
    trial: Trial, misbehave: Callable[[Pod], Any], expected: tuple[str, str]
) -> None:
    trial.stable.answer(2_000)
    trial.settled(0, 2_000)  # what the canary is compared with
    # who misbehaves does so first: a scrape between the two must not see enough good answers
    misbehave(trial.canary)
    assert trial.verdict() == expected


def test_a_world_that_changed_is_not_the_canarys_fault(trial: Trial) -> None:
    moved = ["5 and above", "5 and above", "3 to 5", "below 3"]
    trial.stable.answer(2_000, bins=moved)
    trial.settled(0, 2_000)
    trial.canary.answer(220, bins=moved)
    assert trial.verdict() == ("promote", "good")


def test_one_that_moved_much_further_than_the_world_is(trial: Trial) -> None:
    trial.stable.answer(2_000, bins=["5 and above", "3 to 5", "3 to 5", "below 3", "below 3", "5 and above", "3 to 5"])
    trial.settled(0, 2_000)
    trial.canary.answer(220, bins=["missing"])
    assert trial.verdict() == ("rollback", "drifted")


def test_too_few_hold_and_in_the_end_are_no_evidence(trial: Trial) -> None:
    trial.canary.answer(199)
    trial.settled(199, 0)
    messages: list[str] = []
    patient = PLAN.replaced(canary=PLAN.canary.replaced(max_wait_seconds=1).model_dump(mode="json"))
    assert trial.verdict(patient, on_message=messages.append) == ("rollback", "no_evidence")
    assert any(line.startswith("199 of 200 requests, 0 errors, p99 ") for line in messages)


def test_a_prometheus_that_stops_blinds_and_never_promotes(own_prometheus: Any) -> None:
    trial = begun(own_prometheus, "blind")
    trial.canary.answer(150)
    trial.settled(150, 0)
    own_prometheus.stop()
    trial.canary.answer(1_000)
    messages: list[str] = []
    hasty = PLAN.replaced(canary=PLAN.canary.replaced(max_blind_seconds=1).model_dump(mode="json"))
    started = time.monotonic()
    verdict = watch_canary(hasty, trial.read, on_message=messages.append, poll_seconds=0.1)
    assert (verdict.decision, verdict.reason) == ("rollback", "blind")
    assert time.monotonic() - started >= 1
    assert verdict.observed is None  # nothing was read in this watch
    assert messages
    assert all(line.startswith("Holding: the metrics could not be read") for line in messages)
    with pytest.raises(TemporaryError):
        trial.read()
