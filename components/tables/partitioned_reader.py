"""Read a table by partitions that are checked elsewhere, and say of it what a reader in one process says."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeGuard

from sevenfold.contracts.errors import DataError, SevenfoldError
from sevenfold.plan.data import DataSection
from sevenfold.tables import encoding, parquet
from sevenfold.tables.batch_check import CheckedBatch
from sevenfold.tables.coded_column import CodedColumn
from sevenfold.tables.csv_cuts import Cut, csv_cuts
from sevenfold.tables.encoding import check_bad_bytes, known_encoding
from sevenfold.tables.fast_records import UnusualQuotesError
from sevenfold.tables.field_style import FieldStyle
from sevenfold.tables.likely_dialect import with_likely_dialect
from sevenfold.tables.one_dictionary import OneDictionary
from sevenfold.tables.packed import is_packed
from sevenfold.tables.parquet import ParquetTable
from sevenfold.tables.partition import Found, LocalFiles, Partition, checked_partition
from sevenfold.tables.parts import check_part_format
from sevenfold.tables.reader import TableReader
from sevenfold.tables.records import Layout

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["PIECES", "CheckPartitions", "Checked", "PartitionedReader"]

PIECES: Final = 4  # of `encoding.CHUNK_BYTES`, in a partition of a CSV

Checked = Generator[tuple[int, Found], None, None]
CheckPartitions = Callable[["PartitionedReader", Sequence[Partition]], Checked]


class PartitionedReader(TableReader):
    """A `TableReader` whose rows are parsed and checked wherever `check` does it.

    The batches that it yields are those of a `TableReader`, to the last bit. What a partition cannot know by itself is
    made good here: codes of one dictionary for all batches of a column, and the reading of all that follows quotes in
    unusual places. Where a column of categories turns out to have too many for one dictionary, the partition in which
    it does is read again in this process, and those after it again elsewhere.

    Args:
        table: the file, or the files that make up the table, in order.
        data: what the file is.
        required: columns that must not be missing, besides those that are not nullable.
        check: checks partitions with the `columns` and `fresh_codes` of the reader that it gets, and yields in order
            the number of each with everything that `checked_partition` yields.
        pieces: how large a partition of a CSV is, at least, in pieces of 8 MiB.

    Raises:
        DataError: with one of the codes of a table that cannot be read at all.
    """

    def __init__(
        self,
        table: Path | Sequence[Path],
        data: DataSection,
        *,
        check: CheckPartitions,
        required: Collection[str] = (),
        pieces: int = PIECES,
    ) -> None:
        super().__init__(table, data, required=required)
        self._check, self._pieces = check, pieces
        self._dictionaries: dict[str, OneDictionary] = {}
        self._file = -1
        self._sizes: dict[int, int] = {}  # bytes of each file, of Parquet rows
        self._rows_of_file = self._bad_of_file = 0

    @property
    def given_up(self) -> frozenset[str]:
        """The columns of categories that have no dictionary for all batches."""
        return frozenset(name for name, coded in self._coded.items() if coded.given_up)

    def fresh_codes(self) -> dict[str, CodedColumn]:
        """Return what codes the columns of categories of a partition whose rows before are not known."""
        fresh = {name: CodedColumn(self.data.notation) for name in self._coded}
        for name in self.given_up:
            fresh[name].give_up()
        return fresh

    def partitions(self) -> list[Partition]:
        """Return the partitions of the table, in order.

        Raises:
            DataError: as the class says.
        """
        found: list[Partition] = []
        first = ""
        for number, path in enumerate(self.paths):
            self.quarantine.file = number
            kind = self._format(path)
            first = first or kind
            check_part_format(kind, first, self._files[number], self._files[0])
            found += self._of_parquet(number, path) if kind == "parquet" else self._of_csv(number, path)
        return found

    def _batches(self) -> Generator[pa.RecordBatch, None, None]:
        waiting = [_Waiting(partition) for partition in self.partitions()]
        here = False
        while waiting:
            partitions = [item.partition for item in waiting]
            checked = self._checked_here(partitions[0]) if here else self._check(self, partitions)
            with closing(checked) as found:  # what checks elsewhere is told at once that no more is wanted
                waiting, here = yield from self._accepted(waiting, found, here=here)
        self._end_file()

    def _of_parquet(self, number: int, path: Path) -> Iterator[Partition]:
        table = ParquetTable(path)
        self._check_names(table.names)
        self._sizes[number] = table.rows
        for start, stop in pairwise(table.cuts()):
            yield Partition(number, path.name, start, stop, parquet.BATCH_ROWS, last=stop == table.rows)

    def _of_csv(self, number: int, path: Path) -> Iterator[Partition]:
        header = self._header(path)
        self._check_names(header.names)
        style = FieldStyle.planned(self.data)
        self._sizes[number] = path.stat().st_size
        layout = Layout(header.names, style, header.next_line, path.name, header.trailing)
        utf8 = known_encoding(self.data.encoding).startswith("utf-8")
        if not utf8 or not style.is_standard or is_packed(path):
            yield Partition(number, path.name, 0, path.stat().st_size, encoding.CHUNK_BYTES, layout=layout, whole=True)
            return
        with path.open("rb") as stream:
            mark = len(BOM_UTF8) if stream.read(len(BOM_UTF8)) == BOM_UTF8 else 0
            place, size, piece = Cut(mark + header.size, header.next_line), path.stat().st_size, 0
            for cut in csv_cuts(stream, place.offset, place.line, self._pieces):
                if cut.offset < size:
                    yield self._between(number, layout, place, cut.offset, piece, last=False)
                    place, piece = cut, cut.offset
            yield self._between(number, layout, place, size, piece, last=True)

    @staticmethod
    def _between(number: int, layout: Layout, place: Cut, stop: int, piece: int, *, last: bool) -> Partition:
        layout = replace(layout, first_line=place.line)
        step = encoding.CHUNK_BYTES
        return Partition(number, layout.source, place.offset, stop, step, piece, layout=layout, last=last)

    def _checked_here(self, partition: Partition) -> Checked:
        """Check a partition in this process, with all that is known of the rows before it."""
        for found in checked_partition(partition, LocalFiles(self.paths), self.data, self.columns, self._coded):
            yield 0, found

    def _accepted(
        self, waiting: Sequence[_Waiting], all_found: Iterable[tuple[int, Found]], *, here: bool
    ) -> Generator[pa.RecordBatch, None, tuple[list[_Waiting], bool]]:
        """Yield batches as long as they are right; return what is left, and whether its first is to be read here."""
        at, seen = 0, 0
        for number, found in all_found:
            if number != at:
                at, seen = number, 0
            partition, rest = waiting[at].partition, list(waiting[at + 1 :])
            seen += 1
            if seen <= waiting[at].done:
                continue
            left = [_Waiting(partition, seen - 1), *rest]
            self._begin(partition.file)
            if isinstance(found, UnusualQuotesError):
                size = self.paths[partition.file].stat().st_size
                to_the_end = replace(partition, stop=size, last=True)
                later = [item for item in rest if item.partition.file != partition.file]
                return [_Waiting(to_the_end, seen - 1), *later], False
            if isinstance(found, SevenfoldError):
                path = self.paths[partition.file]
                raise with_likely_dialect(found, path, self._dialect()) if _is_unclosed(found) else found
            if not here and found.by_code & self.given_up:
                return left, False  # whoever checks it is told of these columns now
            if not here and not self._fits(found):
                return left, True
            yield from self._added(found, partition)
        return list(waiting[1:]) if here else [], False

    def _fits(self, found: CheckedBatch) -> bool:
        """Take the new texts of the columns of categories; False where one has too many with those before."""
        for name, coded in self._coded.items():
            if name in found.by_code:
                if not coded.takes(found.texts[name]):
                    return False
            elif found.texts.get(name):  # they were too many by themselves
                coded.give_up()
        return True

    def _added(self, found: CheckedBatch, partition: Partition) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        self._rows_of_file += found.rows
        self._bad_of_file += found.bad_bytes
        if found.batch is not None and found.by_code:
            columns = dict(zip(found.batch.schema.names, found.batch.columns, strict=True))
            for name in columns.keys() & found.by_code:
                columns[name] = self._dictionaries.setdefault(name, OneDictionary()).coded(columns[name])
            batch = pa.RecordBatch.from_arrays(list(columns.values()), list(columns))
            found = replace(found, batch=batch)
        yield from self._taken(found, self._share_of(found, partition))

    def _share_of(self, found: CheckedBatch, partition: Partition) -> float:
        if partition.layout is None:
            return found.rows / self._sizes[partition.file]
        return 0 if partition.whole else found.size / self._sizes[partition.file]

    def _begin(self, file: int) -> None:
        if file == self._file:
            return
        self._end_file()
        self._file = file
        self._share.next_file(file)

    def _end_file(self) -> None:
        """Refuse the file that was read if it is not written in the encoding of the plan."""
        rows, bad = self._rows_of_file, self._bad_of_file
        self._rows_of_file = self._bad_of_file = 0
        if bad:
            check_bad_bytes(self.paths[self._file], self.data.encoding, bad, rows, self.data.max_bad_fraction)


@dataclass(frozen=True)
class _Waiting:
    """A partition that is to be checked, and how many of its batches were taken before."""

    partition: Partition
    done: int = 0


def _is_unclosed(error: SevenfoldError) -> TypeGuard[DataError]:
    return isinstance(error, DataError) and error.code == "unclosed_quote"
