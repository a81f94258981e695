"""Read a column of texts as the kind that some of them suggest, and see whether the whole column bears it out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.schema import Kind
from sevenfold.design.dates import settle_day_and_month
from sevenfold.design.guess import Guess
from sevenfold.design.kinds import CODES, SURE, TOKENS, TOO_LARGE, boolean_guess, guess_kind
from sevenfold.design.number_signs import Signs
from sevenfold.design.typed_column import MAX_ODD, TypedColumn, read_column
from sevenfold.tables.numerals import Notation

if TYPE_CHECKING:
    import polars as pl

__all__ = ["as_texts", "missing_texts", "read_guessed", "text_sample"]

SAMPLE: Final = 2_000
FEW: Final = 200
MAX_NEW_TOKENS: Final = 5
MIN_REPEATS: Final = 3
FEW_LEVELS: Final = 20
NUMBERS: Final = (Kind.NUMBER, Kind.INTEGER)
_LEADING_ZERO: Final = r"^ *[+-]?0[0-9]+ *(?:[.,]|$)"
_NAMES: Final = {Kind.NUMBER: "numbers", Kind.INTEGER: "whole numbers", Kind.DATETIME: "dates"}


def text_sample(values: pl.Series) -> pl.Series:
    """Return some trimmed texts of a column in its order, blank ones and those that mean nothing left out."""
    import polars as pl

    def usable(some: pl.Series) -> pl.Series:
        trimmed = some.cast(pl.String).drop_nulls().str.strip_chars()
        return trimmed.filter(~trimmed.is_in(["", *TOKENS]))

    sample = usable(values.gather_every(-(-len(values) // SAMPLE) or 1))
    if len(sample) >= min(FEW, len(values)):
        return sample
    sample = usable(values)  # a column with few values
    return sample.gather_every(-(-len(sample) // SAMPLE) or 1)


def read_guessed(values: pl.Series, sample: pl.Series, notation: Notation, signs: Signs) -> TypedColumn:
    """Read a column as nearly all its values are; the others are its faults, texts that may mean nothing among them.

    Args:
        values: the texts.
        sample: what `text_sample` returns of them.
        notation: how numbers are written; a blank text is its only missing value.
        signs: which columns are written in groups or with commas.
    """
    guess = guess_kind(sample, notation)
    if guess.kind is Kind.BOOLEAN:
        return _boolean(values, guess, notation)
    if guess.kind is Kind.DATETIME:
        guess = settle_day_and_month(_trimmed(values), guess)
    if guess.kind is Kind.CATEGORY:
        return as_texts(values, _asked(guess, values.name, signs), notation)
    column = read_column(values, guess, notation)
    if column.kind is Kind.INTEGER and _has_parts(column, notation):
        column = read_column(values, replace(guess, kind=Kind.NUMBER), notation)
    against = _against(values, column)
    return as_texts(values, against, notation, column) if against is not None else column


def as_texts(values: pl.Series, guess: Guess, notation: Notation, other: TypedColumn | None = None) -> TypedColumn:
    """Read a column as texts; `other` is what it is no column of, with the values that kept it from being one."""
    odd = tuple(_unfit(other)["text"].unique(maintain_order=True).head(3).to_list()) if other is not None else ()
    return replace(read_column(values, guess, notation), odd=odd)


def missing_texts(column: TypedColumn) -> tuple[frozenset[str], frozenset[str]]:
    """Return the texts that mean a missing value in the whole table, and those that do if no other column has them.

    A text such as NA counts where all else in its column are numbers or dates; in a column of texts only one that can
    mean nothing else does (NA may be Namibia). Any other text counts where it stands often among numbers or dates.
    """
    if column.levels is not None:
        return frozenset(column.levels["value"].to_list()) & SURE if column.levels.height else frozenset(), frozenset()
    if not column.bad:
        return frozenset(), frozenset()
    sure = frozenset(column.faults["text"].unique().to_list()) & TOKENS
    unfit = _unfit(column)
    return sure, frozenset(unfit["text"].to_list()) if _repeats(column, unfit) else frozenset()


def _against(values: pl.Series, column: TypedColumn) -> Guess | None:
    """Return what speaks against the kind that a column was read as, or None."""
    unfit, present = _unfit(column), column.values.count()
    if column.kind in NUMBERS:
        if values.str.contains(_LEADING_ZERO).any():
            return Guess(Kind.CATEGORY, why=CODES)
        if column.guess.symbols and (bare := _without_symbol(values, column)) > MAX_ODD * present:
            shown = column.guess.symbols[0]
            return Guess(
                Kind.CATEGORY,
                why=f"Numbers with {shown} and numbers without, so texts.",
                question=f"{bare:,} of its numbers lack the {shown} that the others have. Write them alike.",
            )
    if len(column.offsets) > 1:
        return Guess(
            Kind.CATEGORY,
            why="Times with and without an offset from UTC, so not comparable.",
            question="Some of its times have an offset from UTC and some have none. If those are local times, write "
            "kind: datetime and time_zone: with the zone's name, such as Europe/Oslo.",
        )
    if not unfit.height or _repeats(column, unfit):
        return None
    levels = column.values.n_unique() <= FEW_LEVELS
    if levels and int(unfit["text"].value_counts()["count"].max()) >= MIN_REPEATS:  # type: ignore[arg-type]
        return Guess(Kind.CATEGORY, why="Few numbers or dates and other texts, each of them often, so texts.")
    if unfit.height <= MAX_ODD * (present + unfit.height):
        return None
    if (unfit["code"] == "int_range").sum() > unfit.height / 2:
        return Guess(Kind.CATEGORY, why=TOO_LARGE)
    named = _NAMES[column.kind]
    question = f"{present:,} of its values are {named}, {unfit.height:,} are not. Correct them, or leave them empty."
    if unfit["text"].str.contains(r"^\(.*\)$").any():
        question += " If parentheses mean a negative number, write a minus sign."
    why = f"{named.capitalize()} and other texts, so texts."
    return Guess(Kind.CATEGORY, why=why, question="" if levels else question)


def _asked(guess: Guess, name: str, signs: Signs) -> Guess:
    """Add the question that numbers raise which may be written in two ways, or in another than the table's."""
    if guess.question or guess.why or name not in signs.grouped:
        return guess
    if name in signs.open:
        return replace(
            guess,
            why="Numbers whose commas or points may group or be decimal, so texts.",
            question="Its numbers, such as 1,234, may be 1234 or 1.234. If they are numbers, write kind: number, and "
            'data.thousands: "," or data.decimal: ",".',
        )
    return replace(
        guess,
        why="Numbers written in another way than those of other columns, so texts.",
        question=f"Its numbers are not written with data.decimal: {signs.decimal!r} as other columns are. "
        "Write them alike.",
    )


