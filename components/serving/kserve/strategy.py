"""The ways a new version takes over: as KServe's canary, or as a second InferenceService that is swapped in.

The second works with every KServe: `spec.canary` came with 0.20 and is sound from 0.21 on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from sevenfold.cluster.objects import Cluster
from sevenfold.contracts.errors import ServingError
from sevenfold.plan.deployment import Strategy
from sevenfold.serving.kserve.inference_service import Release, digest_of, read_release, workload
from sevenfold.serving.kserve.rollout import KIND, Rollout, Staged, named_as

__all__ = ["Replacement", "rollout_of"]

NEXT: Final = "next"
PATIENCE_SECONDS: Final = 300.0  # for the pods of the serving version


def rollout_of(
    cluster: Cluster, name: str, strategy: Strategy, *, on_message: Callable[[str], None] = lambda message: None
) -> Rollout:
    """Return the rollout of a plan's InferenceService, of the kind that the plan names."""
    kind = Replacement if strategy is Strategy.REPLACE else Rollout
    return kind(cluster, name, on_message=on_message)


class Replacement(Rollout):
    """Stages a candidate as a second InferenceService, and swaps by a rolling update of the first.

    Pods of the old version go only when those of the new one take requests, so no request is lost; for some seconds
    both answer.
    """

    @property
    def _second(self) -> str:
        return f"{self.name}-{NEXT}"

    def waiting(self) -> str:
        """Return the digest of the bundle that waits to be promoted, or ""."""
        second = self._read_second()
        return second.stable_digest if second else super().waiting()

    def stage(self, predictor: dict[str, Any], *, seconds: float) -> Staged:
        """Bring a predictor up as a second InferenceService; a first version is staged like any other."""
        release = self.read()
        if release is None or release.hidden or release.stable_digest == digest_of(predictor):
            return super().stage(predictor, seconds=seconds)
        second = Release(self._second, self.cluster.namespace, predictor, hidden=True, plan=self.name)
        self.cluster.apply(second.manifest())
        deployment = workload(self._second, predictor)
        try:
            self._wait(deployment, predictor, seconds=seconds)
        except BaseException:
            self.withdraw(digest_of(predictor))
            raise
        url = f"http://{deployment}.{self.cluster.namespace}.svc"
        return Staged(url, deployment, release.stable_digest)

    def promote(self, digest: str) -> None:
        """Roll the first InferenceService over to the candidate, wait until it serves, drop the second one."""
        release, second = self.read(), self._read_second()
        if release is None or release.hidden:
            super().promote(digest)
        elif release.stable_digest != digest:
            if second is None or second.stable_digest != digest:
                raise ServingError("superseded", f"Bundle {digest[:19]} must be the candidate of {self.name!r}.")
            before, stable = release.stable, named_as(release.stable, second.stable)
            self._change(lambda current: replace(self._present(current), stable=stable, candidate=None))
            try:
                self._wait(workload(self.name, stable), stable, seconds=PATIENCE_SECONDS)
            except ServingError:
                self._change(lambda current: replace(self._present(current), stable=before))
                raise
        self.withdraw(digest)

    def withdraw(self, digest: str) -> None:
        """Delete the second InferenceService if it serves this bundle."""
        second = self._read_second()
        if second is not None and second.stable_digest == digest:
            self.cluster.delete(KIND, self._second)

    def _read_second(self) -> Release | None:
        manifest = self.cluster.get(KIND, self._second)
        return read_release(manifest, self.name) if manifest else None
