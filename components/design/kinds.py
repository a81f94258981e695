"""What kind of values a column of texts holds, and which texts mean that a value is missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.schema import MAX_INTEGER, Kind
from sevenfold.tables.moments import names_offset, parse_moments
from sevenfold.tables.numerals import Notation, number_texts

if TYPE_CHECKING:
    import polars as pl

__all__ = ["TOO_LARGE", "Guess", "guess_kind", "missing_tokens"]

TOKENS: Final = frozenset(
    {"NA", "N/A", "n/a", "na", "#N/A", "<NA>", "NaN", "nan", "NAN", "NULL", "Null", "null", "None", "none", "NONE"}
    | {"-", "--", "?", ".", "\\N", "#NULL!", "#DIV/0!", "#VALUE!", "missing", "Missing", "MISSING", "unknown"}
)
SURE: Final = frozenset({"N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NAN", "NULL", "null", "?", "\\N", "#NULL!"})
MAX_BAD: Final = 0.01  # share of a column's values that may not fit the kind the others have
SAMPLE: Final = 1_000
MAX_DATES: Final = 20_000  # distinct texts that are parsed to see whether all are dates
DATE_FORMATS: Final = (
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%d-%m-%Y",
    "%d-%m-%Y %H:%M",
    "%d-%m-%Y %H:%M:%S",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d %Y",
    "%b %d, %Y",
    "%B %d, %Y",
)
MAX_SPELLINGS: Final = 8  # of true and false
TOO_LARGE: Final = "Whole numbers too large for a number, so texts."
TRUE_FALSE: Final = (("true", "false"), ("t", "f"), ("yes", "no"), ("y", "n"))
_DATE_LIKE = re.compile(r"\d.*[-/. :]|[A-Za-z]{3,9}\.? \d")


@dataclass(frozen=True)
class Guess:
    """The kind of a column: how its texts are read, and the distinct ones that do not fit."""

    kind: Kind
    date_format: str = ""
    true_values: tuple[str, ...] = ()
    false_values: tuple[str, ...] = ()
    unfit: frozenset[str] = frozenset()
    why: str = ""


def missing_tokens(columns: Iterable[pl.Series], notation: Notation) -> tuple[str, ...]:
    """Return the texts that mean a missing value somewhere in the table, "" first.

    A text such as NA counts where all else in its column are numbers or dates; in a column of texts only one that can
    mean nothing else does (NA may be Namibia).

    Args:
        columns: the distinct trimmed texts of each column.
        notation: how numbers are written.
    """
    tokens: set[str] = set()
    for texts in columns:
        suspects = set(texts.filter(texts.is_in(list(TOKENS))).to_list())
        if not suspects:
            continue
        rest = texts.filter(~texts.is_in(["", *TOKENS]))
        typed = len(rest) > 0 and guess_kind(rest, notation).kind is not Kind.CATEGORY
        tokens |= suspects if typed else suspects & SURE
    return ("", *sorted(tokens))


def guess_kind(texts: pl.Series, notation: Notation) -> Guess:
    """Return the kind that the distinct, trimmed, not missing texts of a column have in common.

    At most one in a hundred distinct texts may not fit; a column without texts is a category. Numbers with leading
    zeros are codes and stay texts, and so do whole numbers beyond 2^53.
    """
    import polars as pl

    if len(texts) == 0:
        return Guess(Kind.CATEGORY)
    boolean = _boolean(texts.to_list()) if len(texts) <= MAX_SPELLINGS else None
    if boolean is not None:
        return boolean
    plain = number_texts(texts, notation)
    fits = plain.cast(pl.Float64, strict=False).is_finite().fill_null(False)
    if len(texts) - int(fits.sum()) > MAX_BAD * len(texts):
        return _date(texts) or Guess(Kind.CATEGORY)
    if texts.str.contains(r"^[+-]?0\d").any():
        return Guess(Kind.CATEGORY, why="Codes with leading zeros, so texts.")
    return _whole_or_not(plain.filter(fits), frozenset(texts.filter(~fits).to_list()))


def _whole_or_not(plain: pl.Series, unfit: frozenset[str]) -> Guess:
    import polars as pl

    if not plain.str.contains(r"^[+-]?\d+$").all():
        return Guess(Kind.NUMBER, unfit=unfit)
    values = plain.cast(pl.Int64, strict=False)
    if values.null_count() or not values.is_between(-MAX_INTEGER, MAX_INTEGER).all():
        return Guess(Kind.CATEGORY, why=TOO_LARGE)
    return Guess(Kind.INTEGER, unfit=unfit)


def _boolean(texts: Sequence[str]) -> Guess | None:
    folded = {text.casefold() for text in texts}
    for true, false in TRUE_FALSE:
        if folded == {true, false}:
            return Guess(
                Kind.BOOLEAN,
                true_values=tuple(sorted(text for text in texts if text.casefold() == true)),
                false_values=tuple(sorted(text for text in texts if text.casefold() == false)),
            )
    return None


def _date(texts: pl.Series) -> Guess | None:
    sample = texts.gather_every(max(1, len(texts) // SAMPLE)).to_list()
    if sum(_DATE_LIKE.match(text) is not None for text in sample) < (1 - MAX_BAD) * len(sample):
        return None
    some = texts.gather_every(-(-len(texts) // MAX_DATES)).to_list()
    for form in ("", *DATE_FORMATS):
        if _unread(sample, form) > MAX_BAD * len(sample):
            continue
        _, _, bad = parse_moments(some, form)
        if bad.sum() > MAX_BAD * len(some):
            continue
        unfit = frozenset(text for text, wrong in zip(some, bad.tolist(), strict=True) if wrong)
        if not form and _mixes_offsets(texts, unfit):
            return Guess(Kind.CATEGORY, why="Times with and without an offset from UTC, so not comparable.")
        return Guess(Kind.DATETIME, date_format=form, unfit=unfit, why=_ambiguity(form, sample))
    return None


def _mixes_offsets(texts: pl.Series, unfit: frozenset[str]) -> bool:
    ends = texts.str.contains(r"[Zz]$|[+-]\d\d:?\d\d$|[+-]\d\d$|UTC$|GMT$")
    # a plain date ends like an offset, so only a mixture is looked at closely
    return ends.n_unique() > 1 and len({names_offset(text) for text in texts.to_list() if text not in unfit}) > 1


def _ambiguity(form: str, sample: Sequence[str]) -> str:
    for first, second in (("%m/%d", "%d/%m"),):
        if form.startswith(first) and _unread(sample, form.replace(first, second)) == 0:
            return "The day or the month may come first; change date_format if it is the day."
    return ""


def _unread(texts: Sequence[str], form: str) -> int:
    return int(parse_moments(texts, form)[2].sum())