def _boolean(values: pl.Series, guess: Guess, notation: Notation) -> TypedColumn:
    column = read_column(values, guess, notation)
    if _unfit(column).height:
        known = _trimmed(values).unique(maintain_order=True)
        again = boolean_guess(known.filter(~known.is_in(["", *TOKENS])).head(1_000).to_list())
        return read_column(values, again or Guess(Kind.CATEGORY), notation)
    return column


def _has_parts(column: TypedColumn, notation: Notation) -> bool:
    """Whether some faults of whole numbers are numbers with a part, such as 2.5, or infinite ones."""
    odd = column.faults.filter(column.faults["code"] == "not_an_integer")["text"]
    odd = odd.filter(~odd.is_in(list(TOKENS)))
    if not len(odd):
        return False
    numbers = read_column(odd, replace(column.guess, kind=Kind.NUMBER), notation)
    return numbers.values.count() > 0 or bool((numbers.faults["code"] == "nonfinite").any())


def _unfit(column: TypedColumn) -> pl.DataFrame:
    """Return the faults that speak against the column's kind; an infinite number does not."""
    if not column.bad:
        return column.faults
    infinite = column.faults["code"] == "nonfinite"
    return column.faults.filter(~infinite & ~column.faults["text"].is_in(list(TOKENS)))


def _repeats(column: TypedColumn, unfit: pl.DataFrame) -> bool:
    """Whether the values that do not fit are a few texts, each of them often there, among many different values."""
    if unfit.height <= MAX_ODD / 2 * (column.values.count() + unfit.height):
        return False
    counts = unfit["text"].value_counts()["count"]
    few = len(counts) <= MAX_NEW_TOKENS and bool((counts >= MIN_REPEATS).all())
    return few and column.values.n_unique() - 1 >= 100 * len(counts)


def _without_symbol(values: pl.Series, column: TypedColumn) -> int:
    """Return how many numbers other than 0 lack the symbol that others have."""
    symbol = column.guess.symbols[0]
    bare = ~values.str.contains(symbol, literal=True) & column.values.is_not_null() & (column.values != 0)
    return int(bare.sum())


def _trimmed(values: pl.Series) -> pl.Series:
    import polars as pl

    return values.cast(pl.String).drop_nulls().str.strip_chars()
