"""Releases by a person on an endpoint of a cloud: promote what waits, put an earlier version back, look."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.contracts.canonical import canonical_json
from sevenfold.contracts.errors import IntegrityError, PolicyError
from sevenfold.contracts.registry import earlier_of
from sevenfold.drift.telemetry import bundle_label
from sevenfold.pipelines.endpoint.drift import last_window
from sevenfold.pipelines.endpoint.example import example_of
from sevenfold.pipelines.endpoint.promotions import BucketPromotions
from sevenfold.pipelines.endpoint.rollout import Candidate, Rollout
from sevenfold.pipelines.endpoint.run import verdict_key
from sevenfold.serving.judge import Verdict

if TYPE_CHECKING:
    from sevenfold.contracts.registry import Record
    from sevenfold.drift.verdict import WindowDrift
    from sevenfold.pipelines.endpoint.protocol import CloudEndpoint, Served
    from sevenfold.pipelines.store import Store
    from sevenfold.plan import Plan
    from sevenfold.runtime.progress import OnMessage

__all__ = ["EndpointReleases"]


@dataclass(frozen=True)
class EndpointReleases:
    """What a person does about the versions of one plan on its endpoint.

    Args:
        plan: as it was last submitted.
        store: the bucket, at the plan's root.
        connect: makes the endpoint for the deployment of a bundle, named by its digest; "" for that of none.
        decided: told of the run whose bundle a person released, or withdrew, for the cloud's model registry.
    """

    plan: Plan
    store: Store
    connect: Callable[[str], CloudEndpoint]
    decided: Callable[[str, Verdict], None] = lambda run, verdict: None

    def history(self) -> list[Record]:
        """Return all promotions and rollbacks, oldest first.

        Raises:
            PolicyError: ``nothing_promoted``.
        """
        records = self._promotions.history()
        if not records:
            raise PolicyError(
                "nothing_promoted",
                f"A promotion of {self.plan.name!r} must be recorded in {self.store.root}, but there is none.",
            )
        return records

    def state(self) -> tuple[str, list[Served], Record | None, Record | None]:
        """Return the endpoint's name, what it serves, the record of what should serve, and what waits."""
        current, waiting = self._promotions.current(), self._promotions.waiting()
        endpoint = self.connect("")
        return endpoint.address, endpoint.served(), current, waiting

    def drift(self) -> WindowDrift | None:
        """Return the drift of what serves in the last window, over all replicas; None where nothing is to be counted.

        Raises:
            IntegrityError, PolicyError, TemporaryError: as `last_window`, or the bundle's reference cannot be read.
        """
        current = self._promotions.current()
        if current is None:
            return None
        reference = self._promotions.reference(current.bundle)
        if reference is None:
            raise IntegrityError(
                "missing_output",
                f"The bundle that serves must be kept in {self.store.root}, but {current.bundle[:19]} is not.",
            )
        return last_window(self.connect(""), current.bundle, reference, self.plan.monitoring)

    def promote(self, who: str, reason: str, on_message: OnMessage) -> Record:
        """Give the waiting candidate all requests and return the record, with who did it and why.

        Raises:
            PolicyError: ``nothing_waits``, and what the cloud refuses.
            IntegrityError, ServingError, TemporaryError: as `Rollout.approve`; what served goes on serving.
        """
        record = self._needed()
        with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
            bundle = self._promotions.bundle(record.bundle, Path(work) / "bundle")
            named = record.model_copy(update={"who": who, "reason": reason})
            written = self._rollout(record.bundle, on_message).approve(
                Candidate(bundle.folder, named, *example_of(bundle))
            )
        verdict = Verdict(
            decision="promote", reason="approval", sentence=f"Promoted by {who}: {reason}.", record=written.number
        )
        self._conclude(record.run, verdict)
        return written

    def withdraw(self, on_message: OnMessage) -> str:
        """Take the waiting candidate off the endpoint and return its digest; "" where none waits."""
        record = self._promotions.waiting()
        if record is None:
            return ""
        current = self._promotions.current()
        if current is not None:
            self._rollout("", on_message).keep_only(bundle_label(current.bundle))
        sentence = "Rolled back: a person withdrew it before it served."
        self._conclude(record.run, Verdict(decision="rollback", reason="approval", sentence=sentence))
        return record.bundle

    def roll_back(self, who: str, reason: str, to: str, on_message: OnMessage) -> Record:
        """Let the last bundle before the serving one, or the one named by digest, serve everybody again.

        It is recorded before the other one goes, so that an interrupted call can be made again. A candidate that waited
        is withdrawn.

        Raises:
            PolicyError: ``nothing_to_roll_back``.
        """
        back = earlier_of(self._promotions.history(), to)
        rollout = self._rollout(back.bundle, on_message)
        rollout.put_back(bundle_label(back.bundle))
        written = self._promotions.rollback(who=who, reason=reason, to=back.bundle)
        self._promotions.forget()
        rollout.keep_only(bundle_label(back.bundle))
        return written

    @property
    def _promotions(self) -> BucketPromotions:
        return BucketPromotions(self.store, self.plan.name)

    def _rollout(self, digest: str, on_message: OnMessage) -> Rollout:
        return Rollout(self.connect(digest), self._promotions, self.plan.deployment, on_message)

    def _needed(self) -> Record:
        record = self._promotions.waiting()
        if record is None:
            raise PolicyError(
                "nothing_waits",
                f"A model of {self.plan.name!r} must wait for a person, but none does.",
                remedy="See what serves with: sevenfold status NAME --target TARGET.",
            )
        return record

    def _conclude(self, run: str, verdict: Verdict) -> None:
        self._promotions.forget()
        if run:
            key = verdict_key(self.plan.name, run)
            self.store.write(key, canonical_json(verdict.model_dump(mode="json")).encode())
            self.decided(run, verdict)
