"""A fit on an NVIDIA GPU against the same fit on the CPU: scores, losses, times. Ends within four minutes.

    python -m benchmarks.gpu --prepare build/gpu/flights.npz     here: the flights, encoded, in one file
    python -m benchmarks.gpu build/gpu/flights.npz               on the machine with the GPU

The second command reaches for no network and no data set. It needs numpy, torch, pydantic and PyYAML, and this
project's `components` on the path under the name `sevenfold`, as a link. Four comparisons, each of `fit` itself:

- the same losses: three epochs without dropout, whose random numbers differ between devices;
- the same bits: two fits on the GPU;
- the flights' own settings, to the end: scores on validation and test rows, seconds of both, on one thread;
- a larger network, seconds per epoch of both, the CPU on all its cores.

Where torch sees no GPU, one line says so. Results go to ``gpu.json`` in the folder that ``--out`` names.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from benchmarks.gpu_rows import Prepared, prepare_flights, prepare_sample
from sevenfold.plan.training import Device
from sevenfold.scoring.scores import score
from sevenfold.training.pytorch.fit import Fitted, fit
from sevenfold.training.pytorch.predict import predict, truth_of

SECONDS: Final = 220  # of the whole script
LARGE: Final[Mapping[str, Any]] = {"width": 1_024, "depth": 3, "embedding_width": 32}
LARGE_BATCH: Final = 4_096
LARGE_EPOCHS: Final = 3  # on the GPU; one on the CPU
LOSS_EPOCHS, QUICK_EPOCHS = 3, 2


@dataclass(frozen=True)
class Timed:
    """A fit and what it took: wall and CPU seconds, and the seconds of each epoch."""

    fitted: Fitted
    wall: float
    cpu: float

    @property
    def per_epoch(self) -> float:
        """Median wall seconds of an epoch; the first, which warms up, only counts where it is alone."""
        ends = [0.0, *(epoch.seconds for epoch in self.fitted.curve)]
        lasted = np.diff(ends)
        return float(np.median(lasted[1:] if len(lasted) > 1 else lasted))


class Comparison:
    """The fits of one table on the CPU and on a GPU, until the seconds are used up."""

    def __init__(self, prepared: Prepared, device: Device, seconds: float, threads: int) -> None:
        self.prepared, self.device, self.threads = prepared, device, threads
        self.ends = time.monotonic() + seconds
        self.results: dict[str, Any] = {}

    def fit(
        self,
        device: Device,
        settings: Mapping[str, Any],
        *,
        epochs: int,
        threads: int = 1,
        batch: int = 0,
        patience: int = 0,
    ) -> Timed:
        """Fit on a device; a fit that runs into the end of the script's time stops after its epoch."""
        section = self.prepared.section.replaced(
            device=device,
            settings=settings,
            threads=threads,
            batch_size=batch or None,
            max_epochs=epochs,
            patience=patience or epochs,
        )
        wall, cpu = time.monotonic(), time.process_time()
        fitted = fit(
            self.prepared.tensors,
            section,
            self.prepared.metric,
            on_epoch=lambda number, value: time.monotonic() < self.ends,
        )
        return Timed(fitted, time.monotonic() - wall, time.process_time() - cpu)

    def losses(self) -> None:
        """Three epochs without anything random but the first weights: the curves must be the same up to rounding."""
        settings = {"dropout": 0.0, "unknown": 0.0}
        cpu, gpu = (self.fit(device, settings, epochs=LOSS_EPOCHS) for device in (Device.CPU, self.device))
        pairs = list(zip(cpu.fitted.curve, gpu.fitted.curve, strict=False))
        differences = [abs(one.train_loss / other.train_loss - 1) for one, other in pairs]
        for one, other, difference in zip(*zip(*pairs, strict=True), differences, strict=True):
            say(
                f"epoch {one.number}: training loss {one.train_loss:.6f} on the CPU, {other.train_loss:.6f} on the GPU "
                f"({difference:.1e} apart); validation {one.validation_loss:.6f}, {other.validation_loss:.6f}"
            )
        self.results["losses"] = {"cpu": curve(cpu.fitted), "gpu": curve(gpu.fitted), "relative": differences}
        again = self.fit(self.device, settings, epochs=LOSS_EPOCHS)
        first, second = (fitted.network.state_dict() for fitted in (gpu.fitted, again.fitted))
        equal = all(torch.equal(first[name], second[name]) for name in first)
        self.results["repeats"] = equal
        say(f"a second fit on the GPU has {'the same' if equal else 'OTHER'} weights, bit for bit")

    def flights(self, epochs: int) -> None:
        """The plan's own settings to the end, as `sevenfold run` fits them."""
        section = self.prepared.section
        gpu, cpu = (
            self.fit(device, section.settings, epochs=epochs, patience=section.patience)
            for device in (self.device, Device.CPU)
        )
        self._sides("flights", cpu, gpu, threads=1)

    def larger(self, settings: Mapping[str, Any], epochs: int, batch: int) -> None:
        """A network that a GPU is made for; on the CPU a single epoch."""
        gpu = self.fit(self.device, settings, epochs=epochs, batch=batch)
        cpu = self.fit(Device.CPU, settings, epochs=1, batch=batch, threads=self.threads)
        self._sides("larger", cpu, gpu, threads=self.threads)

    def _sides(self, name: str, cpu: Timed, gpu: Timed, *, threads: int) -> None:
        record: dict[str, Any] = {"cpu_threads": threads}
        for side, timed in (("cpu", cpu), ("gpu", gpu)):
            fitted = timed.fitted
            record[side] = {
                "parameters": fitted.size, "epochs": len(fitted.curve), "stopped": fitted.stopped,
                "wall_seconds": timed.wall, "cpu_seconds": timed.cpu, "epoch_seconds": timed.per_epoch,
                "validation": fitted.score, "test": self._test(fitted), "curve": curve(fitted),
            }  # fmt: skip
            say(
                f"{name}, {side.upper()}: {fitted.size:,} parameters, {len(fitted.curve)} epochs, "
                f"{timed.wall:.1f} s, {timed.per_epoch:.2f} s per epoch; "
                f"{fitted.metric} {fitted.score:.4f} on validation rows, {record[side]['test']:.4f} on test rows"
            )
        ratio = cpu.per_epoch / gpu.per_epoch
        record["ratio"] = ratio
        say(f"{name}: an epoch takes {ratio:.2f} times as long on the CPU ({threads} threads) as on the GPU")
        self.results[name] = record

    def _test(self, fitted: Fitted) -> float:
        tensors, rows = self.prepared.tensors, self.prepared.test
        predicted, _ = predict(fitted.network, rows, tensors.signature)
        return score(self.prepared.metric, truth_of(rows, tensors), predicted)


