"""The program of each pod of a TrainJob: ``python -m sevenfold.training.pytorch.pod ADDRESS``.

It brings the fit from the store and starts torchrun, which takes from the environment what Kubeflow Trainer says of the
pods (``PET_NNODES``, ``PET_NODE_RANK``, ``PET_MASTER_ADDR`` …). It ends when the task that asked for the fit is silent.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sevenfold.contracts.errors import SevenfoldError
from sevenfold.runtime.checkpoint import CheckpointStore, store_at
from sevenfold.runtime.children import started
from sevenfold.runtime.waiting import wait_until
from sevenfold.training.pytorch.shared_job import ALIVE, Received

__all__ = ["Watch", "take_part"]

WORKER: Final = "sevenfold.training.pytorch.worker"
PAUSE_SECONDS: Final = 0.2
LOOK_SECONDS: Final = 15.0  # between two looks whether the task is there
SILENT_SECONDS: Final = 120.0  # after which it is taken for dead
LOG_BYTES: Final = 20_000


class Watch:
    """Whether the task that asked for a fit still waits for it.

    Args:
        store: of the fit.
        clock: seconds that never go back.
    """

    def __init__(self, store: CheckpointStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._sign: bytes | None = None
        self._seen = self._looked = clock()

    @property
    def silent(self) -> bool:
        """Whether its sign has not changed for two minutes; a store that does not answer says nothing new either."""
        now = self._clock()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            if (sign := self._look()) not in (None, self._sign):
                self._sign, self._seen = sign, now
        return now - self._seen > SILENT_SECONDS

    def _look(self) -> bytes | None:
        try:
            return self._store.read(ALIVE)
        except OSError:
            return None


def take_part(address: str) -> int:
    """Take part in a fit until it ends; return torchrun's status, or 0 where the task is gone.

    Args:
        address: of the store's folder that the fit lies in.

    Raises:
        TrainingError: ``no_shared_job``.
    """
    store = store_at(*address.rsplit("/", 1))
    with tempfile.TemporaryDirectory(prefix="sevenfold-fit-") as path:
        folder = Received(Path(path), store)
        folder.receive()
        threads = folder.read_job().section.threads
        watch = Watch(store)
        torchrun = [sys.executable, "-m", "torch.distributed.run", "-m", WORKER, path, address]
        with started(torchrun, folder.log, {**os.environ, "OMP_NUM_THREADS": str(threads)}) as process:
            wait_until(lambda: process.poll() is not None or watch.silent, pause_seconds=PAUSE_SECONDS)
            status = process.poll()
        sys.stderr.write(folder.log.read_bytes()[-LOG_BYTES:].decode(errors="replace"))
        if status is None:
            store.remove()
            sys.stderr.write("the task that asked for this fit is gone\n")
        return status or 0


if __name__ == "__main__":
    try:
        sys.exit(take_part(sys.argv[1]))
    except SevenfoldError as error:
        sys.exit(str(error))
