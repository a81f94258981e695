"""The dataset folder that preparation writes for tuning, training, testing and monitoring.

========================  =====================================================================
`train.parquet`           rows the transform and the model are fitted on
`validation.parquet`      rows that choose settings and stop training
`test.parquet`            rows that no stage reads before testing
`later.parquet`           rows after the test period, in time order; only with a split by time
`schema.json`             `Schema`: columns, target, task, class names, what a recipe did
`transform.json`          `Transform`: what was fitted, on the training rows only
`reference.json`          `Reference`: bins and counts per feature, on the training rows only
`quarantine.parquet`      rows refused, with `row` (1-based line of the file), `column`, `code`, `value`;
                          with `file` before them where the table is in several files
`manifest.json`           digest, bytes and rows of every file
========================  =====================================================================

Tables hold raw, refined columns: number, integer and boolean columns as float64, int64 and bool (null for missing),
categories as string, datetimes as timestamp[us, UTC]; the target as string (classes) or float64 (regression).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.manifest import Manifest, verify
from sevenfold.contracts.schema import FORMAT_VERSION, Schema
from sevenfold.contracts.versioned import read_versioned

if TYPE_CHECKING:
    import pyarrow as pa

    from sevenfold.contracts.reference import Reference
    from sevenfold.contracts.transform import Transform

__all__ = ["DATASET_FILES", "LATER", "Dataset"]

SPLITS: Final = ("train", "validation", "test")
LATER: Final = "later"
DATASET_FILES: Final = (
    "train.parquet",
    "validation.parquet",
    "test.parquet",
    "schema.json",
    "transform.json",
    "reference.json",
    "quarantine.parquet",
)


@dataclass(frozen=True)
class Dataset:
    """A verified dataset folder.

    Open one with `Dataset.open`, which checks every file's digest first.
    """

    folder: Path
    manifest: Manifest
    schema: Schema

    @classmethod
    def open(cls, folder: Path, *, digest: str | None = None) -> Dataset:
        """Verify the folder and read its schema.

        Raises:
            IntegrityError: whatever `verify` raises, ``missing_file`` for a required file, ``unknown_format``.
        """
        # The folder itself may be reached through a link, such as `runs/flights/1/bundle`; nothing in it may be one.
        folder = folder.resolve()
        manifest = verify(folder, digest=digest)
        missing = [name for name in DATASET_FILES if name not in manifest.files]
        if missing:
            raise IntegrityError("missing_file", f"A dataset holds {list(DATASET_FILES)}, but {missing} are not there.")
        schema = read_versioned(folder / "schema.json", Schema, FORMAT_VERSION)
        return cls(folder, manifest, schema)

    @property
    def digest(self) -> str:
        """The digest of the whole folder."""
        return self.manifest.digest

    @property
    def has_later(self) -> bool:
        """Whether rows after the test period were kept."""
        return f"{LATER}.parquet" in self.manifest.files

    def rows(self, split: str) -> int:
        """Return the number of rows of `train`, `validation`, `test` or `later`."""
        return self.manifest.files[f"{split}.parquet"].rows or 0

    def table(self, split: str, columns: list[str] | None = None) -> pa.Table:
        """Read one split as an Arrow table, all columns or the named ones."""
        import pyarrow.parquet as pq

        return pq.read_table(self.folder / f"{split}.parquet", columns=columns, memory_map=True)

    def transform(self) -> Transform:
        """Read what was fitted on the training rows."""
        from sevenfold.contracts.transform import Transform

        return read_versioned(self.folder / "transform.json", Transform, FORMAT_VERSION)

    def reference(self) -> Reference:
        """Read the bins and counts of the training rows."""
        from sevenfold.contracts.reference import Reference

        return read_versioned(self.folder / "reference.json", Reference, FORMAT_VERSION)
