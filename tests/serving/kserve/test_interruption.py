"""A process that is killed at each of its calls to the API server: the next one converges, old or new, never mixed."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sevenfold.contracts.errors import PolicyError, TemporaryError
from sevenfold.plan.deployment import DeploymentSection, Strategy
from sevenfold.serving.compare import Comparison
from sevenfold.serving.judge import Verdict
from sevenfold.serving.kserve import deploy as kserve_deploy
from sevenfold.serving.kserve import judge as kserve_judge
from sevenfold.serving.kserve import release as kserve_release
from sevenfold.serving.kserve.inference_service import digest_of
from sevenfold.serving.kserve.rollout import Rollout
from sevenfold.serving.kserve.strategy import Replacement

NAME = "trains"
GOOD = Verdict(decision="promote", reason="good", sentence="Promoted: good on 200 requests.")
AGREES = Comparison(rows=300, requests=1, difference=0.0, limit=1e-6)
STORE = "minio://bucket/trains/run-1/train-model/1/bundle"


class NoPrometheus:
    """Its clock is not asked."""

    def __init__(self, url: str, login: object) -> None:
        self.url = url

    def now(self) -> float:
        raise TemporaryError("no_prometheus", "none here")


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory, make_sample_at: Callable[..., Any]) -> list[Any]:
    return [make_sample_at(tmp_path_factory.mktemp(f"version-{seed}") / "own", seed=seed) for seed in range(3)]


@pytest.fixture(params=list(Strategy))
def lifecycle(
    request: pytest.FixtureRequest, world: Any, versions: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Deploy and judge a version, as a run does."""
    section = DeploymentSection().replaced(strategy=request.param)

    def in_memory(cluster: Any, name: str, strategy: Strategy, *, on_message: Any = None) -> Rollout:
        kind = Replacement if strategy is Strategy.REPLACE else Rollout
        return kind(cluster, name, sleep=cluster.world.sleep, clock=cluster.world.clock)

    for module in (kserve_deploy, kserve_judge, kserve_release):
        monkeypatch.setattr(module, "rollout_of", in_memory)
    monkeypatch.setattr(kserve_deploy, "smoke_test", lambda *_, **__: ())
    monkeypatch.setattr(kserve_deploy, "compare", lambda *_, **__: AGREES)
    monkeypatch.setattr(kserve_judge, "PrometheusClient", NoPrometheus)
    monkeypatch.setattr(kserve_judge, "watch_canary", lambda *_, **__: GOOD)

    def run(cluster: Any, number: int) -> None:
        sample, out = versions[number], tmp_path / "out"
        shutil.rmtree(out, ignore_errors=True)
        kserve_deploy.deploy_on_kserve(
            sample.dataset,
            sample.bundle,
            sample.evaluation,
            section,
            name=NAME,
            location=STORE,
            cluster=cluster,
            out=out / "service",
        )
        kserve_judge.judge_on_kserve(
            out / "service", section, prometheus="http://prometheus", cluster=cluster, out=out / "verdict"
        )

    return run


def calls_of(world: Any, connect: Any, act: Callable[[Any], None]) -> int:
    cluster = connect(world.copy())
    act(cluster)
    assert cluster.world.lost == []
    return int(cluster.calls)


def struck(world: Any, connect: Any, killed: Any, act: Callable[[Any], None]) -> Any:
    """Yield the world after a kill at every call, before and after the call took effect."""
    for call in range(1, calls_of(world, connect, act) + 1):
        for late in (False, True):
            cluster = connect(world.copy(), fault="killed", fault_at=call, late=late)
            with contextlib.suppress(killed):
                act(cluster)
            cluster.world.sleep(10)
            yield cluster.world


def digests(world: Any) -> set[str]:
    return {digest_of(predictor) for predictor in world.serving()}


def test_a_first_version(world: Any, connect: Any, killed: Any, versions: list[Any], lifecycle: Any) -> None:
    first = versions[0].bundle.digest
    tries = 0
    for after in struck(world, connect, killed, lambda cluster: lifecycle(cluster, 0)):
        assert digests(after) <= {first}
        lifecycle(connect(after), 0)
        assert digests(after) == {first}
        assert after.records() == [("promote", first)]
        tries += 1
    assert tries >= 20


