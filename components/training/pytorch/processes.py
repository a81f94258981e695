"""Fit a network in several processes of this machine, which torchrun starts."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import Final

from sevenfold.plan.training import TrainingSection
from sevenfold.runtime.children import started
from sevenfold.runtime.waiting import wait_until
from sevenfold.training.protocol import OnEpoch, Progress
from sevenfold.training.pytorch.fit import Fitted, fit
from sevenfold.training.pytorch.job import Job, JobFolder
from sevenfold.training.pytorch.model import Model
from sevenfold.training.pytorch.relay import Ended, Relay
from sevenfold.training.pytorch.tensors import Tensors

__all__ = ["fit_in_processes"]

WORKER: Final = "sevenfold.training.pytorch.worker"
LOOPBACK: Final = ("lo", "lo0")  # on Linux, on macOS
PAUSE_SECONDS: Final = 0.05


def fit_in_processes(
    tensors: Tensors,
    section: TrainingSection,
    metric: str,
    *,
    on_epoch: OnEpoch | None = None,
    progress: Progress | None = None,
    model: Model | None = None,
) -> Fitted:
    """Fit a network as `fit` does, each batch shared by `section.processes` processes; arguments are those of `fit`.

    The losses are those of one process but for the rounding of sums in another order, where a network draws no random
    numbers in training (dropout, unknown) and no layer looks at a whole batch (batch normalisation). The same number
    of processes gives the same weights, bit for bit. They speak to each other over the loopback interface; the port
    of torchrun itself is open on every interface.

    Raises:
        TrainingError: as `fit`; ``state_not_tensors``, ``fit_failed``, or ``processes_ended`` where one was killed.
    """
    with tempfile.TemporaryDirectory(prefix="sevenfold-fit-") as path:
        folder = JobFolder(Path(path))
        folder.write_job(Job(tensors, section, metric))
        earlier = progress.read() if progress is not None else None
        if earlier is not None:
            folder.write_state(earlier)
        relay = Relay(folder, on_epoch or (lambda number, score: True), progress)
        with started(_torchrun(section, folder), folder.log, _environment(section)) as torchrun:

            def over() -> bool:
                running = torchrun.poll() is None  # asked first: what was written before the end is handed on
                relay.hand_on()
                return relay.stopped > 0 or not running

            wait_until(over, pause_seconds=PAUSE_SECONDS)
            failed = torchrun.poll() not in (None, 0)
        if failed and not relay.stopped:
            raise folder.error()
        # A fit of one process that begins with the last state has nothing left to do but to make its result.
        return fit(
            tensors,
            section,
            metric,
            on_epoch=lambda number, score: number != relay.stopped,
            progress=Ended(folder),
            model=model,
        )


def _torchrun(section: TrainingSection, folder: JobFolder) -> list[str]:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={section.processes}"]
    return [*torchrun, "-m", WORKER, str(folder.path)]


def _environment(section: TrainingSection) -> dict[str, str]:
    loopback = next(name for _, name in socket.if_nameindex() if name in LOOPBACK)
    return {**os.environ, "GLOO_SOCKET_IFNAME": loopback, "OMP_NUM_THREADS": str(section.threads)}
