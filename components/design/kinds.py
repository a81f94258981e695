"""What kind of values some texts of a column have; the whole column is then read as that kind, and decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.schema import MAX_INTEGER, Column, Kind, Notation
from sevenfold.design.dates import date_guess
from sevenfold.design.guess import Guess
from sevenfold.design.number_signs import symbols_of
from sevenfold.design.odd_numbers import odd_numbers
from sevenfold.tables.numerals import number_texts

if TYPE_CHECKING:
    import polars as pl

__all__ = ["CODES", "SURE", "TOKENS", "TOO_LARGE", "boolean_guess", "guess_kind"]

TOKENS: Final = frozenset(
    {"NA", "N/A", "n/a", "na", "#N/A", "<NA>", "NaN", "nan", "NAN", "NULL", "Null", "null", "None", "none", "NONE"}
    | {"-", "--", "?", ".", "\\N", "#NULL!", "#DIV/0!", "#VALUE!", "missing", "Missing", "MISSING", "unknown"}
)
SURE: Final = frozenset({"N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NAN", "NULL", "null", "?", "\\N", "#NULL!"})
ODD: Final = 0.1  # share of some texts that may not fit the kind the others have
MAX_DATES: Final = 400
MAX_SPELLINGS: Final = 8  # of true and false
TOO_LARGE: Final = "Whole numbers too large for a number, so texts."
CODES: Final = "Codes with leading zeros, so texts."
TWO_SYMBOLS: Final = "Numbers with signs of different money, so texts."
TRUE_FALSE: Final = (("true", "false"), ("t", "f"), ("yes", "no"), ("y", "n"))


def guess_kind(texts: pl.Series, notation: Notation) -> Guess:
    """Return the kind that nine of ten texts have in common; the others may be mistakes, or mean a missing value.

    Numbers with leading zeros are codes and stay texts, and so do whole numbers beyond 2^53 where they are many.

    Args:
        texts: trimmed texts of a column, blank ones and those that mean a missing value left out.
        notation: how numbers are written.
    """
    if len(texts) == 0:
        return Guess(Kind.CATEGORY)
    boolean = boolean_guess(texts.unique(maintain_order=True).to_list())
    if boolean is not None:
        return boolean
    symbols: tuple[str, ...] = ()
    plain, fits = _numbers(texts, notation, symbols)
    if _odd(texts, fits) > ODD:
        symbols = symbols_of(texts.filter(~fits).to_list())
        plain, fits = _numbers(texts, notation, symbols) if symbols else (plain, fits)
    if _odd(texts, fits) > ODD:
        some = (texts.unique(maintain_order=True), texts)
        dates = (date_guess(each.gather_every(-(-len(each) // MAX_DATES)).to_list()) for each in some)
        return next(filter(None, dates), None) or odd_numbers(texts, notation) or Guess(Kind.CATEGORY)
    if len(symbols) > 1:
        return Guess(
            Kind.CATEGORY,
            why=TWO_SYMBOLS,
            question=f"Its numbers have signs of different kinds ({', '.join(symbols)}). Make columns of one each.",
        )
    if plain.str.contains(r"^[+-]?0[0-9]").any():
        return Guess(Kind.CATEGORY, why=CODES)
    return _whole_or_not(plain.filter(fits), symbols)


def _numbers(texts: pl.Series, notation: Notation, symbols: tuple[str, ...]) -> tuple[pl.Series, pl.Series]:
    """Return the texts as Python writes numbers, and which of them are numbers, infinite ones among them."""
    import polars as pl

    plain = number_texts(texts, notation, symbols)
    values = plain.cast(pl.Float64, strict=False)
    if values.is_finite().any() or values.is_infinite().fill_null(False).all():
        return plain, values.is_not_nan().fill_null(False)
    return plain, pl.repeat(False, len(texts), eager=True)  # a word such as inf among others is no number


def _odd(texts: pl.Series, fits: pl.Series) -> float:
    """Return the share of the texts, or of the different ones if that is smaller, that do not fit."""
    odd = texts.filter(~fits)
    return min(len(odd) / len(texts), odd.n_unique() / texts.n_unique()) if len(odd) else 0.0


def _whole_or_not(plain: pl.Series, symbols: tuple[str, ...]) -> Guess:
    import polars as pl

    if not plain.str.contains(r"^[+-]?[0-9]+$").all():
        return Guess(Kind.NUMBER, symbols=symbols)
    values = plain.cast(pl.Int64, strict=False)
    large = len(values) - int(values.is_between(-MAX_INTEGER, MAX_INTEGER).fill_null(False).sum())
    return Guess(Kind.CATEGORY, why=TOO_LARGE) if large > ODD * len(values) else Guess(Kind.INTEGER, symbols=symbols)


def boolean_guess(texts: Sequence[str]) -> Guess | None:
    """Return how a column of these distinct texts says true and false, if that is all it says."""
    if len(texts) > MAX_SPELLINGS:
        return None
    folded = {text.casefold() for text in texts}
    for true, false in TRUE_FALSE:
        if folded == {true, false}:
            return Guess(
                Kind.BOOLEAN,
                true_values=tuple(sorted(text for text in texts if text.casefold() == true)),
                false_values=tuple(sorted(text for text in texts if text.casefold() == false)),
            )
    plain = Column(kind=Kind.BOOLEAN)
    if folded in ({"true"}, {"false"}) and {*plain.true_values, *plain.false_values}.issuperset(texts):
        # the only value of the column, as Parquet may hold it with a type that says what it is
        return Guess(Kind.BOOLEAN, true_values=plain.true_values, false_values=plain.false_values)
    return None
