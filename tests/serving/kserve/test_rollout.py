"""Staging, sharing, promoting and withdrawing, each against a cluster in memory."""

from __future__ import annotations

from typing import Any

import pytest

from sevenfold.contracts.errors import PolicyError, ServingError
from sevenfold.plan.deployment import Strategy
from sevenfold.serving.kserve.inference_service import digest_of, workload
from sevenfold.serving.kserve.rollout import Rollout
from sevenfold.serving.kserve.strategy import Replacement

NAME = "trains"
KINDS = {Strategy.CANARY: Rollout, Strategy.REPLACE: Replacement}


@pytest.fixture(params=list(Strategy))
def rollout(request: pytest.FixtureRequest, world: Any, connect: Any) -> Rollout:
    return KINDS[request.param](connect(world), NAME, sleep=world.sleep, clock=world.clock)


@pytest.fixture
def canary(world: Any, connect: Any) -> Rollout:
    return Rollout(connect(world), NAME, sleep=world.sleep, clock=world.clock)


def released(rollout: Rollout, predictor: dict[str, Any]) -> str:
    rollout.stage(predictor, seconds=60)
    rollout.promote(digest_of(predictor))
    rollout.cluster.world.sleep(10)
    return digest_of(predictor)


def test_a_first_version_is_hidden_until_it_is_promoted(rollout: Rollout, world: Any, predictor: Any) -> None:
    staged = rollout.stage(predictor("a"), seconds=60)
    assert staged.stable == ""
    assert staged.url == f"http://{staged.workload}.team.svc"
    assert world.serving() == []
    assert rollout.waiting() == digest_of(predictor("a"))
    rollout.promote(digest_of(predictor("a")))
    assert world.serving() == [predictor("a")]
    assert rollout.waiting() == ""


def test_a_later_version_is_dark_then_takes_over(rollout: Rollout, world: Any, predictor: Any) -> None:
    old = released(rollout, predictor("a"))
    staged = rollout.stage(predictor("b"), seconds=60)
    assert staged.stable == old
    assert world.serving() == [predictor("a")]
    assert rollout.waiting() == digest_of(predictor("b"))
    rollout.promote(digest_of(predictor("b")))
    [serving] = world.serving()
    assert digest_of(serving) == digest_of(predictor("b"))
    assert len(world.of("InferenceService")) == 1
    assert world.lost == []
    rollout.promote(digest_of(predictor("b")))
    assert world.lost == []


def test_a_share_is_given_and_taken_before_the_candidate_goes(canary: Rollout, world: Any, predictor: Any) -> None:
    released(canary, predictor("a"))
    candidate = digest_of(predictor("b"))
    canary.stage(predictor("b"), seconds=60)
    canary.share(candidate, 10)
    world.sleep(10)
    assert world.known == {workload(NAME, predictor("a")): 90, workload(NAME, predictor("b")): 10}
    canary.withdraw(candidate)
    assert world.serving() == [predictor("a")]
    assert world.lost == []
    assert ("Deployment", workload(NAME, predictor("b"))) not in world.objects
    canary.withdraw(candidate)


def test_the_oracle_sees_requests_lost(canary: Rollout, world: Any, connect: Any, predictor: Any) -> None:
    """Who drops a candidate that users are sent to loses requests: else the other tests would say nothing."""
    released(canary, predictor("a"))
    canary.stage(predictor("b"), seconds=60)
    canary.share(digest_of(predictor("b")), 10)
    world.sleep(10)
    service = connect(world).get("InferenceService", NAME)
    del service["spec"]["canary"]
    connect(world).apply(service)
    assert world.lost == [workload(NAME, predictor("b"))]


def test_a_newer_candidate_supersedes_the_one_that_waits(rollout: Rollout, world: Any, predictor: Any) -> None:
    released(rollout, predictor("a"))
    rollout.stage(predictor("b"), seconds=60)
    rollout.stage(predictor("c"), seconds=60)
    with pytest.raises(ServingError) as caught:
        rollout.promote(digest_of(predictor("b")))
    assert caught.value.code == "superseded"
    rollout.withdraw(digest_of(predictor("b")))
    assert rollout.waiting() == digest_of(predictor("c"))
    assert world.serving() == [predictor("a")]


def test_a_candidate_with_a_share_is_superseded_without_loss(canary: Rollout, world: Any, predictor: Any) -> None:
    released(canary, predictor("a"))
    canary.stage(predictor("b"), seconds=60)
    canary.share(digest_of(predictor("b")), 10)
    world.sleep(10)
    canary.stage(predictor("c"), seconds=60)
    assert canary.waiting() == digest_of(predictor("c"))
    assert world.serving() == [predictor("a")]
    assert world.lost == []


@pytest.mark.parametrize("serves", [False, True])
def test_a_version_that_never_comes_up_leaves_no_trace(
    rollout: Rollout, world: Any, predictor: Any, serves: bool
) -> None:
    if serves:
        released(rollout, predictor("a"))
    before = [item["spec"] for item in world.of("InferenceService")]
    world.broken.add(digest_of(predictor("b")))
    with pytest.raises(ServingError, match="within 60 seconds"):
        rollout.stage(predictor("b"), seconds=60)
    assert [item["spec"] for item in world.of("InferenceService")] == before
    assert rollout.waiting() == ""
    assert world.lost == []


def test_a_first_version_is_followed_by_another_before_anyone_promotes(
    rollout: Rollout, world: Any, predictor: Any
) -> None:
    rollout.stage(predictor("a"), seconds=60)
    world.broken.add(digest_of(predictor("b")))
    with pytest.raises(ServingError):
        rollout.stage(predictor("b"), seconds=60)
    assert rollout.waiting() == digest_of(predictor("a"))
    assert world.serving() == []


def test_the_same_bundle_with_other_settings_rolls_over_in_place(rollout: Rollout, world: Any, predictor: Any) -> None:
    released(rollout, predictor("a"))
    staged = rollout.stage(predictor("a", "--strict-fields"), seconds=60)
    assert staged.stable == digest_of(predictor("a"))
    assert world.serving() == [predictor("a", "--strict-fields")]
    assert rollout.waiting() == ""


def test_a_service_of_someone_else_is_left_alone(rollout: Rollout, world: Any, predictor: Any) -> None:
    labels = {"app.kubernetes.io/managed-by": "helm"}
    metadata = {"name": NAME, "labels": labels}
    world.put({"kind": "InferenceService", "metadata": metadata, "spec": {"predictor": predictor("a")}})
    before = world.copy().objects
    for act in (
        lambda: rollout.stage(predictor("b"), seconds=60),
        lambda: rollout.promote(digest_of(predictor("a"))),
        lambda: rollout.withdraw(digest_of(predictor("a"))),
        rollout.read,
    ):
        try:
            act()
        except PolicyError as error:
            assert error.code == "not_ours"
    assert world.objects["InferenceService", NAME] == before["InferenceService", NAME]
    assert len(world.of("InferenceService")) == 1


def test_a_route_that_stands_still_is_reported(canary: Rollout, world: Any, predictor: Any) -> None:
    released(canary, predictor("a"))
    canary.stage(predictor("b"), seconds=60)
    world.reconcile = lambda: None
    with pytest.raises(ServingError) as caught:
        canary.share(digest_of(predictor("b")), 10)
    assert caught.value.code == "route_stands_still"
