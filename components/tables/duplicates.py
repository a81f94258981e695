"""Rows that stand in a table more than once: one of them in training gives the answer for the other in testing.

Two rows are duplicates if their features and their target agree. Nearly so is enough: letter case, white space and the
noise of floating point do not count, nor does rounding to three, two or one decimals where that leaves a column a
hundred steps or more. Other columns do not count either, such as an identifier that a copy got anew. Equal features
with another target are no duplicates: a model that learned the one gains nothing with the other.

In a table of a few categories many rows agree and are records of their own. So agreement counts only where chance
hardly explains it. Rows that agree in all columns but one show how often that happens: if m rows agree with a row in
all others, and a share f of the table has its value of that column, about m f / (1 - f) more agree with it by chance.
The same is asked of the two halves of the columns; the largest answer counts. Where agreement of features and target
can be chance, time, group and identifier have to agree, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Column, Role
from sevenfold.tables.equal_hashes import counts_of, likely_repeated, repeated
from sevenfold.tables.few_agree import few_agree
from sevenfold.tables.row_hashes import Hashes, KeyColumn, as_bits, hashes_of, near_hashes

__all__ = ["Duplicates", "compared", "find_duplicates", "held_out_copies"]

DECIMALS: Final = (3, 2, 1)
MAX_ROUNDED: Final = 3_000_000  # numbers of a table up to which rounded copies are looked for
CHANCES: Final = (0.05, 0.01, 1e-3, 1e-4, 1e-5)  # copies per row that chance may make
NEAR_LIMIT: Final = 4.0  # rows whose number lies a little above the limit count too, since it is an estimate
MAX_CHANCE: Final = 0.1  # share of the copies that chance may explain
MAX_COPIES: Final = 0.05  # share of the rows: what stands more often is no copy of a record
NEGLIGIBLE: Final = 1e-4  # share of the rows that agree with another one: too few to change a score
MOST: Final = 0.5  # share of the cells of equal rows that must be copies: else agreement is usual in the table
SAMPLE: Final = 2_000
LONG: Final = 4_000_000  # rows from which on it pays to read columns twice rather than hold a number per row
SHARE_ROWS: Final = 20_000  # that the share of a value is estimated from


@dataclass(frozen=True)
class Duplicates:
    """Which rows are the same record.

    `record` holds the index of the first row of each row's record, shape ``[n]``: its own where it stands alone; None
    where all do. `exact` rows repeat an earlier one to the letter, `near` rows nearly so.
    """

    rows: int
    record: NDArray[np.int64] | None = None
    exact: int = 0
    near: int = 0

    @property
    def first(self) -> NDArray[np.int64]:
        """The index of the first row of each row's record, shape ``[n]``."""
        return np.arange(self.rows, dtype=np.int64) if self.record is None else self.record

    @property
    def copies(self) -> int:
        """Rows that repeat an earlier one."""
        return self.exact + self.near


def compared(columns: Mapping[str, Column], target: str) -> tuple[list[str], list[str]]:
    """Return the names of the columns that rows are compared by, and of those that decide where these do not.

    Args:
        columns: the columns of the plan.
        target: the name of the target.
    """
    main = [target, *(name for name, column in columns.items() if column.is_feature and column.role is not Role.TIME)]
    roles = (Role.TIME, Role.GROUP, Role.IDENTIFIER)
    return main, [
        name
        for name, column in columns.items()
        if column.role in roles and name not in main and not (column.sensitive and column.role is Role.IDENTIFIER)
    ]


def find_duplicates(
    columns: Sequence[KeyColumn], others: Sequence[KeyColumn], rows: int, scratch: Path | None = None
) -> Duplicates:
    """Return which rows are the same record.

    Memory holds a number per row, some more where rows agree; of a long table a part of these numbers where so few rows
    agree that they do not matter. The columns are read once where no rows agree, and of a
    table too large for rounded copies no more than it takes to see that.

    Args:
        columns: the target and the features.
        others: time, group and identifier: they have to agree only where chance could explain that the rest does.
        rows: the number of rows.
        scratch: a folder for the numbers of a long table; None for the system's folder of temporary files.
    """
    if rows < 2 or not columns:
        return Duplicates(rows)
    if rows > LONG and few_agree(columns, rows, NEGLIGIBLE * rows, MAX_ROUNDED, scratch):
        return Duplicates(rows)
    plain = _Table(columns, rows)
    first = plain.copies(None)
    if plain.undecided and others:
        first = _joined(first, _Table([*columns, *others], rows, base=plain).copies(first))
    if plain.fractional and plain.fractional * rows <= MAX_ROUNDED:
        for decimals in DECIMALS:
            first = _joined(first, _Table(columns, rows, decimals=decimals).copies(first))
    if first is None:
        return Duplicates(rows)
    copies = int(np.count_nonzero(first != np.arange(rows)))
    members = np.flatnonzero(np.bincount(first, minlength=rows)[first] > 1)
    return Duplicates(rows, first, *_exact_and_near(columns, members, first, copies))


