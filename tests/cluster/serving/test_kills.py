"""Pods that die while a version takes over, at fifty requests per second and two replicas each."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.soak]

NAME = "canary-killed"
TWO = {"replicas": 2}
MOST_LOST = 0.001


@pytest.fixture(scope="module")
def versions(team) -> tuple[Any, Any]:
    """Two versions, the first of which serves."""
    team.forget(NAME)
    first, second = team.version(NAME, seed=11), team.version(NAME, seed=12)
    end = team.release(NAME, first, section=TWO).wait()
    assert end.get("decision") == "promote", end
    team.until(lambda: team.ask(NAME, first)[0] == 200, 30)
    return first, second


@pytest.fixture
def users(team, versions) -> Iterator[Any]:
    with team.load(NAME, versions[0]) as load:
        time.sleep(2)
        yield load


@pytest.fixture
def sides(team, versions) -> tuple[Any, Any]:
    """What serves, and what does not: each try of a test swaps them."""
    serving = team.ask(NAME, versions[0])[1]
    return versions if versions[0].digest == serving else versions[::-1]


def pods_of(team, version: Any) -> list[str]:
    labels = f"app=isvc.{NAME}-b{version.digest.removeprefix('sha256:')[:12]}-predictor"
    pods = json.loads(team.kubectl("get", "pods", "-l", labels, "-o", "json"))["items"]
    return [pod["metadata"]["name"] for pod in pods if not pod["metadata"].get("deletionTimestamp")]


def settled(team, users, old: Any, new: Any, end: dict[str, Any], most: float) -> None:
    """The end is one version, recorded, whole."""
    assert end.get("decision") in ("promote", "rollback"), end
    serving = new if end.get("decision") == "promote" else old
    users.since()
    time.sleep(3)
    assert users.since().keys() == {serving.digest}
    assert team.percent(NAME) is None
    assert team.records(NAME)[-1]["bundle"] == serving.digest
    assert users.lost <= most, users.failures[:5]


def show(capsys: pytest.CaptureFixture[str], what: str) -> None:
    with capsys.disabled():
        print(f"\n  {what}")  # noqa: T201 — a figure to report


def test_a_stable_pod_is_killed(team, users, sides, capsys) -> None:
    stable, _ = sides
    [gone, _] = team.until(lambda: len(answer := pods_of(team, stable)) == 2 and answer, 120)
    team.kubectl("delete", "pod", gone, "--wait=false")
    time.sleep(1)
    team.until(lambda: len(whole(team, stable)) == 2, 120)
    time.sleep(3)
    assert users.since().keys() == {stable.digest}
    assert users.lost <= MOST_LOST * users.sent, users.failures[:5]
    show(capsys, f"stable pod: {users.lost} of {users.sent} requests lost")


def whole(team, version: Any) -> list[str]:
    answer = json.loads(team.kubectl("get", "pods", *pods_of(team, version), "-o", "json"))
    return [pod["metadata"]["name"] for pod in answer.get("items", [answer]) if ready(pod)]


def ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


@pytest.mark.parametrize("how_many", [pytest.param(1, marks=pytest.mark.extended), 2])
def test_the_canarys_pods_are_killed_while_it_is_judged(team, users, sides, how_many: int, capsys) -> None:
    old, new = sides
    release = team.release(NAME, new, section=TWO | {"canary": {"min_requests": 400}})
    team.until(lambda: team.percent(NAME) == 20, 120)
    time.sleep(4)
    lost, started = users.lost, time.monotonic()
    team.kubectl("delete", "pod", *pods_of(team, new)[:how_many], "--wait=false")
    end = release.wait()
    seconds = time.monotonic() - started
    assert users.blame[old.digest] == 0
    lost_at_once = users.lost - lost
    # without any pod its share is lost, until there is one or the share is the stable version's: 30 s at most
    settled(team, users, old, new, end, most=MOST_LOST * users.sent if how_many == 1 else 30 * 50 * 0.2)
    assert users.lost - lost == lost_at_once
    show(
        capsys,
        f"{how_many} of the canary's 2 pods: {end['decision']} ({end['reason']}) {seconds:.0f} s later, "
        f"{users.lost} of {users.sent} requests lost",
    )


def test_the_controller_is_killed_amid_a_promotion(team, users, sides, capsys) -> None:
    old, new = sides
    release = team.release(NAME, new, section=TWO)
    name = f"b{new.digest.removeprefix('sha256:')[:12]}"
    team.until(lambda: team.percent(NAME) == 100 or team.spec(NAME)["predictor"]["name"] == name, 240, 0.2)
    team.kubectl("delete", "pod", "-l", "control-plane=kserve-controller-manager", "--wait=false", namespace="kserve")
    end = release.wait()
    settled(team, users, old, new, end, most=MOST_LOST * users.sent)
    show(capsys, f"controller: {end['decision']}, {users.lost} of {users.sent} requests lost")
