"""What a cloud's endpoint must do so that a bundle can be released on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sevenfold.drift.stability import Counts
from sevenfold.serving.observed import Side

__all__ = ["ALL", "Bins", "CloudEndpoint", "Served"]

ALL: Final = 100  # percent
Bins = Mapping[str, Sequence[str]]  # by feature: the names of its bins, in the order of the reference


@dataclass(frozen=True)
class Served:
    """A bundle on an endpoint, by the first 12 hexadecimal digits of its digest, and its share of the requests."""

    bundle: str
    percent: int


class CloudEndpoint(Protocol):
    """One endpoint that shares its users' requests among bundles of one plan.

    Its state is the cloud's alone, so that a release goes on where an interrupted one ended. Every method returns when
    the cloud has finished the change; each raises PolicyError where the cloud says no, ServingError where a version
    does not come up, and TemporaryError where no answer comes.
    """

    @property
    def address(self) -> str:
        """Name of the endpoint, for people."""

    def served(self) -> list[Served]:
        """Return what it serves; [] where there is no such endpoint.

        Raises:
            PolicyError: ``endpoint_foreign`` where something that we did not deploy is on it.
        """

    def stage(self, bundle: str) -> None:
        """Deploy the candidate without requests, or, on an endpoint without any version, with all of them."""

    def share(self, percents: dict[str, int]) -> None:
        """Give every bundle on the endpoint its share; the shares add up to 100."""

    def changed(self) -> float:
        """Return when the shares were last changed, in seconds since the epoch."""

    def withdraw(self, bundle: str) -> None:
        """Take a bundle without requests away, with all that was made for it; the last one takes the endpoint along."""

    def ask(self, body: bytes, bundle: str) -> dict[str, Any] | None:
        """Return the answer of this very bundle to a request of V1; None where it cannot be asked alone."""

    def count(self, bundle: str, since: float) -> Side:
        """Return what was counted of a bundle since then.

        Raises:
            TemporaryError: the metrics cannot be read now.
        """

    def predictions(self, bundle: str, since: float, bins: Sequence[str]) -> dict[str, int] | None:
        """Return the rows per bin that a bundle predicted since then; None where its container sends no figures.

        Raises:
            TemporaryError: they cannot be read now.
        """

    def features(self, bundle: str, since: float, bins: Bins) -> dict[str, Counts] | None:
        """Return the rows per bin of each feature that all replicas of a bundle saw since then, as `predictions` does.

        Args:
            bundle: its label.
            since: seconds since the epoch.
            bins: the names of the bins of each feature.

        Raises:
            TemporaryError: they cannot be read now.
        """
