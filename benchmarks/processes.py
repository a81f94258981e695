"""An epoch of a large network in several processes against one: ``python -m benchmarks.processes``.

Each side fits the same rows in the same batches, and must see the same losses; wall seconds per epoch. One process
has as many threads as the others are processes, since that is the other way to use the cores. A file that
``python -m benchmarks.gpu --prepare FILE`` wrote gives the rows, so a machine without the table can run this; with
``--device cuda`` each process takes a GPU.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.gpu_rows import Prepared, prepare_sample
from sevenfold.plan.training import Device
from sevenfold.training.pytorch.fit import Fitted, fit
from sevenfold.training.pytorch.processes import fit_in_processes

SETTINGS: Final[Mapping[str, Any]] = {
    "depth": 3, "embedding_width": 32, "dropout": 0.0, "unknown": 0.0,
}  # fmt: skip
BATCH: Final = 4_096
EPOCHS: Final = 3


def seconds_per_epoch(fitted: Fitted) -> float:
    """Return the median wall seconds of the epochs after the first."""
    return float(np.median(np.diff([epoch.seconds for epoch in fitted.curve])))


def main() -> None:
    """Fit on one side after the other, and print a line for each."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.processes", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, nargs="?", help="What benchmarks.gpu --prepare wrote; else a small table.")
    parser.add_argument("--processes", type=int, nargs="+", default=[2], help="Numbers to try (default: 2).")
    parser.add_argument("--device", choices=[*Device], default=Device.CPU, help="Device of all sides.")
    parser.add_argument("--width", type=int, default=256, help="Units of a layer (default: %(default)s).")
    parser.add_argument("--quick", action="store_true", help="A small network.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = options.file
        if file is None:
            prepare_sample(file := Path(folder) / "sample.npz")
        prepared = Prepared.read(file)
    settings = {**SETTINGS, "width": 64 if options.quick else options.width}
    section = prepared.section.replaced(
        device=options.device, settings=settings, batch_size=BATCH, max_epochs=EPOCHS, patience=EPOCHS
    )
    for number in options.processes:
        alone = fit(prepared.tensors, section.replaced(threads=number), prepared.metric)
        shared = fit_in_processes(prepared.tensors, section.replaced(processes=number), prepared.metric)
        apart = max(
            abs(one.train_loss / other.train_loss - 1) for one, other in zip(alone.curve, shared.curve, strict=True)
        )
        one, many = seconds_per_epoch(alone), seconds_per_epoch(shared)
        print(
            f"{number} processes: {many:.2f} s per epoch, 1 process with {number} threads: {one:.2f} s, "
            f"ratio {one / many:.2f}; losses {apart:.0e} apart",
            flush=True,
        )


if __name__ == "__main__":
    main()
