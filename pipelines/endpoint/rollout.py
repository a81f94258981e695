"""The release of a candidate on an endpoint: every step looks first at what is there, so it can be started again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from sevenfold.contracts.errors import ServingError
from sevenfold.drift.telemetry import bundle_label
from sevenfold.pipelines.endpoint.example import require_same
from sevenfold.pipelines.endpoint.predictions import observed, with_predictions
from sevenfold.pipelines.endpoint.protocol import ALL
from sevenfold.plan.deployment import Strategy
from sevenfold.serving.judge import Verdict
from sevenfold.serving.kserve.observe import watch_canary

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.contracts.reference import FeatureBins
    from sevenfold.contracts.registry import Record
    from sevenfold.pipelines.endpoint.protocol import CloudEndpoint
    from sevenfold.plan.deployment import DeploymentSection
    from sevenfold.runtime.progress import OnMessage
    from sevenfold.serving.observed import Side

__all__ = ["Candidate", "Rollout"]

POLL_SECONDS: Final = 30.0  # the clouds count by the minute


@dataclass(frozen=True)
class Candidate:
    """A tested bundle: its folder, what a promotion of it will record, its example, answered by itself."""

    folder: Path
    record: Record
    request: bytes
    answer: dict[str, Any]
    predictions: FeatureBins | None = None  # the bins in its reference

    @property
    def label(self) -> str:
        """Name of the bundle on an endpoint."""
        return bundle_label(self.record.bundle)


class Promotions(Protocol):
    """The record of promotions, as `BucketPromotions` keeps it."""

    def current(self) -> Record | None:
        """Return the record of the serving bundle."""

    def promote(self, record: Record, bundle: Path) -> Record:
        """Keep the bundle, write the record, return it as written."""

    def predictions(self, digest: str) -> FeatureBins | None:
        """Return the bins of a kept bundle's predictions."""


