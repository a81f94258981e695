"""The steps by which a new version takes over on KServe: each is done whole or not at all.

A version is staged without traffic, given a share, then promoted or withdrawn. The InferenceService alone decides what
serves, and every step is one change of it that names the version it was decided on: wherever a run is interrupted, the
next one sees the old model or the new one.

Traffic is moved before anything goes: a route that still names a deleted Service answers 500 (11 of 50 requests
in the second of a promotion, measured with Contour), so a promotion gives the candidate everything first, a withdrawal
nothing, and only then the other one is dropped.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from sevenfold.cluster.objects import Cluster, Conflict
from sevenfold.contracts.errors import ServingError, TemporaryError
from sevenfold.runtime.waiting import wait_until
from sevenfold.serving.kserve.inference_service import Release, digest_of, read_release, workload
from sevenfold.serving.kserve.readiness import wait_for_revision

__all__ = ["KIND", "Rollout", "Staged", "named_as"]

KIND: Final = "InferenceService"
ATTEMPTS: Final = 20
PAUSE_SECONDS: Final = 0.5
ROUTE_SECONDS: Final = 60.0
SETTLE_SECONDS: Final = 5.0  # from the route's object to the proxies; a pod that goes answers for 20


@dataclass(frozen=True)
class Staged:
    """A candidate that serves us alone; `stable` is the digest of the version that serves users, "" for a first one."""

    url: str
    workload: str
    stable: str


class Rollout:
    """Changes the InferenceService of one plan.

    Args:
        cluster: with the namespace.
        name: the plan's.
        on_message: called with what is done and what is waited for.
        sleep: waits so many seconds.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        cluster: Cluster,
        name: str,
        *,
        on_message: Callable[[str], None] = lambda message: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.cluster, self.name = cluster, name
        self._sleep, self._clock = sleep, clock
        self._wait = partial(wait_for_revision, cluster, on_message=on_message, sleep=sleep, clock=clock)

    def read(self) -> Release | None:
        """Return what the InferenceService says, or None if there is none.

        Raises:
            PolicyError: ``not_ours``.
        """
        manifest = self.cluster.get(KIND, self.name)
        return read_release(manifest, self.name) if manifest else None

    def public_url(self) -> str:
        """Return the address for users, as KServe reports it; "" before the gateway has a route."""
        release = self.read()
        return str(release.status.get("url", "")) if release else ""

    def waiting(self) -> str:
        """Return the digest of the bundle that waits to be promoted, or ""."""
        release = self.read()
        if release is None:
            return ""
        return release.stable_digest if release.hidden else release.candidate_digest

    def stage(self, predictor: dict[str, Any], *, seconds: float) -> Staged:
        """Bring a predictor up where no user's request reaches it.

        A first version is kept from the gateway, any later one gets a share of 0 %. A candidate that is there already
        is superseded; the serving version goes on serving, also if this fails.

        Args:
            predictor: KServe's spec, as `predictor_of` makes it.
            seconds: longest wait.

        Raises:
            ServingError: ``revision_failed``; what was there before is there again.
            PolicyError: ``not_ours``.
        """
        before = self.read()
        if before is not None and before.percent and before.candidate_digest != digest_of(predictor):
            self.withdraw(before.candidate_digest)  # it still gets users' requests
        released = self._change(lambda release: self._with_candidate(release, predictor))
        staged = released.candidate or released.stable
        deployment = workload(self.name, staged)
        try:
            self._wait(deployment, staged, seconds=seconds)
        except BaseException:
            self._restore(before, digest_of(predictor))
            raise
        stable = released.stable_digest if released.candidate or not released.hidden else ""
        url = f"http://{deployment}.{self.cluster.namespace}.svc"
        return Staged(url, deployment, stable)

    def share(self, digest: str, percent: int) -> None:
        """Give the candidate so many percent of the traffic, and wait until the route says so.

        Raises:
            ServingError: ``superseded`` if it is no longer the candidate.
        """
        release = self._change(lambda release: replace(self._candidate(release, digest), percent=percent))
        self._wait_for_route(release, percent)

    def promote(self, digest: str) -> None:
        """Let the candidate serve everybody, without a request lost; nothing is done if it does already.

        Raises:
            ServingError: ``superseded`` if it is no longer the candidate.
        """
        release = self.read()
        if release and release.stable_digest == digest and not release.candidate:
            if release.hidden:
                self._change(lambda current: replace(self._present(current), hidden=False))
            return
        if release and release.stable_digest != digest:
            self.share(digest, 100)
            self._sleep(SETTLE_SECONDS)
        self._change(lambda current: self._promoted(current, digest))

    def withdraw(self, digest: str) -> None:
        """Take the candidate away; nothing is done if it is not the candidate any more."""
        release = self.read()
        if release is None or release.candidate_digest != digest:
            return
        if release.percent:
            self.share(digest, 0)
            self._sleep(SETTLE_SECONDS)
        self._change(lambda current: self._without(current, digest))

    def _with_candidate(self, release: Release | None, predictor: dict[str, Any]) -> Release:
        if release is None:
            return Release(self.name, self.cluster.namespace, predictor, hidden=True)
        if release.hidden:
            return replace(release, stable=predictor, candidate=None, percent=0)
        if release.stable_digest == digest_of(predictor):
            # The same bundle with other settings: rolled over in place.
            return replace(release, stable=named_as(release.stable, predictor), candidate=None, percent=0)
        if release.stable.get("name") == predictor["name"]:  # a rolling update has changed what the name stands for
            predictor = predictor | {"name": f"{predictor['name']}x"}
        return replace(release, candidate=predictor, percent=0)

    def _promoted(self, release: Release | None, digest: str) -> Release:
        current = self._present(release)
        if current.stable_digest != digest:
            current = replace(current, stable=self._candidate(current, digest).candidate or {})
        return replace(current, candidate=None, percent=0)

    def _without(self, release: Release | None, digest: str) -> Release:
        current = self._present(release)
        return current if current.candidate_digest != digest else replace(current, candidate=None, percent=0)

    def _restore(self, before: Release | None, digest: str) -> None:
        """Undo a stage that failed, unless someone else has staged another candidate meanwhile."""
        present = self.read()
        if present is None:
            return
        if present.candidate:
            self.withdraw(digest)
        elif present.stable_digest == digest and before is None:
            self.cluster.delete(KIND, self.name)
        elif present.stable_digest == digest and before is not None:
            self._change(lambda current: replace(self._present(current), stable=before.stable))

    def _candidate(self, release: Release | None, digest: str) -> Release:
        if release is None or release.candidate_digest != digest:
            raise ServingError(
                "superseded",
                f"Bundle {digest[:19]} must be the candidate of {self.name!r}, but is not any more.",
                remedy="See the serving version with: sevenfold status NAME",
            )
        return release

    def _present(self, release: Release | None) -> Release:
        if release is None:
            raise ServingError("superseded", f"InferenceService {self.name!r} must be there, but was deleted.")
        return release

    def _change(self, edit: Callable[[Release | None], Release]) -> Release:
        """Read, edit, apply; begin again where someone else was faster."""
        for _ in range(ATTEMPTS):
            before = self.read()
            after = edit(before)
            if before is not None and after == before:
                return after
            try:
                self.cluster.apply(after.manifest())
            except Conflict:
                self._sleep(PAUSE_SECONDS)
                continue
            return after
        raise TemporaryError("service_busy", f"InferenceService {self.name!r} was changed {ATTEMPTS} times meanwhile.")

    def _wait_for_route(self, release: Release, percent: int) -> None:
        """Wait until the gateway's route holds the share; without a Gateway API there is none to wait for."""
        service = workload(self.name, release.candidate or release.stable)

        def shared() -> bool:
            route = self.cluster.get("HTTPRoute", self.name)
            return route is None or _weight(route, service) == percent

        wait_until(
            shared,
            pause_seconds=PAUSE_SECONDS,
            patience_seconds=ROUTE_SECONDS,
            late=lambda: ServingError(
                "route_stands_still",
                f"The route of {self.name!r} must give {service} {percent} % within {ROUTE_SECONDS:g} seconds, "
                "but does not.",
                remedy="See whether KServe's controller runs and the Gateway API is on: sevenfold doctor",
            ),
            sleep=self._sleep,
            clock=self._clock,
        )


def named_as(present: dict[str, Any], predictor: dict[str, Any]) -> dict[str, Any]:
    """Return a predictor under the name of the present one, whose Deployment it then takes over."""
    own = {key: value for key, value in predictor.items() if key != "name"}
    return own | ({"name": present["name"]} if "name" in present else {})


def _weight(route: dict[str, Any], service: str) -> int:
    """Return the percent that the route's rules give a Service; -1 where they disagree."""
    weights = set()
    for rule in route["spec"].get("rules", ()):
        ends = rule.get("backendRefs", ())
        total = sum(end.get("weight", 1) for end in ends) or 1
        weights.add(round(100 * sum(end.get("weight", 1) for end in ends if end["name"] == service) / total))
    return weights.pop() if len(weights) == 1 else -1
