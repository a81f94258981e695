"""The quarantine: every refused row with its line, the column at fault and the reason, and how many are too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.plan.data import DataSection
from sevenfold.report.quantity import quantity
from sevenfold.tables.class_choice import LEFT_OUT
from sevenfold.tables.records import REPEATED_HEADER, Refusal

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["LABEL_MISSING", "Locate", "Quarantine", "RefusedRows"]

LABEL_MISSING: Final = "label_missing"
MISFITS: Final = frozenset({"ragged_row", "stray_quote"})
NOT_BAD: Final = frozenset({LABEL_MISSING, LEFT_OUT, REPEATED_HEADER})
MAX_VALUES: Final = 10_000  # refused values that are kept to be shown
MAX_CHARACTERS: Final = 100


Locate = Callable[[NDArray[np.int64]], tuple[NDArray[np.int64], NDArray[np.int64]]]


@dataclass(frozen=True)
class RefusedRows:
    """Some rows of one file, refused for one reason; `shown` has values by position in `lines`."""

    file: int
    lines: NDArray[np.int64]
    column: str
    code: str
    shown: dict[int, str]


class Quarantine:
    """Collects refused rows.

    Rows without a label count apart from bad ones: they are common where a label comes later, and have their own limit.
    A header in the middle is no bad row either. A row stands here once, for the first column at fault; the values of
    sensitive columns are left out.

    Args:
        data: what the table is.
        files: what the files of the table are called, in order.
    """

    def __init__(self, data: DataSection, files: Sequence[str]) -> None:
        self._data = data
        self._files = list(files)
        self.file = 0  # the number of the file that is being read
        self._parts: list[RefusedRows] = []
        self._kept_values = 0
        self.counts: Counter[str] = Counter()
        self.by_column: Counter[tuple[str, str]] = Counter()

    @property
    def bad(self) -> int:
        """Rows refused for what is wrong with them: neither unlabelled, nor left out, nor a header in the middle."""
        return self.counts.total() - sum(self.counts[code] for code in NOT_BAD)

    @property
    def unlabelled(self) -> int:
        """Rows refused for want of a label."""
        return self.counts[LABEL_MISSING]

    def misfits(self) -> int | None:
        """Return the number of the file with the most records that the structure of the file refused, None if none."""
        counts: Counter[int] = Counter()
        for part in self._parts:
            if part.code in MISFITS:
                counts[part.file] += len(part.lines)
        return counts.most_common(1)[0][0] if counts else None

    def add_records(self, refusals: Sequence[Refusal]) -> None:
        """Add records that the structure of the file refused."""
        for column, code in sorted({(refusal.column, refusal.code) for refusal in refusals}):
            some = [refusal for refusal in refusals if (refusal.column, refusal.code) == (column, code)]
            hidden = bool(column) and (column not in self._data.columns or self._data.columns[column].sensitive)
            values = {at: refusal.value for at, refusal in enumerate(some) if refusal.value is not None and not hidden}
            self._add(np.array([refusal.line for refusal in some], dtype=np.int64), column, code, values)

    def drain(self) -> list[RefusedRows]:
        """Return the rows refused so far and forget them, so that another quarantine can `take` them."""
        parts, self._parts, self._kept_values = self._parts, [], 0
        self.counts.clear()
        self.by_column.clear()
        return parts

    def take(self, refused: Sequence[RefusedRows]) -> None:
        """Add rows that another quarantine of the same table refused, those of earlier rows first."""
        for part in refused:
            self.file = part.file
            self._add(part.lines, part.column, part.code, part.shown)

    def relocate(self, located: Locate, files: Sequence[str]) -> None:
        """Say of every refused row where it was before its table was made of other files.

        Args:
            located: returns for lines of the table that was read the numbers of the files and their lines there.
            files: what these files are called, in order.
        """
        parts: list[RefusedRows] = []
        for part in self._parts:
            numbers, lines = located(part.lines)
            for number in np.unique(numbers).tolist():
                mine = np.flatnonzero(numbers == number)
                shown = {at: part.shown[old] for at, old in enumerate(mine.tolist()) if old in part.shown}
                parts.append(RefusedRows(number, lines[mine], part.column, part.code, shown))
        self._parts, self._files = parts, list(files)

    def faults(self, lines: NDArray[np.int64]) -> _Faults:
        """Begin to collect the faults of the records that start at `lines`."""
        return _Faults(self, lines)

    def table(self) -> pa.Table:
        """Return `row`, `column`, `code` and `value` of every refused row, by row.

        Of a table in several files `file` comes first, and a row is one of its file.
        """
        import pyarrow as pa

        sizes = [len(part.lines) for part in self._parts]
        rows = np.concatenate([part.lines for part in self._parts]) if sizes else np.zeros(0, dtype=np.int64)
        files = np.repeat(np.array([part.file for part in self._parts], dtype=np.int64), sizes)
        values: list[str | None] = [None] * len(rows)
        offset = 0
        for part, size in zip(self._parts, sizes, strict=True):
            for at, value in part.shown.items():
                values[offset + at] = value
            offset += size
        columns = {
            "row": pa.array(rows, pa.int64()),
            "column": _repeated([part.column for part in self._parts], sizes),
            "code": _repeated([part.code for part in self._parts], sizes),
            "value": pa.array(values, pa.string()),
        }
        if len(self._files) > 1:
            columns = {"file": _repeated([self._files[part.file] for part in self._parts], sizes), **columns}
        return pa.table(columns).take(pa.array(np.lexsort((rows, files))))

    def check(self, rows: int, likely: Callable[[], str] = str) -> None:
        """Refuse the table where too many rows were refused.

        Args:
            rows: all rows.
            likely: returns a sentence about what is likely wrong with the whole file, or "".

        Raises:
            DataError: ``all_missing``, ``label_missing``, ``too_many_bad_rows``.
        """
        for (column, code), count in self.by_column.items():
            if code == "missing_value" and count == rows:
                raise DataError(
                    "all_missing",
                    f"The column {column!r} must have a value, but has none in {quantity(rows, 'row')}.",
                    remedy="Set nullable: true to drop it, or see to the export.",
                )
        limit = self._data.max_unlabelled
        if self.unlabelled > limit * rows:
            raise DataError(
                LABEL_MISSING,
                f"At most {limit:.2%} of the rows may lack the target {self._data.target!r}, but {self.unlabelled} of "
                f"{rows} do ({self.unlabelled / rows:.2%}). {self._first(LABEL_MISSING)}",
                remedy="Raise data.max_unlabelled if that is as it should be.",
            )
        limit = self._data.max_bad_fraction
        if self.bad > limit * rows:
            code = next(code for code, _ in self.counts.most_common() if code not in NOT_BAD)
            raise DataError(
                "too_many_bad_rows",
                f"At most {limit:.2%} of the rows may be refused, but {self.bad} of {rows} are "
                f"({self.bad / rows:.2%}): {self.reasons()}. The first: {self._first(code)}",
                remedy=f"{likely()} Correct the table or data.columns; or raise data.max_bad_fraction.".lstrip(),
            )

    def _add(self, lines: NDArray[np.int64], column: str, code: str, values: Mapping[int, str]) -> None:
        room = MAX_VALUES - self._kept_values
        shown = {at: value[:MAX_CHARACTERS] for at, value in list(values.items())[: max(room, 0)]}
        self._kept_values += len(shown)
        self._parts.append(RefusedRows(self.file, lines, column, code, shown))
        self.counts[code] += len(lines)
        self.by_column[column, code] += len(lines)

    def reasons(self) -> str:
        """Return the codes, counts and columns of the bad rows, the most frequent first."""
        parts = [
            f"{code} {count}" + (f" in {column!r}" if column else "")
            for (column, code), count in self.by_column.most_common()
            if code not in NOT_BAD
        ]
        return ", ".join(parts[:5])

    def _first(self, code: str) -> str:
        file, row, column, value = min(
            (part.file, int(part.lines.min()), part.column, part.shown.get(int(part.lines.argmin()), ""))
            for part in self._parts
            if part.code == code
        )
        where = list(self._data.columns).index(column) + 1 if column else 1
        return f"{code} {self._files[file]}:{row}:{where}" + (
            f" ({column} = {value[:40]!r})" if column and value else ""
        )


class _Faults:
    """The faults of one batch of records, at most one a row."""

    def __init__(self, quarantine: Quarantine, lines: NDArray[np.int64]) -> None:
        self._quarantine = quarantine
        self._lines = lines
        self._free = np.ones(len(lines), dtype=bool)
        self._found: list[tuple[NDArray[np.bool_], str, str, Callable[[int], str] | None]] = []

    def add(self, column: str, faults: Mapping[str, NDArray[np.bool_]], show: Callable[[int], str]) -> None:
        """Add the faults of a column; `show` gives the text of a row."""
        for code, mask in faults.items():
            self._take(mask, column, code, show)

    def add_unlabelled(self, missing: NDArray[np.bool_]) -> None:
        """Add the rows without a label; a label that cannot be read has a fault of its own."""
        self._take(missing, self._quarantine._data.target, LABEL_MISSING, None)

    def close(self) -> NDArray[np.bool_]:
        """Hand all faults to the quarantine and return which rows are good."""
        columns = self._quarantine._data.columns
        for mask, column, code, show in self._found:
            positions = np.flatnonzero(mask)
            values: dict[int, str] = {}
            if show is not None and not columns[column].sensitive:
                values = {at: show(int(position)) for at, position in enumerate(positions[:MAX_VALUES])}
            self._quarantine._add(self._lines[positions], column, code, values)
        return self._free

    def _take(self, mask: NDArray[np.bool_], column: str, code: str, show: Callable[[int], str] | None) -> None:
        mask = mask & self._free
        if mask.any():
            self._free &= ~mask
            self._found.append((mask, column, code, show))


def _repeated(texts: list[str], sizes: list[int]) -> Any:
    import pyarrow as pa

    indices = np.repeat(np.arange(len(texts), dtype=np.int32), sizes)
    return pa.array(texts, pa.string()).take(pa.array(indices))
