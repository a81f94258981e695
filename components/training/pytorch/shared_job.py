"""A fit whose folder has a copy in a store, so that processes of other machines take part in it.

The task sends rows and job; the first process the state of each epoch and then its score; whoever fails says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sevenfold.contracts.canonical import write_whole
from sevenfold.contracts.errors import SevenfoldError, TrainingError
from sevenfold.runtime.checkpoint import CheckpointStore
from sevenfold.runtime.retry import Backoff, with_retries
from sevenfold.training.pytorch.job import Job, JobFolder

__all__ = ["ALIVE", "Received", "Sent"]

ALIVE: Final = "alive"  # changes as long as the task waits for the fit
ROWS, JOB, STATE, SCORES, ERROR = "rows.safetensors", "job.json", "state", "scores", "error.json"
PATIENCE: Final = Backoff(attempts=6, budget_seconds=60.0)


class _Shared(JobFolder):
    """The folder of one fit, and its copy.

    Args:
        path: a folder that exists.
        store: of this fit alone.
    """

    def __init__(self, path: Path, store: CheckpointStore) -> None:
        super().__init__(path)
        self.store = store

    def push(self, name: str) -> None:
        """Copy a file to the store; a fault that may pass is waited out.

        Raises:
            OSError: where the store does not take it.
        """
        content = (self.path / name).read_bytes()
        with_retries(lambda: self.store.write(name, content), (OSError,), backoff=PATIENCE)

    def pull(self, name: str) -> bool:
        """Copy a file from the store; return whether there is one.

        Raises:
            OSError: where the store does not give it.
        """
        content = with_retries(lambda: self.store.read(name), (OSError,), backoff=PATIENCE)
        if content is not None:
            write_whole(self.path / name, content)
        return content is not None


class Sent(_Shared):
    """The task's side: it sends what the processes need, and reads what they leave."""

    def write_job(self, job: Job) -> None:
        """Write and send the rows and all else."""
        super().write_job(job)
        self.push(ROWS)
        self.push(JOB)

    def write_state(self, state: bytes) -> None:
        """Write and send a state that an earlier attempt left."""
        super().write_state(state)
        self.push(STATE)

    def read(self) -> bytes | None:
        """Return the last state that the first process has sent."""
        self.pull(STATE)
        return super().read()

    def scores(self, seen: int) -> Iterator[tuple[int, float]]:
        """Yield number and score of the epochs that ended since, as the first process has sent them."""
        self.pull(SCORES)
        return super().scores(seen)

    def failed(self) -> bool:
        """Return whether a process has sent why it ended."""
        return self.pull(ERROR)


class Received(_Shared):
    """A pod's side: it receives the job, and sends what its processes write."""

    def receive(self) -> None:
        """Bring the rows and all else here.

        Raises:
            TrainingError: ``no_shared_job`` where there is none.
        """
        for name in (ROWS, JOB):
            if not self.pull(name):
                raise TrainingError(
                    "no_shared_job",
                    f"The fit's {name} must lie in the store, but does not: the task that asked for it has ended.",
                )
        self.pull(STATE)

    def write_state(self, state: bytes) -> None:
        """Write and send the state after an epoch."""
        super().write_state(state)
        self.push(STATE)

    def add_score(self, number: int, score: float) -> bool:
        """Write and send the score of an epoch, whose state is sent."""
        super().add_score(number, score)
        self.push(SCORES)
        return True

    def write_error(self, error: SevenfoldError) -> None:
        """Write and send why a process ended; the first cause of all machines stays."""
        super().write_error(error)
        if with_retries(lambda: self.store.read(ERROR), (OSError,), backoff=PATIENCE) is None:
            self.push(ERROR)