def held_out_copies(first: NDArray[np.int64], sides: NDArray[np.int8], train: int) -> int:
    """Return how many rows outside the training rows have a copy among them.

    >>> held_out_copies(np.array([0, 1, 0, 1]), np.array([0, 0, 2, 0], dtype=np.int8), 0)
    1
    """
    trained = np.zeros(len(first), dtype=np.bool_)
    trained[first[sides == train]] = True
    return int(np.count_nonzero(trained[first] & (sides != train)))


class _Table:
    """The hashes of a table's rows: each the sum of its columns' hashes, so that a column can be taken off again.

    `fractional` counts the columns with numbers that are not whole. `undecided` says that rows agreed which are not
    among the copies. `base` is a table of the first of the columns.
    """

    def __init__(
        self, columns: Sequence[KeyColumn], rows: int, *, decimals: int | None = None, base: _Table | None = None
    ) -> None:
        self.rows, self.fractional, self.undecided = rows, 0, False
        self._columns, self._decimals = columns, decimals
        self._repeated: NDArray[np.int64] = np.zeros(0, dtype=np.int64)  # the rows that agree with another one
        looked, few = False, NEGLIGIBLE * rows
        self._total: Hashes = np.zeros(rows, dtype=np.uint64) if base is None else base._total.copy()
        for index in range(0 if base is None else len(base._columns), len(columns)):
            parts, fractional = near_hashes(columns[index].read(), decimals, index)
            for some, hashes in parts:
                self._total[some] += hashes
            self.fractional += fractional
            large = self.fractional * rows > MAX_ROUNDED
            if large and not looked and likely_repeated(self._total) <= few:
                self._repeated, looked = repeated(self._total), True  # once, since it takes as long as some columns
                if len(self._repeated) <= few:
                    return  # further columns only tell more rows apart
        self._repeated = repeated(self._total)

    def copies(self, known: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
        """Return the first row of the record of each row, its own where it has no copy that chance does not explain.

        None where no row has one. Copies that are `known`, by the first row of each row's record, are no news, and not
        among them.
        """
        rows = self._repeated
        if len(rows) <= NEGLIGIBLE * self.rows:
            return None
        _, start, cell, count = np.unique(self._total[rows], return_index=True, return_inverse=True, return_counts=True)
        heads = rows[start]
        unlike = rows != heads[cell] if known is None else known[rows] != known[heads][cell]
        news = np.flatnonzero(np.bincount(cell, weights=unlike))
        some = news[:: -(-len(news) // SAMPLE) or 1]
        kept = np.zeros(len(heads), dtype=np.bool_)
        kept[some] = self._beyond_chance(heads[some], count[some], len(news))
        if kept.any() and len(some) < len(news):
            kept[news] = self._beyond_chance(heads[news], count[news], len(news))
        self.undecided = not kept[news].all()
        if not kept.any():
            return None
        first = np.arange(self.rows, dtype=np.int64)
        first[rows] = np.where(kept[cell], heads[cell], rows)
        return first

    def _beyond_chance(self, cells: NDArray[np.int64], count: NDArray[np.int64], of: int) -> NDArray[np.bool_]:
        """Return which cells of equal rows are copies; none where most are not, since then the others are doubtful.

        Args:
            cells: the first row of each cell.
            count: the rows of each.
            of: how many cells there are, where these are some of them.
        """
        if not len(cells):
            return np.zeros(0, dtype=np.bool_)
        few = count <= max(2.0, MAX_COPIES * self.rows)
        sample = np.arange(0, self.rows, -(-self.rows // SAMPLE))
        equal = np.concatenate((count, counts_of(self._total, self._total[sample])))
        copies = np.maximum(equal - 1, 1)
        chance = self._chance(np.concatenate((cells, sample)), equal, copies, len(cells)) / copies
        expected, of_sample = chance[: len(cells)], chance[len(cells) :]
        for limit in CHANCES:
            kept = few & (expected <= limit)
            by_chance = self.rows * float(np.where(of_sample <= NEAR_LIMIT * limit, of_sample, 0).mean())
            repeated = float(copies[: len(cells)][kept].sum()) * of / len(cells)
            if kept.sum() >= MOST * len(kept) and by_chance <= MAX_CHANCE * repeated:
                return kept
        return np.zeros(len(cells), dtype=np.bool_)

    def _chance(
        self, rows: NDArray[np.int64], equal: NDArray[np.int64], copies: NDArray[np.int64], cells: int
    ) -> NDArray[np.float64]:
        """Return how many rows agree by chance with each of `rows`, or so many that there is no need to know more.

        Args:
            rows: indices, those of the cells first.
            equal: how many rows agree with each.
            copies: how many of those are to be explained.
            cells: how many there are of the cells.
        """
        reached = np.zeros(len(rows))
        half: Hashes = np.zeros(self.rows, dtype=np.uint64)
        for index in range(len(self._columns)):
            hashes = self._hashed(index)
            self._compare(hashes, rows, equal, copies, reached)
            if index < len(self._columns) // 2:
                half += hashes
            if np.mean(reached[:cells] <= CHANCES[0] * copies[:cells]) < MOST:
                return reached
        self._compare(half, rows, equal, copies, reached)
        self._compare(self._total - half, rows, equal, copies, reached)
        return reached

    def _compare(
        self,
        part: Hashes,
        rows: NDArray[np.int64],
        equal: NDArray[np.int64],
        copies: NDArray[np.int64],
        reached: NDArray[np.float64],
    ) -> None:
        """Raise `reached` to what the rows say that agree in all columns but those of `part`, where it is still low."""
        low = np.flatnonzero(reached <= CHANCES[0] * copies)
        some, equal = rows[low], equal[low]
        rest = self._total - part
        others = counts_of(rest, rest[some]) - equal
        step = -(-self.rows // SHARE_ROWS)
        sample, whole = part[::step], self._total[::step]
        sharing = counts_of(sample, part[some]) - counts_of(whole, self._total[some])
        # of a value that no other record has, all that is known is how often two records share any
        share = np.maximum(sharing, (sharing.sum() + 1) / (len(some) + 1)) / len(sample)
        reached[low] = np.maximum(reached[low], others * share / np.maximum(1 - share, 1 / self.rows))

    def _hashed(self, index: int) -> Hashes:
        hashed: Hashes = np.empty(self.rows, dtype=np.uint64)
        parts, _ = near_hashes(self._columns[index].read(), self._decimals, index)
        for some, hashes in parts:
            hashed[some] = hashes
        return hashed


def _joined(first: NDArray[np.int64] | None, more: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
    """Return the groups in which rows lie that either of two groupings puts together, each by its first row."""
    if first is None or more is None:
        return more if first is None else first
    label = np.minimum(first, more)
    while True:
        lowest = label.copy()
        for grouping in (first, more):
            least = np.full(len(label), len(label), dtype=np.int64)
            np.minimum.at(least, grouping, lowest)
            lowest = least[grouping]
        if (lowest == label).all():
            return label
        label = lowest


def _exact_and_near(
    columns: Sequence[KeyColumn], members: NDArray[np.int64], first: NDArray[np.int64], copies: int
) -> tuple[int, int]:
    """Return how many of the copies repeat an earlier row of their group to the letter, and how many do not."""
    import pyarrow as pa

    total = hashes_of(first[members], len(columns))
    for index, column in enumerate(columns):
        values = column.read().take(members)
        values = values.cast(pa.large_string()) if pa.types.is_string_view(values.type) else values
        if pa.types.is_floating(values.type):
            numbers = as_bits(values.cast(pa.float64()).to_numpy(zero_copy_only=False))
        else:
            encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
            numbers = encoded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
        total += hashes_of(numbers, index)
    exact = len(members) - len(np.unique(total))
    return exact, copies - exact
