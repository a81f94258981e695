"""Which side of the split each row falls on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Column, Kind
from sevenfold.plan.preparation import SplitBy, SplitSection
from sevenfold.tables.moments import parse_moment
from sevenfold.tables.numbers import Numbers, pieces
from sevenfold.tables.ordered import Ordered, ordered
from sevenfold.tables.rare_classes import MIN_CLASS_ROWS, require_classes

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["LATER", "SPLITS", "TEST", "TRAIN", "VALIDATION", "check_split", "group_codes", "side_sizes"]
__all__ += ["split_by_group", "split_by_time", "split_stratified"]

SPLITS: Final = ("train", "validation", "test", "later")
TRAIN, VALIDATION, TEST, LATER = range(4)
STRATA: Final = 10  # of a regression target
AT_ONCE: Final = 1 << 20  # rows that are counted at once: memory holds no mask of all

Sides = NDArray[np.int8]


def split_by_time(times: Numbers, section: SplitSection, column: Column) -> Sides:
    """Split at two moments: those of the plan, else where the shares of the rows come closest to the plan's.

    Rows of one moment are never divided. Rows from `test_until` on are `LATER`.

    Args:
        times: int64 microseconds UTC, or the numbers of the time column, in any order.
        section: what the plan says of the split.
        column: the time column.

    Raises:
        DataError: ``split_dates``, ``empty_split``.
    """
    if section.validation_from:
        firsts = [_moment(text, column) for text in (section.validation_from, section.test_from)]
        last = _moment(section.test_until, column) if section.test_until else None
    else:
        last = _moment(section.test_until, column) if section.test_until else None
        in_order = ordered(times)
        firsts = _borders(in_order, len(times) if last is None else in_order.below(last), section)
    sides = np.zeros(len(times), dtype=np.int8)
    start = 0
    for some in pieces(times):
        part = sides[start : start + len(some)]
        for first in firsts:
            part += some >= first
        if last is not None:
            part[some >= last] = LATER
        start += len(some)
    return sides


def split_by_group(groups: NDArray[np.int64], section: SplitSection, first: NDArray[np.int64] | None = None) -> Sides:
    """Split whole groups, largest first, so that the shares come as close to the plan's as the groups allow.

    Groups that hold copies of one record lie on one side, unless that leaves fewer than three.

    Args:
        groups: a code per row, 0 to the number of groups, shape ``[n]``.
        section: what the plan says of the split.
        first: the first row of each row's record; None where none stands twice.

    Raises:
        DataError: ``too_few_groups``.
    """
    counts = np.bincount(groups)
    present = np.flatnonzero(counts)
    if first is not None and len(np.unique(joined := _joined(groups, first))) >= 3:
        groups, counts = joined, np.bincount(joined)
        present = np.flatnonzero(counts)
    if len(present) < 3:
        raise DataError(
            "too_few_groups",
            f"A split by group needs three groups or more, but {section.column!r} has {len(present)}.",
            remedy="Name another group column, or split by time or stratified.",
        )
    shuffled = np.random.default_rng(section.seed).permutation(present)
    order = shuffled[np.argsort(-counts[shuffled], kind="stable")]
    wanted = [1 - section.validation - section.test, section.validation, section.test]
    room = [share * len(groups) for share in wanted]
    side_of = np.zeros(len(counts), dtype=np.int8)
    for group in order.tolist():
        side = max(range(3), key=room.__getitem__)
        side_of[group] = side
        room[side] -= int(counts[group])
    _fill_empty(side_of, order, counts)
    return side_of[groups]


def group_codes(values: pa.Array) -> NDArray[np.int64]:
    """Return the code of each row's group, in the order of their texts: the order of the rows does not count."""
    import pyarrow as pa

    encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    order = np.argsort(np.array([str(value) for value in encoded.dictionary.to_pylist()], dtype=object))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    codes: NDArray[np.int64] = rank[encoded.indices.to_numpy(zero_copy_only=False)]
    return codes


