"""What the bucket must have for a compiled pipeline, as a folder of this machine that is copied there as it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sevenfold.contracts.canonical import write_whole
from sevenfold.pipelines.sagemaker.jobs import settings_address, settings_files
from sevenfold.pipelines.store import input_key
from sevenfold.plan import Plan

__all__ = ["InputsFolder"]


@dataclass
class InputsFolder:
    """A folder whose files get the addresses that they will have below `root`."""

    folder: Path
    root: str

    def put(self, path: Path) -> str:
        """Copy a file under its digest and return the address that it will have."""
        key = input_key(path)
        write_whole(self.folder / key, path.read_bytes())
        return f"{self.root}/{key}"

    def put_settings(self, plan: Plan) -> None:
        """Write the settings of every job."""
        for _, content in settings_files(plan):
            write_whole(self.folder / settings_address(self.root, content).removeprefix(f"{self.root}/"), content)
