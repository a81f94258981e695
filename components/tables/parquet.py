"""A Parquet file, batch by batch, with one error for whatever is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ParquetTable"]

BATCH_ROWS: Final = 128_000


class ParquetTable:
    """An open Parquet file.

    `names` are its columns in order, `schema` has their types too.

    Args:
        path: the file.
        dictionaries: the columns whose texts come as a dictionary.

    Raises:
        DataError: ``not_parquet``.
    """

    def __init__(self, path: Path, *, dictionaries: Collection[str] = ()) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path = path
        try:
            # buffered ahead, the whole file would lie in memory
            self._file = pq.ParquetFile(path, pre_buffer=False)
            texts = [
                item.name
                for item in self._file.schema_arrow
                if item.name in dictionaries and (pa.types.is_string(item.type) or pa.types.is_large_string(item.type))
            ]
            if texts:
                self._file = pq.ParquetFile(path, metadata=self._file.metadata, read_dictionary=texts, pre_buffer=False)
        except (pa.ArrowInvalid, OSError) as error:
            raise self._unreadable(error) from error
        self.schema: pa.Schema = self._file.schema_arrow
        self.names: list[str] = list(self.schema.names)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self._file.metadata.num_rows)

    @property
    def index_columns(self) -> frozenset[str]:
        """The columns that were the rows' index in pandas."""
        try:
            described = json.loads((self.schema.metadata or {}).get(b"pandas", b"{}"))
            indices = described.get("index_columns", [])
        except (ValueError, AttributeError):
            return frozenset()
        return (
            frozenset(name for name in indices if isinstance(name, str)) if isinstance(indices, list) else frozenset()
        )

    def batches(self, names: Collection[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of some columns, at most 128 000 at a time.

        Raises:
            DataError: ``not_parquet``.
        """
        import pyarrow as pa

        try:
            yield from self._file.iter_batches(BATCH_ROWS, columns=[name for name in self.names if name in names])
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> DataError:
        return DataError(
            "not_parquet",
            f"{self.path.name} must be a whole Parquet file, but it cannot be read: {str(error)[:120]}",
            remedy="It may have been cut off: fetch it again.",
        )
