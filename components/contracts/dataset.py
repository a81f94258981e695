"""The dataset folder that preparation writes for tuning, training, testing and monitoring.

========================  =====================================================================
`train.parquet`           rows the transform and the model are fitted on
`validation.parquet`      rows that choose settings and stop training
`test.parquet`            rows that no stage reads before testing
`later.parquet`           rows after the test period, in time order; only with a split by time
`train-00001.parquet` …   instead of one file, where a split is longer than `split_names.FILE_ROWS`
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
from sevenfold.contracts.split_names import files_found
from sevenfold.contracts.versioned import read_versioned

if TYPE_CHECKING:
    import pyarrow as pa

    from sevenfold.contracts.reference import Reference
    from sevenfold.contracts.transform import Transform

__all__ = ["DATASET_FILES", "LATER", "Dataset"]

SPLITS: Final = ("train", "validation", "test")
LATER: Final = "later"
DATASET_FILES: Final = ("schema.json", "transform.json", "reference.json", "quarantine.parquet")  # beside the splits


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
            IntegrityError: whatever `verify` and `files_found` raise, ``missing_file`` for a required file,
                ``unknown_format``.
        """
        # The folder itself may be reached through a link, such as `runs/flights/1/bundle`; nothing in it may be one.
        folder = folder.resolve()
        manifest = verify(folder, digest=digest)
        missing = [name for name in DATASET_FILES if name not in manifest.files]
        if "schema.json" not in missing:  # of another format, anything else may be otherwise
            schema = read_versioned(folder / "schema.json", Schema, FORMAT_VERSION)
        missing += [f"{split}.parquet" for split in SPLITS if not files_found(split, manifest.files)]
        if missing:
            required = [*(f"{split}.parquet" for split in SPLITS), *DATASET_FILES]
            raise IntegrityError("missing_file", f"A dataset holds {required}, but {missing} are not there.")
        return cls(folder, manifest, schema)

    @property
    def digest(self) -> str:
        """The digest of the whole folder."""
        return self.manifest.digest

    @property
    def has_later(self) -> bool:
        """Whether rows after the test period were kept."""
        return bool(files_found(LATER, self.manifest.files))

    def files(self, split: str) -> dict[str, int]:
        """Return the names of a split's files, in the order of its rows, with how many rows each has.

        Empty where the dataset has no such split; ``later`` alone may be absent.
        """
        return {name: self.manifest.files[name].rows or 0 for name in files_found(split, self.manifest.files)}

    def rows(self, split: str) -> int:
        """Return the number of rows of `train`, `validation`, `test` or `later`."""
        return sum(self.files(split).values())

    def table(self, split: str, columns: list[str] | None = None) -> pa.Table:
        """Read one split as an Arrow table, all columns or the named ones, from as many files as it has.

        Raises:
            IntegrityError: ``missing_file`` where the dataset has no such split.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        files = self.files(split)
        if not files:
            raise IntegrityError("missing_file", f"This dataset has no rows by the name of {split!r}.")
        # a table of tables shares their memory
        return pa.concat_tables([pq.read_table(self.folder / name, columns=columns, memory_map=True) for name in files])

    def transform(self) -> Transform:
        """Read what was fitted on the training rows."""
        from sevenfold.contracts.transform import Transform

        return read_versioned(self.folder / "transform.json", Transform, FORMAT_VERSION)

    def reference(self) -> Reference:
        """Read the bins and counts of the training rows."""
        from sevenfold.contracts.reference import Reference

        return read_versioned(self.folder / "reference.json", Reference, FORMAT_VERSION)