def test_a_second_version(world: Any, connect: Any, killed: Any, versions: list[Any], lifecycle: Any) -> None:
    old, new = (version.bundle.digest for version in versions[:2])
    lifecycle(connect(world), 0)
    world.sleep(10)
    tries = 0
    for after in struck(world, connect, killed, lambda cluster: lifecycle(cluster, 1)):
        assert digests(after) <= {old, new}
        assert digests(after)
        assert after.lost == []
        lifecycle(connect(after), 1)
        assert digests(after) == {new}
        assert after.records() == [("promote", old), ("promote", new)]
        assert after.lost == []
        assert len(after.of("InferenceService")) == 1
        assert "canary" not in after.of("InferenceService")[0]["spec"]
        tries += 1
    assert tries >= 30


def test_the_next_version_records_what_an_interruption_left_unrecorded(
    world: Any, connect: Any, killed: Any, versions: list[Any], lifecycle: Any
) -> None:
    old, new, newest = (version.bundle.digest for version in versions)
    lifecycle(connect(world), 0)
    world.sleep(10)
    unrecorded = 0
    for after in struck(world, connect, killed, lambda cluster: lifecycle(cluster, 1)):
        promoted = digest_of(after.objects["InferenceService", NAME]["spec"]["predictor"]) == new
        unrecorded += promoted and len(after.records()) == 1
        lifecycle(connect(after), 2)
        assert digests(after) == {newest}
        between = [new] if ("promote", new) in after.records() else []
        assert after.records() == [("promote", digest) for digest in (old, *between, newest)]
        assert between or not promoted
        assert all(record["reason"].startswith("Promoted") for record in after.recorded())
        assert after.lost == []
    assert unrecorded


def test_a_rollback(world: Any, connect: Any, killed: Any, versions: list[Any], lifecycle: Any) -> None:
    old, new = (version.bundle.digest for version in versions[:2])
    for number in (0, 1):
        lifecycle(connect(world), number)
        world.sleep(10)

    def put_back(cluster: Any) -> None:
        kserve_release.put_back(cluster, NAME, who="a person", reason="", on_message=lambda message: None, to=old)

    for after in struck(world, connect, killed, put_back):
        assert digests(after) <= {old, new}
        assert digests(after)
        assert after.lost == []
        with contextlib.suppress(PolicyError):  # nothing to do any more: the first try got so far
            put_back(connect(after))
        after.sleep(10)
        assert digests(after) == {old}
        assert after.records() == [("promote", old), ("promote", new), ("rollback", old)]
        assert after.lost == []


def test_a_rollback_that_lacks_only_its_record_is_not_done_twice(
    world: Any, connect: Any, killed: Any, versions: list[Any], lifecycle: Any
) -> None:
    oldest, old, new = (version.bundle.digest for version in versions)
    for number in range(3):
        lifecycle(connect(world), number)
        world.sleep(10)

    def put_back(cluster: Any) -> None:
        kserve_release.put_back(cluster, NAME, who="a person", reason="", on_message=lambda message: None)

    unrecorded = 0
    for after in struck(world, connect, killed, put_back):
        recorded = len(after.records()) == 4
        unrecorded += digests(after) == {old} and not recorded
        assert digests(after) <= {old, new}
        put_back(connect(after))
        after.sleep(10)
        assert digests(after) == ({oldest} if recorded else {old})
        assert after.records()[3:] == [("rollback", old), ("rollback", oldest)][: 1 + recorded]
        assert after.lost == []
    assert unrecorded


def test_an_answer_that_is_lost_once_is_asked_for_again(
    world: Any, connect: Any, versions: list[Any], lifecycle: Any
) -> None:
    old, new = (version.bundle.digest for version in versions[:2])
    lifecycle(connect(world), 0)
    world.sleep(10)
    for call in range(1, calls_of(world, connect, lambda cluster: lifecycle(cluster, 1)) + 1):
        for late in (False, True):
            cluster = connect(world.copy(), fault="passing", fault_at=call, late=late)
            lifecycle(cluster, 1)
            assert digests(cluster.world) == {new}
            assert cluster.world.records() == [("promote", old), ("promote", new)]
            assert cluster.world.lost == []