def curve(fitted: Fitted) -> list[dict[str, float]]:
    """Return the epochs as JSON values."""
    return [asdict(epoch) for epoch in fitted.curve]


def say(sentence: str) -> None:
    """Print at once: what was measured before a limit stays."""
    print(sentence, flush=True)


def compare(prepared: Prepared, device: Device, options: argparse.Namespace) -> None:
    """Compare, and write the results after every step."""
    started = time.monotonic()
    name = torch.cuda.get_device_name() if device is Device.CUDA else "none: the CPU stands in"
    threads = min(options.threads, os.cpu_count() or 1)
    rows = prepared.tensors
    say(f"GPU: {name}; torch {torch.__version__}, Python {platform.python_version()}, {os.cpu_count()} cores")
    say(
        f"{len(rows.train):,} training rows, {len(rows.validation):,} validation rows, {len(prepared.test):,} test rows"
    )
    if device is Device.CUDA:
        torch.zeros(1, device="cuda").item()  # starts CUDA, and leaves cuBLAS to the first fit, which sets it up
    comparison = Comparison(prepared, device, options.seconds, threads)
    comparison.results["machine"] = {"gpu": name, "torch": torch.__version__, "cores": os.cpu_count()}
    small = options.quick
    steps = (
        comparison.losses,
        lambda: comparison.flights(QUICK_EPOCHS if small else prepared.section.max_epochs),
        lambda: comparison.larger(
            {"width": 64} if small else LARGE, QUICK_EPOCHS if small else LARGE_EPOCHS, LARGE_BATCH
        ),
    )
    options.out.mkdir(parents=True, exist_ok=True)
    for step in steps:
        if time.monotonic() > comparison.ends:
            say("the seconds are used up; the rest is left out")
            break
        step()
        (options.out / "gpu.json").write_text(json.dumps(comparison.results, indent=1))
    say(f"{time.monotonic() - started:.0f} s in all")


def main() -> int:
    """Prepare, or compare; 0 where there is no GPU too."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, nargs="?", help="What --prepare wrote.")
    parser.add_argument(
        "--prepare", type=Path, metavar="FILE", help="Write the encoded flights to this file, and stop."
    )
    parser.add_argument(
        "--device", choices=[*Device], default=Device.CUDA, help="cpu lets the CPU stand in for the GPU."
    )
    parser.add_argument("--threads", type=int, default=64, help="Most CPU threads for the larger network.")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="Fits end by then (default: %(default)s).")
    parser.add_argument(
        "--out", type=Path, default=Path("build/gpu"), help="Folder of gpu.json (default: %(default)s)."
    )
    parser.add_argument("--quick", action="store_true", help="A small table and small networks.")
    options = parser.parse_args()
    if options.prepare:
        (prepare_sample if options.quick else prepare_flights)(options.prepare)
        return 0
    device = Device(options.device)
    if device is Device.CUDA and not torch.cuda.is_available():
        say(f"no GPU: torch {torch.__version__} sees no CUDA device here, so there is nothing to compare")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        file = options.file
        if file is None:
            prepare_sample(file := Path(folder) / "sample.npz")
        compare(Prepared.read(file), device, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