@dataclass(frozen=True)
class Rollout:
    """One endpoint, the record of its promotions, and the plan's rule; the rest is for tests."""

    endpoint: CloudEndpoint
    promotions: Promotions
    section: DeploymentSection
    on_message: OnMessage
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time

    def release(self, candidate: Candidate) -> Verdict:
        """Deploy a candidate beside what serves, judge it on its users' requests, and promote or withdraw it.

        Where nothing serves yet, and with `strategy: replace`, the bundle's example is the evidence. Afterwards the
        endpoint serves one bundle. An error leaves what served serving, and the next call goes on from there.

        Raises:
            ServingError: ``served_differs``, or what the cloud says of a version that does not come up; the candidate
                was withdrawn.
            PolicyError, TemporaryError: as `CloudEndpoint`.
        """
        label, stable = candidate.label, self._stable(candidate.label)
        self._clear({label, stable})
        if label not in self._shares():
            self.on_message(f"Bundle {label} is deployed {'beside' if stable else 'on'} {self._name(stable)}")
            self.endpoint.stage(label)
        self._require_answer(candidate, stable)
        verdict = self._judged(candidate, stable)
        if verdict.decision == "rollback":
            self._withdraw(label, stable)
        if verdict.decision != "promote":
            return verdict
        self.endpoint.share({bundle: ALL if bundle == label else 0 for bundle in self._shares()})
        record = candidate.record.model_copy(update={"reason": verdict.sentence})
        written = self.promotions.promote(record, candidate.folder)
        self._clear({label})
        return verdict.model_copy(update={"record": written.number})

    def hold(self, candidate: Candidate) -> Verdict:
        """Deploy a candidate without requests beside what serves, until a person decides.

        Where nothing serves yet it is not deployed: a cloud sends a first version all requests.

        Raises:
            ServingError, PolicyError, TemporaryError: as `release`.
        """
        label, stable = candidate.label, self._stable(candidate.label)
        self._clear({label, stable})
        if stable and label not in self._shares():
            self.on_message(f"Bundle {label} is deployed beside {self._name(stable)}, without requests")
            self.endpoint.stage(label)
        if stable:
            self._require_answer(candidate, stable)
        where = f"without requests beside bundle {stable}" if stable else "to be deployed: nothing serves yet"
        sentence = f"It waits for a person's approval, {where}."
        return Verdict(decision="hold", reason="approval", sentence=sentence)

    def approve(self, candidate: Candidate) -> Record:
        """Give a candidate all requests, as a person decided, and return the record; what served before goes.

        Raises:
            ServingError, PolicyError, TemporaryError: as `release`.
        """
        label, stable = candidate.label, self._stable(candidate.label)
        self._clear({label, stable})
        self._serve(label)
        self._require_answer(candidate, stable)
        self._all_to(label)
        written = self.promotions.promote(candidate.record, candidate.folder)
        self._clear({label})
        return written

    def put_back(self, bundle: str) -> None:
        """Let an earlier bundle serve everybody; a candidate that waits goes, what served stays without requests."""
        serving = self._stable(bundle)
        self._clear({bundle, serving})
        self._serve(bundle)
        self._all_to(bundle)

    def keep_only(self, bundle: str) -> None:
        """Withdraw all but one bundle."""
        self._clear({bundle})

    def _serve(self, bundle: str) -> None:
        if bundle not in self._shares():
            self.on_message(f"Bundle {bundle} is deployed on {self.endpoint.address}")
            self.endpoint.stage(bundle)

    def _all_to(self, bundle: str) -> None:
        shares = self._shares()
        if shares.get(bundle) != ALL:
            self.endpoint.share({one: ALL if one == bundle else 0 for one in shares})

    def _stable(self, label: str) -> str:
        """Return what serves beside the candidate: by the record of promotions, else by its share; "" for nothing."""
        others = {bundle: percent for bundle, percent in self._shares().items() if bundle != label}
        current = self.promotions.current()
        if current is not None and bundle_label(current.bundle) in others:
            return bundle_label(current.bundle)
        serving = {bundle: percent for bundle, percent in others.items() if percent}
        return max(serving, key=lambda bundle: serving[bundle], default="")

    def _judged(self, candidate: Candidate, stable: str) -> Verdict:
        label = candidate.label
        shares, percent = self._shares(), self.section.canary.percent
        if shares[label] == ALL and not stable:
            return _good("nothing served before, and its example was answered as by the bundle itself.")
        if shares[label] == ALL:
            return _good("it takes all requests already.")
        if self.section.strategy is Strategy.REPLACE:
            return _good("the plan replaces at once.")
        # Who may not read the metrics learns it before a user is asked.
        self.endpoint.count(label, self.now() - POLL_SECONDS)
        if shares[label] != percent:
            self.endpoint.share({bundle: percent if bundle == label else ALL - percent for bundle in shares})
        since = self.endpoint.changed()
        self.on_message(f"Bundle {label} takes {percent} % of the requests until it is judged")
        current = self.promotions.current()
        known = current is not None and bundle_label(current.bundle) == stable
        beside = self.promotions.predictions(current.bundle) if current is not None and known else None
        return watch_canary(
            self.section,
            lambda: observed(self._counted(label, since, candidate.predictions), self._counted(stable, since, beside)),
            gone=lambda: "" if label in self._shares() else "somebody took it off the endpoint.",
            on_message=self.on_message,
            sleep=self.sleep,
            clock=self.now,
            poll_seconds=POLL_SECONDS,
            waited_seconds=max(0.0, self.now() - since),
        )

    def _counted(self, bundle: str, since: float, bins: FeatureBins | None) -> Side:
        side, least = self.endpoint.count(bundle, since), self.section.canary.min_requests
        return with_predictions(side, self.endpoint, since, bins, least)

    def _require_answer(self, candidate: Candidate, stable: str) -> None:
        answer = self.endpoint.ask(candidate.request, candidate.label)
        if answer is None:
            return
        try:
            require_same(answer, candidate.answer)
        except ServingError:
            self._withdraw(candidate.label, stable)
            raise

    def _withdraw(self, label: str, stable: str) -> None:
        shares = self._shares()
        if stable in shares:
            self.endpoint.share({bundle: ALL if bundle == stable else 0 for bundle in shares})
        if label in shares:
            self.endpoint.withdraw(label)

    def _clear(self, kept: set[str]) -> None:
        """Withdraw every other bundle; one that still takes requests gives them to what serves."""
        shares = self._shares()
        others = [bundle for bundle in shares if bundle not in kept]
        if any(shares[bundle] for bundle in others):
            first = max((bundle for bundle in shares if bundle in kept), key=lambda bundle: shares[bundle])
            self.endpoint.share({bundle: ALL if bundle == first else 0 for bundle in shares})
        for bundle in others:
            self.on_message(f"Bundle {bundle} is withdrawn from {self.endpoint.address}")
            self.endpoint.withdraw(bundle)

    def _shares(self) -> dict[str, int]:
        return {one.bundle: one.percent for one in self.endpoint.served()}

    def _name(self, stable: str) -> str:
        return f"bundle {stable}" if stable else self.endpoint.address


def _good(why: str) -> Verdict:
    return Verdict(decision="promote", reason="good", sentence=f"Promoted: {why}")
