"""Where a job finds what it reads and leaves what it makes: the folders that SageMaker mounts below ``/opt/ml``.

=====================  ==============================  ==========================
what                   processing job                  training job
=====================  ==============================  ==========================
an input               ``processing/input/NAME``       ``input/data/NAME``
an output              ``processing/output/NAME``      ``output/data/NAME``
the bundle             ``processing/output/bundle``    ``model``
unfinished work        –                               ``checkpoints``
why the job failed     ``output/message``              ``output/failure``
=====================  ==============================  ==========================

The folder of an output is mounted by itself: it can be filled, but neither replaced nor removed, as a stage does with
what an earlier attempt left. So stages write below ``work``, and `deliver` moves what they made.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from sevenfold.contracts.errors import DataError

__all__ = ["JobFolders"]


@dataclass(frozen=True)
class JobFolders:
    """The folders of one job below `root`, for a processing job or a training job."""

    root: Path
    training_job: bool = False

    def input(self, name: str) -> Path:
        """Return the folder of an input, which must be there.

        Raises:
            DataError: ``missing_input``.
        """
        path = self._input(name)
        if not path.is_dir():
            raise DataError(
                "missing_input",
                f"A job must have its input {name!r} as a folder, but {path} is none.",
                remedy="Mount it there.",
            )
        return path

    def optional(self, name: str) -> Path | None:
        """Return the folder of an input, or None where none is mounted."""
        path = self._input(name)
        return path if path.is_dir() else None

    def file(self, name: str, address: str = "") -> Path | None:
        """Return the one file of an input, or None where none is mounted.

        Beside ``flights.csv`` SageMaker mounts every object whose address only begins so, such as ``flights.csv.bak``.
        So of several files the one with the address' own name is taken, where the others' names begin with it.

        Raises:
            DataError: ``one_file`` where the folder has none or several: which is meant cannot be seen.
        """
        folder = self.optional(name)
        if folder is None:
            return None
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        named = folder / address.rpartition("/")[2]
        if named in files and all(str(path).startswith(str(named)) for path in files):
            return named
        if len(files) != 1:
            raise DataError(
                "one_file",
                f"The input {name!r} must hold one file, but holds {len(files)}.",
                remedy="Name the address of one file, not of a folder.",
            )
        return files[0]

    def output(self, name: str) -> Path:
        """Return the folder that a stage writes an output to, made where it is not there."""
        path = self._work / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def deliver(self) -> None:
        """Move every output to the folder that SageMaker stores it from."""
        for made in sorted(self._work.iterdir()) if self._work.is_dir() else []:
            mounted = self._mounted(made.name)
            mounted.mkdir(parents=True, exist_ok=True)
            for path in sorted(made.iterdir()):
                shutil.move(path, mounted / path.name)

    @property
    def _work(self) -> Path:
        return self.root / ("work" if self.training_job else "processing/work")

    def _mounted(self, name: str) -> Path:
        if not self.training_job:
            return self.root / "processing/output" / name
        return self.root / "model" if name == "bundle" else self.root / "output/data" / name

    @property
    def message(self) -> Path:
        """The file whose first 1,024 bytes SageMaker shows as the reason why the job failed."""
        return self.root / "output" / ("failure" if self.training_job else "message")

    @property
    def checkpoints(self) -> str | None:
        """Folder of unfinished work; None where nothing outlives the job."""
        return str(self.root / "checkpoints") if self.training_job else None

    def _input(self, name: str) -> Path:
        return self.root / ("input/data" if self.training_job else "processing/input") / name