def split_stratified(
    target: NDArray[Any], section: SplitSection, *, classes: int, first: NDArray[np.int64] | None = None
) -> Sides:
    """Split at random with equal shares of every class, or of every tenth of a regression's values.

    Every class has two rows or more on each side, where it has six or more that are different records. All copies of a
    record lie on one side.

    Args:
        target: class index or value of each row, shape ``[n]``.
        section: what the plan says of the split.
        classes: the number of classes; 0 for regression.
        first: the first row of each row's record; None where none stands twice.
    """
    strata: NDArray[Any] = target if classes else _tenths(target)
    sides = np.zeros(len(target), dtype=np.int8)
    random = np.random.default_rng(section.seed)
    alone = None if first is None else first == np.arange(len(target))
    copies = None if first is None else np.bincount(first, minlength=len(target))
    for stratum in range(int(strata.max()) + 1):
        records = np.flatnonzero(strata == stratum if alone is None else (strata == stratum) & alone)
        random.shuffle(records)
        if copies is None:
            test, validation = (_share(len(records), share) for share in (section.test, section.validation))
            sides[records[: test + validation]] = VALIDATION
            sides[records[:test]] = TEST
            continue
        counts = copies[records]
        test, validation = (_share(int(counts.sum()), share) for share in (section.test, section.validation))
        # a record that would fill half of a side alone trains
        small = counts <= max(MIN_CLASS_ROWS, min(test, validation) // 2)
        records, counts = records[small], counts[small]
        twice_middle = 2 * np.cumsum(counts) - counts
        sides[records[twice_middle <= 2 * (test + validation)]] = VALIDATION
        sides[records[twice_middle <= 2 * test]] = TEST
    return sides if first is None else sides[first]


def side_sizes(sides: Sides) -> list[int]:
    """Return how many rows each side has, in the order of `SPLITS`."""
    parts = [sides[start : start + AT_ONCE] for start in range(0, len(sides), AT_ONCE)]
    return [sum(int(np.count_nonzero(part == side)) for part in parts) for side in range(len(SPLITS))]


def check_split(
    sides: Sides, target: NDArray[Any], classes: tuple[str, ...], section: SplitSection, *, hidden: bool
) -> None:
    """See that every side has rows, and two or more of each class.

    Args:
        sides: the side of each row.
        target: class index or value of each row.
        classes: names of the classes; empty for regression.
        section: what the plan says of the split.
        hidden: whether classes must not be named.

    Raises:
        DataError: ``empty_split``, ``rare_class``.
    """
    sizes = side_sizes(sides)
    for side in (TRAIN, VALIDATION, TEST):
        if sizes[side] < MIN_CLASS_ROWS:
            listed = ", ".join(f"{name} {size}" for name, size in zip(SPLITS, sizes, strict=True))
            raise DataError(
                "empty_split",
                f"Every side of the split must have {MIN_CLASS_ROWS} rows or more, but the rows are: {listed}.",
                remedy=_SPLIT_REMEDY[section.by],
            )
    require_classes(sides, target, classes, SPLITS[:LATER], hidden=hidden, remedy=_SPLIT_REMEDY[section.by])


_SPLIT_REMEDY: Final = {
    SplitBy.TIME: "Or move the dates (or shares) of preparation.split.",
    SplitBy.GROUP: "Or change the shares of preparation.split, or its group column.",
    SplitBy.STRATIFIED: "Or change the shares of preparation.split.",
}


def _moment(text: str, column: Column) -> float:
    if column.kind is not Kind.DATETIME:
        try:
            return float(text)
        except ValueError:
            raise DataError(
                "split_dates",
                f"The time column is of kind {column.kind.value}, so the split needs numbers, but got {text!r}.",
                remedy="Leave the dates out and give shares, or declare the column datetime.",
            ) from None
    return parse_moment(text, time_zone=column.time_zone)


def _borders(times: Ordered, rows: int, section: SplitSection) -> list[Any]:
    """Return the first moment of the second and of the third side, where the first `rows` moments are divided."""
    last = _first_of(times, rows - 1) if rows else 0
    second = times.up_to(times.at(0)) if rows else 0
    if second >= last:
        moments = 0 if not rows else 1 if not last else 2
        raise DataError(
            "empty_split",
            f"A split by time needs three moments or more, but {section.column!r} has {moments}.",
            remedy="Name another time column, or split by group or stratified.",
        )
    first = _nearest(times, rows, 1 - section.validation - section.test, second, _first_of(times, last - 1))
    after = times.up_to(times.at(first))
    return [times.at(first), times.at(_nearest(times, rows, 1 - section.test, after, last))]


def _first_of(times: Ordered, row: int) -> int:
    """Return the first row that has the moment of a row."""
    return times.below(times.at(row))


def _nearest(times: Ordered, rows: int, share: float, low: int, high: int) -> int:
    """Return the first row of a moment, from `low` to `high`, that has the share of the rows before it that is closest.

    Args:
        times: the moments of the rows.
        rows: how many of them, from the first one on, are divided.
        share: of the rows.
        low: the first row of a moment.
        high: the first row of the same moment or a later one.
    """
    at = min(max(int(share * rows), low), high)
    before = _first_of(times, at)
    after = times.up_to(times.at(at))
    # the share may lie a hair beyond the row that it rounds to
    earlier = _first_of(times, before - 1) if before > low else before
    near = np.array([row for row in (earlier, before, after) if low <= row <= high])
    return int(near[np.abs(near / rows - share).argmin()])


def _fill_empty(side_of: Sides, order: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
    """Move the smallest group of a side with several to a side that has none."""
    for side in range(3):
        held = side_of[order]
        if not (held == side).any():
            giver = int(np.bincount(held, minlength=3).argmax())
            side_of[order[np.flatnonzero(held == giver)[-1]]] = side


def _joined(groups: NDArray[np.int64], first: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return codes of groups in which those that share a record are one, with the lowest of their codes."""
    code = np.arange(int(groups.max()) + 1)
    while True:
        of_record = np.full(len(first), len(code))
        np.minimum.at(of_record, first, code[groups])
        lowest = code.copy()
        np.minimum.at(lowest, groups, of_record[first])
        lowest = np.minimum(lowest, lowest[code])
        if (lowest == code).all():
            return code[groups]
        code = lowest


def _tenths(values: NDArray[np.float64]) -> NDArray[np.int64]:
    parts = min(STRATA, max(len(values) // 20, 1))
    edges: NDArray[np.float64] = np.quantile(values, np.arange(1, parts) / parts)
    return np.searchsorted(edges, values, side="right")


def _share(count: int, share: float) -> int:
    wanted = round(count * share)
    return max(wanted, MIN_CLASS_ROWS) if count >= 3 * MIN_CLASS_ROWS else min(math.ceil(count * share), count // 3)
