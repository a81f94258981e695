"""Read a table chunk by chunk: strict values of the declared kinds, and every refused row with its reason."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Column, Kind, Role, Task
from sevenfold.plan.data import DataSection, Format
from sevenfold.runtime.ahead import ahead
from sevenfold.tables.batch_columns import ArrowColumns, ColumnParser, CsvColumns, column_types
from sevenfold.tables.class_choice import LEFT_OUT, ClassChoice
from sevenfold.tables.coded_column import CodedColumn
from sevenfold.tables.dialect import Dialect
from sevenfold.tables.encoding import check_bad_bytes, known_encoding, utf8_chunks
from sevenfold.tables.field_style import FieldStyle
from sevenfold.tables.file_format import read_format
from sevenfold.tables.header import Header, check_columns, check_delimiter, check_names, split_header
from sevenfold.tables.labels import label_texts
from sevenfold.tables.likely_dialect import likely_dialect, with_likely_dialect
from sevenfold.tables.packed import is_packed
from sevenfold.tables.parquet import ParquetTable
from sevenfold.tables.parsed import Parsed
from sevenfold.tables.parts import check_part, check_part_format, part_names, parts_of, table_name
from sevenfold.tables.quarantine import Quarantine
from sevenfold.tables.read_records import read_records
from sevenfold.tables.read_share import ReadShare
from sevenfold.tables.records import BAD_BYTES, Layout, Records

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TableReader"]


def _stored_columns(data: DataSection) -> dict[str, Column]:
    """Return the columns that a dataset keeps: all but sensitive ones that nothing needs."""
    return {
        name: column
        for name, column in data.columns.items()
        if not (column.sensitive and column.role in (Role.IGNORE, Role.IDENTIFIER))
    }


class TableReader:
    """Reads a CSV or Parquet file as the plan says it is.

    Iterate over it for record batches of the good rows: the columns that a dataset keeps, types as
    `parsed.arrow_type`, the target of a classification as its class text. Afterwards `quarantine` holds the refused
    rows, `trimmed` how many texts per column had white space around, `absent` the columns that only the plan has.

    Args:
        table: the file, or the files that make up the table, in order.
        data: what the file is.
        required: columns that must not be missing, besides those that are not nullable.

    Raises:
        DataError: with one of the codes of a table that cannot be read at all.
    """

    def __init__(self, table: Path | Sequence[Path], data: DataSection, *, required: Collection[str] = ()) -> None:
        self.paths = parts_of(table)
        self.data = data
        self._files = part_names(self.paths)
        self.quarantine = Quarantine(data, self._files)
        self.rows = 0
        self._share = ReadShare(self.paths)
        self.classes = ClassChoice(data)
        self.trimmed: dict[str, int] = {}
        self.absent: list[str] = []
        self._names: list[str] = []
        self._offsets: dict[str, set[bool]] = {}
        categories = [name for name, column in data.columns.items() if column.kind is Kind.CATEGORY]
        self._coded = {name: CodedColumn(data.notation) for name in categories}
        self.columns = {name: self._as_read(name, column, required) for name, column in _stored_columns(data).items()}

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the good rows, batch by batch, and refuse the table at the end if there were none.

        Raises:
            DataError: as the class says.
        """
        first = ""
        for number, path in enumerate(self.paths):
            self.quarantine.file = number
            self._share.next_file(number)
            kind = self._format(path)
            first = first or kind
            check_part_format(kind, first, self._files[number], self._files[0])
            yield from self._parquet(path) if kind == "parquet" else self._csv(path)
        if self.rows == 0:
            raise DataError("no_rows", f"A table must have rows, but {table_name(self.paths)} has a header only.")

    @property
    def rows_of_all(self) -> int | None:
        """About how many rows there are, good and bad ones, by what is read of the files; None where nothing tells."""
        return self._share.of_all(self.rows)

    def check(self) -> None:
        """Refuse the table where too many rows were refused.

        Raises:
            DataError: ``all_missing``, ``label_missing``, ``too_many_bad_rows``.
        """
        self.quarantine.check(self.rows, self._likely)

    def _likely(self) -> str:
        """Return what is likely wrong with the file that has most of the records that do not fit."""
        misfits = self.quarantine.misfits()
        return likely_dialect(self.paths[misfits], self._dialect()) if misfits is not None else ""

    def _dialect(self) -> Dialect:
        data = self.data
        return Dialect(
            "csv", data.encoding, data.delimiter, data.decimal, (), data.quote, data.escape, data.skip_initial_space
        )

    def _as_read(self, name: str, column: Column, required: Collection[str]) -> Column:
        if column.role is Role.TARGET:
            return column.model_copy(update={"nullable": True})  # it counts as label_missing instead
        if name in required:
            return column.model_copy(update={"nullable": False})
        return column

    def _is_label(self, column: Column) -> bool:
        return column.role is Role.TARGET and self.data.task is not Task.REGRESSION

    def _format(self, path: Path) -> str:
        wide = known_encoding(self.data.encoding).startswith(("utf-16", "utf-32"))
        sniffed, _ = read_format(path, wide=wide)
        if self.data.format is Format.PARQUET and sniffed != "parquet":
            raise DataError(
                "not_parquet",
                f"{path.name} must be Parquet, but its first bytes are not.",
                remedy="Set data.format: auto.",
            )
        if sniffed == "parquet" and self.data.format is Format.CSV:
            raise DataError("not_text", f"{path.name} must be CSV, but is Parquet.", remedy="Set data.format: auto.")
        return sniffed

    def schema(self) -> pa.Schema:
        """Return the columns that the first file has and no more than its header says: texts, or the types of Parquet.

        Raises:
            DataError: where format, encoding, delimiter or names show that the table cannot be read.
        """
        import pyarrow as pa

        path, source = self.paths[0], self._files[0]
        if self._format(path) == "parquet":
            table = ParquetTable(path)
            check_names(table.names, source)
            return table.schema
        names = self._header(path).names
        check_names(names, source)
        return pa.schema([(name, pa.string()) for name in names])

    def _header(self, path: Path) -> Header:
        style = FieldStyle.planned(self.data)
        header = split_header(utf8_chunks(path, self.data.encoding), style, path, self.data.encoding)
        check_delimiter(header, self.data, path.name)
        return header

    def _csv(self, path: Path) -> Iterator[pa.RecordBatch]:
        all_records = self._opened_csv(path)
        rows = bad = 0
        plain = known_encoding(self.data.encoding).startswith("utf-8") and not is_packed(path)
        whole = path.stat().st_size if plain else 0  # else the file has other bytes than those that are counted
        try:
            for records in ahead(all_records):
                self.quarantine.add_records(records.refusals)
                rows += len(records.lines) + len(records.refusals)
                bad += sum(refusal.code == BAD_BYTES for refusal in records.refusals)
                self.rows += len(records.lines) + len(records.refusals)
                if len(records.lines) + len(records.refusals):
                    self._share.add(records.size / whole if whole else 0)
                if len(records.lines):
                    yield self._batch(records.lines, CsvColumns(records, self.data, self._coded).parsed)
        except DataError as error:
            raise (
                with_likely_dialect(error, path, self._dialect()) if error.code == "unclosed_quote" else error
            ) from None
        check_bad_bytes(path, self.data.encoding, bad, rows, self.data.max_bad_fraction)

    def _opened_csv(self, path: Path) -> Iterator[Records]:
        header = self._header(path)
        self._check_names(header.names)
        layout = Layout(header.names, FieldStyle.planned(self.data), header.next_line, path.name, header.trailing)
        return read_records(header.body, layout, column_types(header.names, self.data, self._coded))

    def _parquet(self, path: Path) -> Iterator[pa.RecordBatch]:
        few = [name for name, column in self.columns.items() if column.kind in (Kind.CATEGORY, Kind.BOOLEAN)]
        table = ParquetTable(path, dictionaries=few)
        self._check_names(table.names)
        line = 1
        for batch in ahead(table.batches(self.columns)):
            lines = np.arange(line, line + len(batch), dtype=np.int64)
            line += len(batch)
            self.rows += len(batch)
            self._share.add(len(batch) / table.rows)
            if len(batch):
                yield self._batch(lines, ArrowColumns(batch, self.data, self._coded).parsed)

    def _check_names(self, names: Sequence[str]) -> None:
        """Check the columns of a file: by themselves, against the plan, and against the table's first file."""
        source = self._files[self.quarantine.file]
        check_names(names, source)
        check_columns(names, self.data, source)
        if self._names:
            check_part(names, self._names, source, self._files[0])
        self._names = list(names)
        self._note_absent(names)

    def _note_absent(self, names: Collection[str]) -> None:
        self.absent = [name for name in self.data.columns if name not in set(names)]
        for name in self.absent:
            self.columns.pop(name, None)

    def _batch(self, lines: NDArray[np.int64], parsed: ColumnParser) -> pa.RecordBatch:
        import pyarrow as pa

        target = self.data.target
        faults = self.quarantine.faults(lines)
        arrays: dict[str, Any] = {}
        for name in sorted(self.columns, key=lambda name: name != target):  # a fault of the target counts first
            column = self.columns[name]
            read, text_of = parsed(name, column)
            self._note(name, column, read)
            if column.role not in (Role.IGNORE, Role.IDENTIFIER):
                faults.add(name, read.faults, text_of)
            if name == target:
                faults.add_unlabelled(np.asarray(read.values.is_null()))
            arrays[name] = read.values
            if self._is_label(column):
                arrays[name], left_out = self.classes.applied(label_texts(read.values))
                faults.add(name, {LEFT_OUT: left_out}, text_of)
        keep = faults.close()
        batch = pa.RecordBatch.from_arrays([arrays[name] for name in self.columns], list(self.columns))
        return batch if keep.all() else batch.filter(pa.array(keep))

    def _note(self, name: str, column: Column, parsed: Parsed) -> None:
        if parsed.trimmed:
            self.trimmed[name] = self.trimmed.get(name, 0) + parsed.trimmed
        offsets = self._offsets.setdefault(name, set())
        offsets |= parsed.offsets
        if len(offsets) > 1 and column.role not in (Role.IGNORE, Role.IDENTIFIER):
            raise DataError(
                "timezone_mixed",
                f"The times of a column must all say their offset from UTC or none of them, but {name!r} has both.",
                remedy="Write all with an offset, such as 2013-01-31T10:15+00:00, or declare the column's time_zone.",
            )
