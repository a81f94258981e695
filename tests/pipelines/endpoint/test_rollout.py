"""The release on an endpoint, against simulated users, lost answers and interruptions at every step."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated_endpoint import ANSWER, BINS, Behaviour, Promotions, SimulatedEndpoint

from sevenfold.contracts.errors import ServingError, TemporaryError
from sevenfold.contracts.registry import Record
from sevenfold.pipelines.endpoint.rollout import Candidate, Rollout
from sevenfold.plan.deployment import DeploymentSection
from sevenfold.serving.judge import Verdict

OLD, NEW, STRAY = "0" * 12, "1" * 12, "2" * 12
GOOD = Behaviour()


def candidate(label: str = NEW) -> Candidate:
    record = Record(name="demo", bundle=f"sha256:{label}{'f' * 52}", who="automatic")
    return Candidate(Path("bundle"), record, b"{}", ANSWER, BINS)


class World:
    """An endpoint on which OLD serves, by record, and how NEW behaves there."""

    def __init__(self, new: Behaviour = GOOD, *, old: Behaviour | None = GOOD, seed: int = 0) -> None:
        self.endpoint = SimulatedEndpoint({OLD: old or GOOD, NEW: new, STRAY: GOOD}, seed=seed)
        self.promotions, self.said = Promotions(self.endpoint), list[str]()
        if old is not None:
            self.endpoint.shares = {OLD: 100}
            self.promotions.records = [candidate(OLD).record.model_copy(update={"number": 1})]

    def release(self, **canary: float) -> Verdict:
        section = DeploymentSection.model_validate({"canary": canary})
        end = self.endpoint
        rollout = Rollout(end, self.promotions, section, self.said.append, sleep=end.sleep, now=end.now)
        return rollout.release(candidate())

    @property
    def recorded(self) -> list[str]:
        return [record.bundle.removeprefix("sha256:")[:12] for record in self.promotions.records]


def test_a_good_canary_takes_its_share_then_all_requests_and_the_old_version_goes() -> None:
    world = World()
    verdict = world.release()
    assert (verdict.decision, verdict.record, verdict.reason) == ("promote", 2, "good")
    assert world.endpoint.calls == [
        f"stage {NEW}",
        f"share {{'{OLD}': 90, '{NEW}': 10}}",
        f"share {{'{OLD}': 0, '{NEW}': 100}}",
        "promote",
        f"withdraw {OLD}",
    ]
    assert (world.endpoint.shares, world.recorded) == ({NEW: 100}, [OLD, NEW])
    assert verdict.observed is not None
    assert verdict.observed.canary.answered >= 200
    assert world.promotions.records[-1].reason == verdict.sentence


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (Behaviour(errors=0.1), "errors"),
        (Behaviour(refused=0.2), "refused"),
        (Behaviour(p99=300.0), "slow"),
        (Behaviour(p99=100.0), "slow"),  # against the old version's
    ],
)
def test_a_bad_canary_is_withdrawn_and_nothing_is_recorded(new: Behaviour, reason: str) -> None:
    world = World(new)
    verdict = world.release()
    assert (verdict.decision, verdict.reason) == ("rollback", reason)
    assert (world.endpoint.shares, world.recorded) == ({OLD: 100}, [OLD])


def test_good_canaries_stay_and_bad_ones_go_whatever_the_users_draw() -> None:
    verdicts = [World(seed=seed).release().decision for seed in range(40)]
    assert verdicts.count("promote") == 40
    assert [World(Behaviour(errors=0.05), seed=seed).release().decision for seed in range(40)].count("promote") <= 2


def test_too_few_users_are_no_evidence() -> None:
    world = World()
    world.endpoint.rate = 0.1
    assert world.release(max_wait_seconds=600).reason == "no_evidence"
    assert world.endpoint.shares == {OLD: 100}


def test_without_metrics_it_is_withdrawn_and_before_it_had_users_nothing_changes() -> None:
    world = World()
    world.endpoint.blind = True
    with pytest.raises(TemporaryError):
        world.release()
    assert world.endpoint.shares == {OLD: 100, NEW: 0}
    world.endpoint.blind = False
    count, asked = world.endpoint.count, list[float]()

    def lost_later(bundle: str, since: float) -> object:
        asked.append(since)
        world.endpoint.blind = len(asked) > 1
        return count(bundle, since)

    world.endpoint.count = lost_later  # type: ignore[method-assign,assignment]
    assert world.release().reason == "blind"
    assert world.endpoint.shares == {OLD: 100}


def test_the_first_version_serves_once_its_example_is_answered() -> None:
    world = World(old=None)
    assert world.release().decision == "promote"
    assert (world.endpoint.shares, world.recorded) == ({NEW: 100}, [NEW])
    assert world.release().decision == "promote"
    assert (world.endpoint.shares, world.recorded) == ({NEW: 100}, [NEW])


@pytest.mark.parametrize("old", [GOOD, None])
def test_a_version_that_answers_otherwise_gets_no_user(old: Behaviour | None) -> None:
    world = World(Behaviour(answer=0.51), old=old)
    with pytest.raises(ServingError, match=r"0\.51") as refused:
        world.release()
    assert refused.value.code == "served_differs"
    assert world.endpoint.shares == ({OLD: 100} if old else {})


def test_what_an_interrupted_release_of_another_bundle_left_is_named_and_withdrawn() -> None:
    world = World()
    world.endpoint.shares = {OLD: 90, STRAY: 10}
    assert world.release().decision == "promote"
    assert world.endpoint.shares == {NEW: 100}
    assert any(f"Bundle {STRAY} is withdrawn" in line for line in world.said)


@pytest.mark.parametrize("happened", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize(("new", "end"), [(GOOD, NEW), (Behaviour(errors=0.2), OLD)], ids=["good", "bad"])
def test_a_release_goes_on_from_wherever_it_was_interrupted(
    new: Behaviour, end: str, number: int, happened: bool
) -> None:
    world = World(new)
    world.endpoint.lose = (number, happened)
    if number < (5 if end == NEW else 4):
        with pytest.raises(TemporaryError):
            world.release()
        assert sum(world.endpoint.shares.values()) == 100
    assert world.release().decision == ("promote" if end == NEW else "rollback")
    assert world.endpoint.shares == {end: 100}
    assert world.recorded == ([OLD, NEW] if end == NEW else [OLD])


def test_a_canary_that_somebody_takes_away_is_not_waited_for() -> None:
    world = World()
    world.endpoint.rate, sleep = 0.1, world.endpoint.sleep

    def taken(seconds: float) -> None:
        sleep(seconds)
        world.endpoint.shares = {OLD: 100}

    world.endpoint.sleep = taken  # type: ignore[method-assign]
    assert world.release().reason == "predictor_gone"
    assert world.endpoint.shares == {OLD: 100}


def test_an_endpoint_that_somebody_deletes_meanwhile_ends_the_release() -> None:
    world = World()
    world.endpoint.rate, sleep = 0.0, world.endpoint.sleep

    def deleted(seconds: float) -> None:
        sleep(seconds)
        world.endpoint.shares = {}

    world.endpoint.sleep = deleted  # type: ignore[method-assign]
    verdict = world.release()
    assert (verdict.decision, verdict.reason) == ("rollback", "predictor_gone")
    assert (world.endpoint.shares, world.recorded) == ({}, [OLD])


def test_replacing_at_once_asks_no_user() -> None:
    world = World(Behaviour(errors=1.0))
    section = DeploymentSection.model_validate({"strategy": "replace"})
    rollout = Rollout(world.endpoint, world.promotions, section, world.said.append)
    assert rollout.release(candidate()).decision == "promote"
    assert (world.endpoint.shares, world.endpoint.events) == ({NEW: 100}, [])


def test_a_canary_whose_predictions_moved_is_withdrawn() -> None:
    world = World(Behaviour(high=0.8))
    verdict = world.release()
    assert (verdict.decision, verdict.reason) == ("rollback", "drifted")
    assert verdict.observed is not None
    canary, stable = verdict.observed.canary, verdict.observed.stable
    assert (canary.moved, canary.rows >= 200) == (True, True)
    assert (stable is not None and stable.moved) is False
    # 0.8 and 0.2 against 0.5 each: 0.3 ln 1.6 - 0.3 ln 0.4, less (2 - 1)(1/n + 1/10000)
    assert canary.psi == pytest.approx(0.4159 - 1 / canary.rows - 1e-4, abs=0.02)  # smoothed


def test_traffic_that_moves_both_versions_alike_is_nobodys_fault() -> None:
    world = World(Behaviour(high=0.8), old=Behaviour(high=0.8))
    assert world.release().decision == "promote"


def test_predictions_that_are_counted_late_are_waited_for() -> None:
    world = World(Behaviour(high=0.8))
    world.endpoint.late_seconds = 120.0
    assert world.release().reason == "drifted"
    assert any("the predictions of" in line for line in world.said)


def test_predictions_that_nobody_counts_promote_nothing() -> None:
    world = World()
    world.endpoint.late_seconds = 1e9
    verdict = world.release()
    assert (verdict.decision, verdict.reason) == ("rollback", "blind")
    assert "metrics not sent" in " ".join(world.said)


def test_without_figures_the_predictions_are_not_looked_at() -> None:
    world = World(Behaviour(high=0.8))
    world.endpoint.figures = False
    assert world.release().decision == "promote"
