"""Numbers in a form that no table is read in, such as negative ones in parentheses: a question, and no silent text."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.schema import Kind, Notation
from sevenfold.design.guess import Guess
from sevenfold.design.number_signs import symbols_of
from sevenfold.tables.numerals import number_texts

if TYPE_CHECKING:
    import polars as pl

__all__ = ["odd_numbers"]

ODD: Final = 0.1  # share of some texts that may be no numbers all the same
MIN_DISTINCT: Final = 20  # fewer different values may as well be categories
MIN_SHARE: Final = 0.01  # of the texts that must have the form for it to be one
# what has the form, what a plain number would have in its place, and what is said of it
FORMS: Final = (
    (r"^\((.*)\)$", "-$1", "stand in parentheses where they are negative", "Write them with a minus sign before them"),
    (r"^([^-].*)-$", "-$1", "have a minus sign behind them", "Write it before them"),
    (r"^[\u2212\u2013\ufe63\uff0d](.*)$", "-$1", "have a minus sign other than the hyphen", "Write -, as in -5"),
    (
        r"^[<>\u2264\u2265~]=? *(.*)$",
        "$1",
        "have signs such as < before them",
        "Write the limit alone, or leave it empty",
    ),
)


def odd_numbers(texts: pl.Series, notation: Notation) -> Guess | None:
    """Return the question that a column of numbers in one of `FORMS` raises, or None.

    Args:
        texts: trimmed texts of a column that are no numbers as they stand.
        notation: how numbers are written.
    """
    if texts.n_unique() <= MIN_DISTINCT:
        return None
    # a column of which half the numbers are unread proves no groups of thousands
    notation = notation if notation.thousands else replace(notation, thousands="," if notation.decimal == "." else ".")
    for form, plain, what, remedy in FORMS:
        if texts.str.contains(form).mean() < MIN_SHARE:  # type: ignore[operator]
            continue
        rewritten = texts.str.replace(form, plain)
        symbols = symbols_of(rewritten.unique(maintain_order=True).to_list())
        if len(symbols) < 2 and _numbers(rewritten, notation, symbols) >= 1 - ODD:
            return Guess(
                Kind.CATEGORY,
                why="Numbers in a form that is not read, so texts.",
                question=f"Some of its numbers {what}. {remedy}, in the table or by a recipe.",
            )
    return None


def _numbers(texts: pl.Series, notation: Notation, symbols: tuple[str, ...]) -> float:
    import polars as pl

    numbers = number_texts(texts, notation, symbols).cast(pl.Float64, strict=False)
    return float(numbers.is_finite().fill_null(False).mean() or 0.0)  # type: ignore[arg-type]
