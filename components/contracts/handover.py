"""The handover folder: what the first run of a split one hands to its release, and by which digests it is known.

================  ==============================================================
`handover.json`   `Handover`: addresses of three folders, digests of two of them
`manifest.json`   digest and bytes of it
================  ==============================================================
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from sevenfold.contracts.canonical import write_json
from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.manifest import seal, verify

__all__ = ["HANDOVER_FILES", "Handover"]

HANDOVER_FILES = ("handover.json",)


class Handover(BaseModel):
    """The arguments of a release; the digests are those that testing saw."""

    model_config = ConfigDict(frozen=True)

    dataset: str
    bundle: str
    evaluation: str
    bundle_digest: str
    evaluation_digest: str

    def save(self, folder: Path) -> None:
        """Write the folder, which must not hold anything yet, and seal it."""
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "handover.json", self.model_dump())
        seal(folder, expected=HANDOVER_FILES)

    @classmethod
    def open(cls, folder: Path) -> Handover:
        """Read a verified folder.

        Raises:
            IntegrityError: the folder is damaged, or ``unknown_format``.
        """
        verify(folder)
        try:
            return cls.model_validate_json((folder / "handover.json").read_bytes())
        except (OSError, ValidationError) as error:
            raise IntegrityError(
                "unknown_format",
                "handover.json must hold the addresses and digests of a release, but does not.",
                remedy="Install the Sevenfold version that wrote it, or a newer one.",
            ) from error
