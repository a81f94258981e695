"""One of the processes that fit a network together: ``torchrun … -m sevenfold.training.pytorch.worker FOLDER``.

In a pod of several a store's ADDRESS follows, which all of them reach.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.contracts.errors import SevenfoldError, TrainingError
from sevenfold.plan.training import Device
from sevenfold.runtime.checkpoint import store_at
from sevenfold.training.pytorch.fit import fit
from sevenfold.training.pytorch.group import Processes
from sevenfold.training.pytorch.job import JobFolder
from sevenfold.training.pytorch.shared_job import Received

if TYPE_CHECKING:
    import torch

__all__ = ["work"]

PATIENCE = timedelta(minutes=30)  # for the slowest process of a step


def work(folder: JobFolder) -> None:
    """Take part in the fit of a folder; torchrun says in the environment which process of how many this is.

    Raises:
        TrainingError: as `fit`; it is written to the folder too.
    """
    from torch import distributed

    job = folder.read_job()
    device = _device(job.section.device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        group = Processes(
            distributed.get_rank(), distributed.get_world_size(), device, finds_unused=bool(job.section.source)
        )
        fit(
            job.tensors,
            job.section,
            job.metric,
            on_epoch=folder.add_score if group.scores else None,
            progress=folder if group.scores else _Reader(folder),
            group=group,
        )
    except Exception as error:
        folder.write_error(error if isinstance(error, SevenfoldError) else _failure(error))
        raise
    distributed.destroy_process_group()


def _folder(path: Path, address: str = "") -> JobFolder:
    return Received(path, store_at(*address.rsplit("/", 1))) if address else JobFolder(path)


def _failure(error: Exception) -> TrainingError:
    return TrainingError(
        "fit_failed",
        f"Every process must fit the network to the end, but one raised {type(error).__name__}: {error}",
        remedy="Mend build_model's network, or write training.processes: 1 and try it alone.",
    )


class _Reader:
    """Goes on from the folder's state, and leaves the keeping to the first process."""

    def __init__(self, folder: JobFolder) -> None:
        self.read = folder.read

    def offer(self, content: object) -> None:
        """Keep nothing."""


def _device(wanted: Device) -> torch.device:
    import torch

    if wanted is Device.CPU:
        return torch.device("cpu")
    number = int(os.environ["LOCAL_RANK"])
    torch.cuda.set_device(number)
    return torch.device("cuda", number)


if __name__ == "__main__":
    try:
        work(_folder(Path(sys.argv[1]), *sys.argv[2:]))
    except SevenfoldError as error:
        sys.exit(str(error))
