"""What the processes of a fit leave, handed on to the caller of the fit and made its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sevenfold.training.protocol import OnEpoch, Progress
from sevenfold.training.pytorch.job import JobFolder

__all__ = ["Ended", "Relay"]


@dataclass
class Relay:
    """Hands on what the processes write; `stopped` is the epoch after which the caller ended the fit, 0 if none."""

    folder: JobFolder
    on_epoch: OnEpoch
    progress: Progress | None
    seen: int = 0
    stopped: int = 0

    def hand_on(self) -> None:
        """Offer the state, and pass the score, of each epoch that ended since."""
        for number, score in self.folder.scores(self.seen):
            self.seen += 1
            if self.progress is not None:
                self.progress.offer(self.folder.read)
            if not self.on_epoch(number, score):
                self.stopped = number
                return


@dataclass(frozen=True)
class Ended:
    """The state that the processes left, of a fit that has ended."""

    folder: JobFolder

    def read(self) -> bytes | None:
        """Return it."""
        return self.folder.read()

    def offer(self, content: Callable[[], bytes | None]) -> None:
        """Keep nothing."""
