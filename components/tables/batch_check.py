"""What every batch of a table goes through, wherever it is read: strict values, and the refused rows with why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Column, Kind, Role, Task
from sevenfold.plan.data import DataSection
from sevenfold.tables.batch_columns import ArrowColumns, CsvColumns
from sevenfold.tables.class_choice import LEFT_OUT, ClassChoice
from sevenfold.tables.coded_column import CodedColumn
from sevenfold.tables.labels import label_texts
from sevenfold.tables.parsed import Parsed
from sevenfold.tables.quarantine import Quarantine, RefusedRows
from sevenfold.tables.records import BAD_BYTES, Records

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BatchCheck", "CheckedBatch", "coded_columns", "stored_columns"]


@dataclass(frozen=True)
class CheckedBatch:
    """A batch of one file of a table, and what it adds to what is known of the table.

    Args:
        rows: how many rows were read, good and refused ones.
        batch: the good ones, None where there is none to be read.
        refused: the others.
        bad_bytes: how many of these had bytes that are no text.
        size: bytes of UTF-8 that the rows take, 0 where nobody has counted.
        trimmed: texts with white space around, by column.
        offsets: whether times say their offset from UTC, by column.
        chosen: rows of labels that were merged or left out.
        by_code: columns of categories whose codes are of the dictionary of all batches so far.
        texts: the texts of these columns that no batch before had, in the order of the rows.
    """

    rows: int
    batch: pa.RecordBatch | None = None
    refused: Sequence[RefusedRows] = ()
    bad_bytes: int = 0
    size: int = 0
    trimmed: Mapping[str, int] = field(default_factory=dict)
    offsets: Mapping[str, frozenset[bool]] = field(default_factory=dict)
    chosen: Mapping[str, int] = field(default_factory=dict)
    by_code: frozenset[str] = frozenset()
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)


def stored_columns(data: DataSection, required: Collection[str] = ()) -> dict[str, Column]:
    """Return the columns that a dataset keeps, as they are read: all but sensitive ones that nothing needs.

    Args:
        data: what the table is.
        required: columns that must not be missing, besides those that are not nullable.
    """
    return {
        name: _as_read(column, name in required)
        for name, column in data.columns.items()
        if not (column.sensitive and column.role in (Role.IGNORE, Role.IDENTIFIER))
    }


def coded_columns(data: DataSection) -> dict[str, CodedColumn]:
    """Return what codes the columns of categories."""
    categories = [name for name, column in data.columns.items() if column.kind is Kind.CATEGORY]
    return {name: CodedColumn(data.notation) for name in categories}


def _as_read(column: Column, required: bool) -> Column:
    if column.role is Role.TARGET:
        return column.model_copy(update={"nullable": True})  # it counts as label_missing instead
    return column.model_copy(update={"nullable": False}) if required else column


class BatchCheck:
    """Checks the batches of one file, one after the other.

    Args:
        data: what the table is.
        columns: those that the file has, of `stored_columns`.
        coded: of `coded_columns`; what the batches of all files have in common.
        file: number of the file.
    """

    def __init__(
        self, data: DataSection, columns: Mapping[str, Column], coded: Mapping[str, CodedColumn], file: int
    ) -> None:
        self._data, self._columns, self._coded = data, columns, coded
        self._quarantine = Quarantine(data, ())
        self._quarantine.file = file

    def of_records(self, records: Records) -> CheckedBatch:
        """Check records of a CSV file that were read as `column_types` says."""
        self._quarantine.add_records(records.refusals)
        bad_bytes = sum(refusal.code == BAD_BYTES for refusal in records.refusals)
        rows = len(records.lines) + len(records.refusals)
        if not len(records.lines):
            return CheckedBatch(rows, refused=self._quarantine.drain(), bad_bytes=bad_bytes, size=records.size)
        return self._checked(
            rows, records.lines, CsvColumns(records, self._data, self._coded), bad_bytes=bad_bytes, size=records.size
        )

    def of_arrow(self, batch: pa.RecordBatch, first_row: int) -> CheckedBatch:
        """Check a batch of a Parquet file whose first row has the number `first_row`, counted from 1."""
        if not len(batch):
            return CheckedBatch(0)
        lines = np.arange(first_row, first_row + len(batch), dtype=np.int64)
        return self._checked(len(batch), lines, ArrowColumns(batch, self._data, self._coded))

    def _checked(
        self, rows: int, lines: NDArray[np.int64], read: CsvColumns | ArrowColumns, **counted: int
    ) -> CheckedBatch:
        import pyarrow as pa

        target = self._data.target
        known = {name: len(coded.texts) for name, coded in self._coded.items()}
        faults, classes = self._quarantine.faults(lines), ClassChoice(self._data)
        arrays: dict[str, Any] = {}
        trimmed: dict[str, int] = {}
        offsets: dict[str, frozenset[bool]] = {}
        for name in sorted(self._columns, key=lambda name: name != target):  # a fault of the target counts first
            column = self._columns[name]
            parsed, text_of = read.parsed(name, column)
            _note(name, parsed, trimmed, offsets)
            if column.role not in (Role.IGNORE, Role.IDENTIFIER):
                faults.add(name, parsed.faults, text_of)
            if name == target:
                faults.add_unlabelled(np.asarray(parsed.values.is_null()))
            arrays[name] = parsed.values
            if column.role is Role.TARGET and self._data.task is not Task.REGRESSION:
                arrays[name], left_out = classes.applied(label_texts(parsed.values))
                faults.add(name, {LEFT_OUT: left_out}, text_of)
        keep = faults.close()
        batch = pa.RecordBatch.from_arrays([arrays[name] for name in self._columns], list(self._columns))
        return CheckedBatch(
            rows,
            batch if keep.all() else batch.filter(pa.array(keep)),
            self._quarantine.drain(),
            trimmed=trimmed,
            offsets=offsets,
            chosen=Counter(classes.counts),
            by_code=frozenset(read.by_code & set(self._columns)),
            texts={name: coded.texts[known[name] :] for name, coded in self._coded.items()},
            **counted,
        )


def _note(name: str, parsed: Parsed, trimmed: dict[str, int], offsets: dict[str, frozenset[bool]]) -> None:
    if parsed.trimmed:
        trimmed[name] = parsed.trimmed
    if parsed.offsets:
        offsets[name] = frozenset(parsed.offsets)
