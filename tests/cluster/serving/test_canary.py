"""The life of a service on a real cluster: first version, canary, rollback, faults; in this order.

Fifty requests per second go through the gateway from the first promotion to the end of each test.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

NAME = "canary-good"
SWAP = "canary-swap"


@pytest.fixture(scope="module")
def first(team) -> Any:
    team.forget(NAME)
    return team.version(NAME, seed=1)


@pytest.fixture(scope="module")
def second(team) -> Any:
    return team.version(NAME, seed=2)


@pytest.fixture(scope="module")
def third(team) -> Any:
    return team.version(NAME, seed=3)


@pytest.fixture
def users(team, first) -> Iterator[Any]:
    """Fifty requests per second."""
    with team.load(NAME, first) as load:
        yield load


def show(capsys: pytest.CaptureFixture[str], what: str) -> None:
    with capsys.disabled():
        print(f"\n  {what}")  # noqa: T201 — a figure to report


def pods_of(team, version: Any) -> list[str]:
    labels = f"app=isvc.{NAME}-b{version.digest.removeprefix('sha256:')[:12]}-predictor"
    return sorted(team.kubectl("get", "pods", "-l", labels, "-o", "name").split())


def shares(counts: Any, *versions: Any) -> list[float]:
    total = sum(counts.values())
    return [counts[version.digest] / total for version in versions]


def test_a_first_version_is_staged_dark_promoted_and_recorded(team, first, capsys) -> None:
    release = team.release(NAME, first, pause=5)
    team.until(lambda: '"staged"' in release.log(), 180)
    hosts = team.kubectl("get", "httproutes", "-o", "jsonpath={.items[*].spec.hostnames}")
    dark = team.ask(NAME, first)[0]
    pods = pods_of(team, first)
    assert pods
    assert f"{NAME}-sevenfold.example.com" not in hosts
    assert dark == 404
    end = release.wait()
    assert (end.get("decision"), end.get("reason"), end["record"]) == ("promote", "good", 1)
    assert end["pages"] == ["deployed.html", "deployed.md", "judged.html", "judged.md"]
    team.until(lambda: team.ask(NAME, first)[0] == 200, 30)
    assert team.ask(NAME, first) == (200, first.digest)
    time.sleep(3)
    assert pods_of(team, first) == pods, "becoming visible replaces no pod"
    [record] = team.records(NAME)
    assert record["bundle"] == first.digest
    assert record["location"].endswith(f"{first.root}/{first.bundle}")
    assert record["image"] == team.images["serve"]
    assert record["run"] == first.run
    assert record["scores"] == {"log_loss": 0.5}
    show(capsys, f"staged in {end['staged']:.0f} s, promoted in {end['judged']:.0f} s")


def test_a_good_version_gets_its_share_takes_over_and_is_put_back(team, first, second, users, capsys) -> None:
    time.sleep(3)
    release = team.release(NAME, second, section={"canary": {"min_requests": 200}})
    team.until(lambda: team.percent(NAME) is not None, 90)
    users.since()
    team.until(lambda: team.percent(NAME) == 20, 90)
    dark = users.since()
    time.sleep(2)
    users.since()
    time.sleep(12)
    assert team.percent(NAME) == 20
    [share] = shares(users.since(), second)
    assert 0.12 < share < 0.28
    assert dark[second.digest] <= 0.2 * 50, "it had no share while it was staged"
    end = release.wait()
    assert (end.get("decision"), end.get("reason")) == ("promote", "good"), end
    assert end["observed"]["canary"]["answered"] >= 200
    assert end["observed"]["stable"]["answered"] > 400
    users.since()
    time.sleep(3)
    assert shares(users.since(), second) == [1.0]
    started = time.monotonic()
    back = team.sevenfold("rollback", NAME, "-n", "sevenfold", "--reason", "a test")
    seconds = time.monotonic() - started
    assert back.returncode == 0, back.stdout + back.stderr
    users.since()
    time.sleep(3)
    assert shares(users.since(), first) == [1.0]
    assert [record["action"] for record in team.records(NAME)] == ["promote", "promote", "rollback"]
    assert [record["bundle"] for record in team.records(NAME)] == [first.digest, second.digest, first.digest]
    assert users.lost == 0, users.failures[:5]
    assert users.statuses.keys() == {200}
    show(
        capsys,
        f"staged in {end['staged']:.0f} s, judged and promoted in {end['judged']:.0f} s, put back in {seconds:.0f} s, "
        f"0 of {users.sent} requests lost",
    )


@pytest.mark.parametrize(("fault", "reason"), [("errors", "errors"), ("slow", "slow"), ("outputs", "drifted")])
def test_a_version_that_misbehaves_is_rolled_back(team, first, third, users, fault: str, reason: str, capsys) -> None:
    before = team.spec(NAME)
    release = team.release(NAME, third, image=team.misbehaving(fault))
    team.until(lambda: team.percent(NAME) == 20, 120)
    started = time.monotonic()
    end = release.wait()
    seconds = time.monotonic() - started
    assert (end.get("decision"), end.get("reason")) == ("rollback", reason), end
    assert seconds < 180
    users.since()
    time.sleep(3)
    assert shares(users.since(), first) == [1.0]
    assert team.spec(NAME) == before
    assert users.blame[first.digest] == 0
    assert users.blame[""] == 0, users.failures[:5]
    assert len(team.records(NAME)) == 3
    if fault != "errors":
        assert users.lost == 0
    show(
        capsys, f"{fault}: rolled back in {seconds:.0f} s, {users.lost} of {users.sent} requests failed, none of stable"
    )


def test_a_replacement_takes_over_without_a_canary(team, first, third, capsys) -> None:
    name, section = SWAP, {"strategy": "replace"}
    team.forget(name)
    end = team.release(name, first, section=section).wait()
    assert end.get("decision") == "promote", end
    team.until(lambda: team.ask(name, first)[0] == 200, 30)
    with team.load(name, first) as users:
        end = team.release(name, third, section=section).wait()
        assert end.get("decision") == "promote", end
        users.since()
        time.sleep(3)
        counts = users.since()
    assert shares(counts, third) == [1.0]
    assert users.lost == 0, users.failures[:5]
    assert users.bundles.keys() <= {first.digest, third.digest}
    assert [record["action"] for record in team.records(name)] == ["promote", "promote"]
    assert not team.kubectl("get", "inferenceservice", f"{name}-next", "--ignore-not-found")
    show(capsys, f"staged in {end['staged']:.0f} s, swapped in {end['judged']:.0f} s, 0 of {users.sent} requests lost")


def test_what_cannot_come_up_never_serves(team, first, third, users, capsys) -> None:
    """An image that does not exist, and on the other service a bundle that was changed in the store."""
    before, before_swap = team.spec(NAME), team.spec(SWAP)
    missing = team.images["serve"].partition("@")[0] + ":no-such-tag"
    with team.load(SWAP, first, rate=10.0) as others:
        pulled = team.release(NAME, third, image=missing)
        loaded = team.release(SWAP, team.version(SWAP, seed=4), overwrite=True)
        pulled, loaded = pulled.wait(), loaded.wait()
    assert pulled["code"] == loaded["code"] == "revision_failed", (pulled, loaded)
    assert "Pull" in pulled["message"]
    assert "no-such-tag" in pulled["message"]
    assert "Events: " in pulled["message"]
    assert "log: " in loaded["message"]
    assert "digest" in loaded["message"]
    assert users.since().keys() == {first.digest}
    assert others.since().keys() == {third.digest}
    assert users.lost == others.lost == 0, (users.failures[:5], others.failures[:5])
    assert (team.spec(NAME), team.spec(SWAP)) == (before, before_swap)
    assert (len(team.records(NAME)), len(team.records(SWAP))) == (3, 2)
    show(capsys, f"given up after {users.sent / 50:.0f} s")


def test_a_version_that_testing_refused_is_never_deployed(team, first) -> None:
    before = team.service(NAME)["metadata"]["resourceVersion"]
    end = team.release(NAME, team.version(NAME, seed=5, decision="refuse")).wait()
    assert (end["code"], end["exit_status"]) == ("refused", 3), end
    assert team.service(NAME)["metadata"]["resourceVersion"] == before


@pytest.mark.extended
def test_a_service_of_someone_else_is_never_touched(team, first, third) -> None:
    name = "canary-theirs"
    theirs = team.spec(NAME)
    metadata = {"name": name, "annotations": {"serving.kserve.io/deploymentMode": "Standard"}}
    kind = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService"}
    team.kubectl("create", "-f", "-", given=json.dumps({**kind, "metadata": metadata, "spec": theirs}))
    try:
        before = team.spec(name)
        end = team.release(name, third).wait()
        assert end["code"] == "not_ours", end
        assert team.spec(name) == before
        assert "labels" not in team.service(name)["metadata"]
    finally:
        team.kubectl("delete", "inferenceservice", name, "--wait=false")


def test_a_person_approves_what_waits_in_the_dark(team, first, second, users) -> None:
    end = team.release(NAME, second, section={"approval": "manual"}).wait()
    assert (end.get("decision"), end.get("reason")) == ("hold", "approval"), end
    assert team.percent(NAME) == 0
    assert shares(users.since(), first) == [1.0]
    status = team.sevenfold("status", NAME, "-n", "sevenfold").stdout
    assert f"waiting   {second.digest[:19]}, 0 %" in status, status
    done = team.sevenfold("promote", NAME, "-n", "sevenfold", "--reason", "looks well")
    assert done.returncode == 0, done.stdout + done.stderr
    users.since()
    time.sleep(3)
    assert shares(users.since(), second) == [1.0]
    assert users.lost == 0, users.failures[:5]
    last = team.records(NAME)[-1]
    assert (last["bundle"], last["reason"], last["action"]) == (second.digest, "looks well", "promote")
    assert last["who"] != "automatic"
    lines = team.sevenfold("history", NAME, "-n", "sevenfold").stdout.splitlines()
    assert len(lines) == 4
    assert "looks well" in lines[0]


@pytest.mark.extended
def test_who_sees_nothing_rolls_back(team, second, third, users) -> None:
    """Prometheus goes away while a candidate is judged."""
    scale = ("scale", "deployment", "prometheus", "--timeout=60s")
    release = team.release(NAME, third, section={"canary": {"max_blind_seconds": 20, "min_requests": 100_000}})
    try:
        team.until(lambda: team.percent(NAME) == 20, 120)
        team.kubectl(*scale, "--replicas=0", namespace="sevenfold-monitoring")
        end = release.wait()
    finally:
        team.kubectl(*scale, "--replicas=1", namespace="sevenfold-monitoring")
    assert (end.get("decision"), end.get("reason")) == ("rollback", "blind"), end
    assert team.percent(NAME) is None
    users.since()
    time.sleep(3)
    assert shares(users.since(), second) == [1.0]
    assert users.lost == 0, users.failures[:5]
    rollout = ("rollout", "status", "deployment", "prometheus", "--timeout=90s")
    team.kubectl(*rollout, namespace="sevenfold-monitoring")


@pytest.mark.extended
def test_without_requests_nothing_is_promoted(team, second, third) -> None:
    end = team.release(NAME, third, section={"canary": {"max_wait_seconds": 15}}).wait()
    assert (end.get("decision"), end.get("reason")) == ("rollback", "no_evidence"), end
    assert team.percent(NAME) is None
    assert team.ask(NAME, second) == (200, second.digest)
