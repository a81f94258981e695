"""Columns that are read as numbers or texts, and hold moments: counts since 1970, dates in digits, times of day.

A number may as well name something, so that all values must be moments of sensible years, there must be many, and the
name of the column or the spread of the dates must speak for it. Where they do not, a person is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sevenfold.contracts.schema import Kind, Notation
from sevenfold.design.guess import Guess
from sevenfold.design.time_words import says_duration, says_identifier, says_time
from sevenfold.design.typed_column import MAX_ODD, TypedColumn, read_column
from sevenfold.tables.moment_formats import COMPACT, FRACTIONS, SECONDS
from sevenfold.tables.moments import parse_moments

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FORMAT_WORDS", "with_moments"]

MIN_ROWS: Final = 20  # of fewer numbers a person is asked
MIN_ASKED: Final = 3
MANY_ROWS: Final = 100  # of dates that only their spread speaks for
MIN_DATES: Final = 20
MIN_MONTHS: Final = 3
LATE_IN_MONTH: Final = 29  # numbers that count up anew each month seldom get there, and never stop at its end
FEW_LEVELS: Final = 20  # so few texts serve as categories
YEARS: Final = (1950, 2100)
_EPOCHS: Final = {  # 1990 to 2100
    SECONDS: (631_152_000, 4_102_444_800),
    FRACTIONS: (631_152_000_000, 4_102_444_800_000),
}
_MICROSECONDS: Final = (631_152_000_000_000, 4_102_444_800_000_000)
_CLOCK: Final = r"^[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?: ?[AaPp][Mm])?$"
_TIMES_OF_DAY: Final = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p")
FORMAT_WORDS: Final = {
    SECONDS: "seconds since 1970",
    FRACTIONS: "milliseconds or microseconds since 1970",
    **dict.fromkeys(COMPACT, "dates written in digits"),
    **dict.fromkeys(_TIMES_OF_DAY, "times of day"),
    "%Y-%m": "months",
}


def with_moments(column: TypedColumn, values: pl.Series, notation: Notation) -> TypedColumn:
    """Return a column as moments where its numbers or texts are such, with a question where they may be, else as it is.

    Args:
        column: what its values were read as.
        values: its texts, or the values of a Parquet file.
        notation: how texts are written.
    """
    guess = _guess(column)
    if guess is None:
        return column
    if guess.kind is not Kind.DATETIME:
        return TypedColumn(
            column.name, guess, column.values, column.faults, column.levels, column.odd, column.offsets, column.trouble
        )
    moments = read_column(values, guess, notation)
    unread = moments.bad if column.kind is Kind.CATEGORY else moments.bad - column.bad
    return moments if not moments.trouble and unread <= MAX_ODD * len(values) else column


def _guess(column: TypedColumn) -> Guess | None:
    if column.guess.question or column.guess.why or column.guess.symbols or column.trouble:
        return None
    if column.kind is Kind.CATEGORY:
        return _time_of_day(column)
    if column.kind not in (Kind.INTEGER, Kind.NUMBER) or column.values.count() < MIN_ASKED:
        return None
    known = column.values.drop_nulls()
    return _count(column, known) or _compact(column, known)


def _count(column: TypedColumn, known: pl.Series) -> Guess | None:
    """Return the guess of numbers that a name calls moments and that are counts since 1970; None for others."""
    if not says_time(column.name):
        return None
    for form, (low, high) in (*_EPOCHS.items(), (FRACTIONS, _MICROSECONDS)):
        within = known.is_between(low, high)
        share = float(within.mean() or 0.0)  # type: ignore[arg-type]
        if share == 1 and len(known) >= MIN_ROWS:
            return Guess(Kind.DATETIME, date_format=form, why=f"By name and size {FORMAT_WORDS[form]}.")
        if share >= 1 - MAX_ODD:
            return _asked(column, form, int((~within).sum()))
    return None


def _compact(column: TypedColumn, known: pl.Series) -> Guess | None:
    """Return the guess of numbers whose digits are dates; None where they are not."""
    import polars as pl

    widths = {form: width for form, width in COMPACT.items() if _may_be(known, width)}
    if not widths:  # most columns, which need not be counted
        return None
    counted = known.alias("value").value_counts()
    numbers = counted["value"]
    if column.kind is Kind.NUMBER and not bool((numbers == numbers.floor()).all()):
        return None
    digits = numbers.cast(pl.Int64, strict=False).cast(pl.String)
    for form, width in widths.items():
        dates = digits.set(digits.str.len_bytes() != width, None).str.to_datetime(form, strict=False)
        sensible = dates.dt.year().is_between(*YEARS).fill_null(False)
        odd = int(counted.filter(~sensible)["count"].sum())
        if odd > MAX_ODD * len(known):
            continue
        named = says_time(column.name)
        if not odd and (
            (named and len(known) >= MIN_ROWS)
            or (not says_identifier(column.name) and len(known) >= MANY_ROWS and _spread(dates))
        ):
            how = "By name and digits" if named else "All digits are dates of many months, so"
            return Guess(Kind.DATETIME, date_format=form, why=f"{how} dates.")
        return _asked(column, form, odd)
    return None


def _may_be(known: pl.Series, width: int) -> bool:
    """Whether nearly all numbers lie where those of dates of some digits do."""
    rest = 10 ** (width - 4)
    share = known.is_between(YEARS[0] * rest, (YEARS[1] + 1) * rest).mean()
    return float(share or 0.0) >= 1 - MAX_ODD  # type: ignore[arg-type]


def _spread(dates: pl.Series) -> bool:
    """Whether different dates lie as those of a calendar do, and not as numbers that begin anew each month."""
    months = dates.dt.truncate("1mo").n_unique()
    last = int(dates.dt.day().max() or 0)  # type: ignore[arg-type]
    return dates.dt.date().n_unique() >= MIN_DATES and months >= MIN_MONTHS and last >= LATE_IN_MONTH


def _asked(column: TypedColumn, form: str, odd: int) -> Guess:
    """Return the column's own kind with the question whether its numbers are moments."""
    words = FORMAT_WORDS[form]
    but = f" but {odd:,}" if odd else ""
    return Guess(
        column.kind,
        why=f"Numbers that may be {words}.",
        question=f"All{but} of its numbers may be {words}. If they are, write kind: datetime and "
        f'date_format: "{form}"; if they name something, role: identifier.'
        + (" Leave the others empty." if odd else ""),
    )


def _time_of_day(column: TypedColumn) -> Guess | None:
    """Return the guess of texts such as 09:30; None where they are others."""
    levels = column.levels
    if levels is None or levels.height < 2:
        return None
    texts, counts = levels["value"], levels["count"]
    like = texts.str.contains(_CLOCK)
    if int(counts.filter(like).sum()) < (1 - MAX_ODD) * int(counts.sum()):
        return None
    read = texts.filter(like)
    for form in _TIMES_OF_DAY:
        faults = parse_moments(read.to_list(), form)[2]
        unread = sum(int(counts.filter(like).to_numpy()[mask].sum()) for mask in faults.values())
        if unread + int(counts.filter(~like).sum()) > MAX_ODD * int(counts.sum()):
            continue
        if says_time(column.name) and not says_duration(column.name):
            return Guess(Kind.DATETIME, date_format=form, why="Times of day.")
        if levels.height <= FEW_LEVELS and not says_duration(column.name):
            return None
        return Guess(
            Kind.CATEGORY,
            why="Times of day or lengths of time, so far texts.",
            question=f'Its values may be times of day. If they are, write kind: datetime and date_format: "{form}"; '
            "if they are lengths of time, write them as numbers, such as minutes.",
        )
    return None
