"""Read a table chunk by chunk: strict values of the declared kinds, and every refused row with its reason."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Role
from sevenfold.plan.data import DataSection, Format
from sevenfold.runtime.ahead import ahead
from sevenfold.tables.batch_check import BatchCheck, CheckedBatch, coded_columns, stored_columns
from sevenfold.tables.batch_columns import column_types, dictionaries_of
from sevenfold.tables.class_choice import ClassChoice
from sevenfold.tables.dialect import Dialect
from sevenfold.tables.encoding import check_bad_bytes, known_encoding, utf8_chunks
from sevenfold.tables.field_style import FieldStyle
from sevenfold.tables.file_format import read_format
from sevenfold.tables.header import Header, check_columns, check_delimiter, check_names, split_header
from sevenfold.tables.likely_dialect import likely_dialect, with_likely_dialect
from sevenfold.tables.packed import is_packed
from sevenfold.tables.parquet import ParquetTable
from sevenfold.tables.parts import check_part, check_part_format, part_names, parts_of, table_name
from sevenfold.tables.quarantine import Quarantine
from sevenfold.tables.read_records import read_records
from sevenfold.tables.read_share import ReadShare
from sevenfold.tables.records import Layout, Records

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TableReader"]


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
        self._coded = coded_columns(data)
        self.columns = stored_columns(data, required)

    def __iter__(self) -> Generator[pa.RecordBatch, None, None]:
        """Yield the good rows, batch by batch, and refuse the table at the end if there were none.

        Raises:
            DataError: as the class says.
        """
        yield from self._batches()
        if self.rows == 0:
            raise DataError("no_rows", f"A table must have rows, but {table_name(self.paths)} has a header only.")

    def _batches(self) -> Generator[pa.RecordBatch, None, None]:
        first = ""
        for number, path in enumerate(self.paths):
            self.quarantine.file = number
            self._share.next_file(number)
            kind = self._format(path)
            first = first or kind
            check_part_format(kind, first, self._files[number], self._files[0])
            yield from self._parquet(path) if kind == "parquet" else self._csv(path)

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
        check = BatchCheck(self.data, self.columns, self._coded, self.quarantine.file)
        plain = known_encoding(self.data.encoding).startswith("utf-8") and not is_packed(path)
        whole = path.stat().st_size if plain else 0  # else the file has other bytes than those that are counted
        try:
            for checked in map(check.of_records, ahead(all_records)):
                rows += checked.rows
                bad += checked.bad_bytes
                yield from self._taken(checked, checked.size / whole if whole else 0)
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
        table = ParquetTable(path, dictionaries=dictionaries_of(self.columns))
        self._check_names(table.names)
        check = BatchCheck(self.data, self.columns, self._coded, self.quarantine.file)
        row = 1
        for batch in ahead(table.batches(self.columns)):
            yield from self._taken(check.of_arrow(batch, row), len(batch) / table.rows)
            row += len(batch)

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

    def _taken(self, checked: CheckedBatch, share: float) -> Iterator[pa.RecordBatch]:
        """Add to what is known of the table, and yield the good rows if any were read; `share` is that of the file."""
        self.quarantine.take(checked.refused)
        self.rows += checked.rows
        if checked.rows:
            self._share.add(share)
        for name, count in checked.trimmed.items():
            self.trimmed[name] = self.trimmed.get(name, 0) + count
        self.classes.counts.update(checked.chosen)
        for name, offsets in checked.offsets.items():
            self._check_offsets(name, offsets)
        if checked.batch is not None:
            yield checked.batch

    def _check_offsets(self, name: str, offsets: frozenset[bool]) -> None:
        known = self._offsets.setdefault(name, set())
        known |= offsets
        if len(known) > 1 and self.columns[name].role not in (Role.IGNORE, Role.IDENTIFIER):
            raise DataError(
                "timezone_mixed",
                f"The times of a column must all say their offset from UTC or none of them, but {name!r} has both.",
                remedy="Write all with an offset, such as 2013-01-31T10:15+00:00, or declare the column's time_zone.",
            )
