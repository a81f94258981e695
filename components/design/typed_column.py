"""One column of a table with values of its kind, read as preparation reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import MAX_INTEGER, Column, Kind
from sevenfold.design.kinds import TOO_LARGE, Guess
from sevenfold.tables.arrow_values import parse_arrow
from sevenfold.tables.numerals import Notation
from sevenfold.tables.parse import parse_texts
from sevenfold.tables.parsed import Parsed

if TYPE_CHECKING:
    import polars as pl

__all__ = ["TypedColumn", "is_text", "read_column"]

PART_BYTES: Final = 1 << 30


@dataclass(frozen=True)
class TypedColumn:
    """One column of a table.

    `values` are Float64, Int64, Boolean, String or Datetime (µs, UTC without saying so), null for missing. `bad` counts
    values that are there and do not fit the kind; they are null too. `trouble` says why a column of a Parquet file
    cannot be read at all.
    """

    name: str
    guess: Guess
    values: pl.Series
    bad: int = 0
    trouble: str = ""

    @property
    def kind(self) -> Kind:
        """The kind of its values."""
        return self.guess.kind

    @property
    def missing(self) -> int:
        """Rows without a value, the unreadable ones not counted."""
        return int(self.values.null_count()) - self.bad


def is_text(dtype: Any) -> bool:
    """Whether a column of this Polars type holds texts, which are parsed."""
    import polars as pl

    return dtype.base_type() in (pl.String, pl.Categorical, pl.Enum)


def read_column(values: pl.Series, guess: Guess | None, notation: Notation) -> TypedColumn:
    """Read a column's texts as the kind that `guess` says, or a Parquet column's own values.

    Args:
        values: texts, or values of another type.
        guess: the kind; None takes that of the values' type, and is for columns without texts only.
        notation: how texts are written.
    """
    import polars as pl

    if guess is not None and is_text(values.dtype):
        column = _column(guess)
        return _parsed(values.cast(pl.String), guess, lambda part: parse_texts(part, column, notation))
    own = _own_guess(values)
    if own is None:
        return _unreadable(values)
    column = _column(guess or own)
    try:
        return _parsed(values, guess or own, lambda part: parse_arrow(part.to_arrow(), column, notation, part.name))
    except DataError:
        return _unreadable(values)


def _column(guess: Guess) -> Column:
    return Column(
        kind=guess.kind,
        date_format=guess.date_format,
        true_values=guess.true_values,
        false_values=guess.false_values,
    )


def _parsed(values: pl.Series, guess: Guess, parse: Callable[[pl.Series], Parsed]) -> TypedColumn:
    import polars as pl

    dtype, parts, bad = _dtypes()[guess.kind], [], 0
    # one of Arrow's arrays of texts holds 2 GiB at most
    rows = max(1, int(len(values) * PART_BYTES / max(1, values.estimated_size())))
    values = values.rechunk()
    for start in range(0, len(values), rows):
        parsed = parse(values.slice(start, rows))
        bad += int(parsed.bad.sum())
        parts.append(pl.Series(values.name, _arrow_values(parsed, guess.kind), dtype=dtype))
    return TypedColumn(values.name, guess, pl.concat(parts) if len(parts) > 1 else parts[0], bad=bad)


def _arrow_values(parsed: Parsed, kind: Kind) -> Any:
    import pyarrow as pa

    if kind is Kind.CATEGORY:
        return parsed.values.dictionary_decode()
    return parsed.values.cast(pa.timestamp("us")) if kind is Kind.DATETIME else parsed.values


def _dtypes() -> dict[Kind, Any]:
    import polars as pl

    return {
        Kind.NUMBER: pl.Float64,
        Kind.INTEGER: pl.Int64,
        Kind.BOOLEAN: pl.Boolean,
        Kind.CATEGORY: pl.String,
        Kind.DATETIME: pl.Datetime("us"),
    }


def _own_guess(values: pl.Series) -> Guess | None:
    """Return the kind of a Parquet column's own type, or None where it has none."""
    import polars as pl

    dtype: Any = values.dtype
    if dtype == pl.Boolean:
        return Guess(Kind.BOOLEAN)
    if dtype.is_integer():
        large = (values.cast(pl.Float64).abs() > MAX_INTEGER).any()
        return Guess(Kind.CATEGORY, why=TOO_LARGE) if large else Guess(Kind.INTEGER)
    if dtype.is_numeric():
        return Guess(Kind.NUMBER)
    if dtype == pl.Date or dtype.base_type() == pl.Datetime:
        return Guess(Kind.DATETIME)
    return Guess(Kind.CATEGORY) if dtype == pl.Null else None


def _unreadable(values: pl.Series) -> TypedColumn:
    import polars as pl

    empty = pl.Series(values.name, [None] * len(values), dtype=pl.String)
    return TypedColumn(values.name, Guess(Kind.CATEGORY), empty, trouble=f"values of type {values.dtype}")
