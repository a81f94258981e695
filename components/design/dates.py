"""Which dates a column's texts are, and whether that can be read from them at all: a day and a month may look alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.schema import Kind
from sevenfold.design.guess import Guess
from sevenfold.tables.moments import parse_moments

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MONTHS", "date_guess", "settle_day_and_month"]

ODD: Final = 0.1  # share of a sample that may not be dates; the whole column decides in the end
MIXED: Final = 0.02  # share of a column's dates that may have another form
SURE: Final = 20  # times as many dates must say that the day comes first than say that the month does, or the reverse
YEAR_FIRST: Final = ("%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S")
DAY_FIRST: Final = (
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d/%m/%Y",
    "%d/%m/%y",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %I:%M %p",
    "%d/%m/%Y %I:%M:%S %p",
    "%d-%m-%Y",
    "%d-%m-%Y %H:%M",
    "%d-%m-%Y %H:%M:%S",
)
MONTH_FIRST: Final = tuple(form.replace("%d/%m", "%m/%d").replace("%d-%m", "%m-%d") for form in DAY_FIRST[3:])
MONTHS: Final = ("%Y-%m", "%Y/%m", "%m/%Y", "%b %Y", "%B %Y", "%b-%Y")
NAMED: Final = ("%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%b %d, %Y", "%B %d, %Y")
FORMATS: Final = ("", *YEAR_FIRST, *MONTH_FIRST, *DAY_FIRST, *NAMED, *MONTHS)
_DATE_LIKE = re.compile(r"\d.*[-/. :]|\d{8}T\d|[A-Za-z]{3,9}(?:\.? |-)\d", re.ASCII)
_SEASON = re.compile(r"\d\d(\d\d)-(\d\d)", re.ASCII)
_TWO_NUMBERS: Final = r"^([0-9]{1,2})[/-]([0-9]{1,2})[/-]"  # with points between them the day comes first everywhere


def date_guess(sample: Sequence[str]) -> Guess | None:
    """Return what dates some texts of a column are: a format that nearly all have, or a question; else None.

    Where the day and the month may both come first, the format has the month first: `settle_day_and_month` says which.
    """
    if not sample or sum(_DATE_LIKE.match(text) is not None for text in sample) < (1 - ODD) * len(sample):
        return None
    left = list(sample)
    for form in FORMATS:
        unread = _unread(sample, form)
        if len(unread) <= ODD * len(sample):
            if form in MONTHS and _seasons(sample):
                return None
            return Guess(Kind.DATETIME, date_format=form)
        if len(unread) < len(sample):
            left = [text for text in left if text in set(unread)]
    if len(left) <= MIXED * len(sample):
        return Guess(
            Kind.CATEGORY,
            why="Dates of more than one form, so texts.",
            question="It has dates of more than one form. Write them alike, best as 2024-01-31.",
        )
    return None


def settle_day_and_month(texts: pl.Series, guess: Guess) -> Guess:
    """Return the guess with the order of day and month that all texts of a column prove, or a question.

    Args:
        texts: every trimmed text of the column.
        guess: dates of some format.
    """
    import polars as pl

    month_first = guess.date_format if guess.date_format in MONTH_FIRST else ""
    if not month_first and guess.date_format not in DAY_FIRST[3:]:
        return guess
    day_first = guess.date_format.replace("%m/%d", "%d/%m").replace("%m-%d", "%d-%m")
    month_first = day_first.replace("%d/%m", "%m/%d").replace("%d-%m", "%m-%d")
    first = texts.str.extract(_TWO_NUMBERS, 1).cast(pl.Int8, strict=False)
    second = texts.str.extract(_TWO_NUMBERS, 2).cast(pl.Int8, strict=False)
    days, months = int(((first > 12) & (second <= 12)).sum()), int(((second > 12) & (first <= 12)).sum())
    few = MIXED * len(texts)
    if days and days >= SURE * months and months <= few:
        return Guess(Kind.DATETIME, date_format=day_first)
    if months and months >= SURE * days and days <= few:
        return Guess(Kind.DATETIME, date_format=month_first)
    what = (
        "Some of its dates have the day first and some the month." if days else "The day or the month may come first."
    )
    return Guess(
        Kind.CATEGORY,
        why=f"Dates, so far texts: {what[0].lower()}{what[1:]}",
        question=f'{what} If they are dates, write kind: datetime and date_format: "{day_first}" or "{month_first}".',
    )


def _seasons(texts: Sequence[str]) -> bool:
    """Whether texts such as 2003-04 and 2004-05 name years that begin in one and end in the next, and no months."""
    matches = [_SEASON.fullmatch(text) for text in set(texts)]
    following = [match is not None and (int(match[1]) + 1) % 100 == int(match[2]) for match in matches]
    return len(following) > 1 and all(following)


def _unread(texts: Sequence[str], form: str) -> list[str]:
    _, missing, faults = parse_moments(texts, form)
    bad = missing.copy()
    for mask in faults.values():
        bad |= mask
    return [text for text, wrong in zip(texts, bad.tolist(), strict=True) if wrong]
