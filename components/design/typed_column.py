"""One column of a table with values of its kind, read as preparation reads it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import MAX_INTEGER, Kind, Notation
from sevenfold.design.guess import Guess
from sevenfold.design.kinds import TOO_LARGE
from sevenfold.tables.arrow_values import parse_arrow
from sevenfold.tables.parse import parse_texts
from sevenfold.tables.parsed import Parsed

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MAX_ODD", "TypedColumn", "is_text", "read_column"]

PART_BYTES: Final = 1 << 30
MAX_ODD: Final = 0.02  # share of the values of a column that may not fit the kind the others have


@dataclass(frozen=True)
class TypedColumn:
    """One column of a table.

    `values` are Float64, Int64, Boolean, String or Datetime (µs, UTC without saying so), null for missing. `faults` has
    a row for each value that is there and does not fit the kind, which is null in `values`: its ``row`` (from 0), the
    ``code`` of what is wrong, its trimmed ``text``. `levels` counts the texts of a category (``value``, ``count``).
    `odd` are texts that kept a column from another kind. `trouble` says why a column of a Parquet file cannot be read.
    """

    name: str
    guess: Guess
    values: pl.Series
    faults: pl.DataFrame
    levels: pl.DataFrame | None = None
    odd: tuple[str, ...] = ()
    offsets: frozenset[bool] = frozenset()
    trouble: str = ""

    @property
    def kind(self) -> Kind:
        """The kind of its values."""
        return self.guess.kind

    @property
    def bad(self) -> int:
        """Rows whose value does not fit the kind."""
        return self.faults.height

    @property
    def missing(self) -> int:
        """Rows without a value, the unreadable ones not counted."""
        return int(self.values.null_count()) - self.bad

    def with_missing(self, tokens: Collection[str]) -> TypedColumn:
        """Return the column with some of its texts as missing values."""
        import polars as pl

        some = pl.Series(list(tokens), dtype=pl.String).implode()
        faults = self.faults.filter(~pl.col("text").is_in(some)) if self.bad else self.faults
        if self.levels is None or not (lost := self.levels["value"].is_in(some)).any():
            return replace(self, faults=faults)
        gone = self.levels.filter(lost)["value"].implode()
        values = self.values.set(self.values.is_in(gone).fill_null(False), None)
        return replace(self, faults=faults, values=values, levels=self.levels.filter(~lost))


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
        column = guess.column
        return _parsed(values.cast(pl.String), guess, lambda part: parse_texts(part, column, notation))
    own = _own_guess(values)
    if own is None:
        return _unreadable(values)
    column = (guess or own).column
    try:
        return _parsed(values, guess or own, lambda part: parse_arrow(part.to_arrow(), column, notation, part.name))
    except DataError:
        return _unreadable(values)


def _parsed(values: pl.Series, guess: Guess, parse: Callable[[pl.Series], Parsed]) -> TypedColumn:
    import polars as pl

    parts, faults, levels = [], [_no_faults()], []
    offsets: frozenset[bool] = frozenset()
    # one of Arrow's arrays of texts holds 2 GiB at most
    rows = max(1, int(len(values) * PART_BYTES / max(1, values.estimated_size())))
    values = values.rechunk()
    for start in range(0, len(values), rows):
        part = values.slice(start, rows)
        parsed = parse(part)
        offsets |= parsed.offsets
        faults += [_faults(part, start, code, mask) for code, mask in parsed.faults.items()]
        if guess.kind is Kind.CATEGORY:
            levels.append(_levels(parsed.values))
        parts.append(pl.Series(values.name, _arrow_values(parsed, guess.kind), dtype=_dtypes()[guess.kind]))
    counted = pl.concat(levels).group_by("value", maintain_order=True).agg(pl.col("count").sum()) if levels else None
    return TypedColumn(
        values.name,
        guess,
        pl.concat(parts) if len(parts) > 1 else parts[0],
        pl.concat(faults).sort("row"),
        counted if len(levels) != 1 else levels[0],
        offsets=offsets,
    )


def _faults(part: pl.Series, start: int, code: str, mask: NDArray[np.bool_]) -> pl.DataFrame:
    import polars as pl

    rows = np.flatnonzero(mask)
    texts = part.gather(rows).cast(pl.String, strict=False).str.strip_chars()
    return pl.DataFrame({"row": rows + start, "code": [code] * len(rows), "text": texts}, schema=_fault_types())


def _no_faults() -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(schema=_fault_types())


def _fault_types() -> dict[str, Any]:
    import polars as pl

    return {"row": pl.Int64, "code": pl.String, "text": pl.String}


def _levels(values: Any) -> pl.DataFrame:
    """Return the texts of an Arrow dictionary that occur, and how often, in the order of their first row."""
    import polars as pl

    codes = pl.Series(values.indices).drop_nulls().to_numpy()
    counts = np.bincount(codes, minlength=len(values.dictionary))
    texts = pl.Series("value", values.dictionary, dtype=pl.String)
    return pl.DataFrame({"value": texts, "count": counts.astype(np.int64)}).filter(pl.col("count") > 0)


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
        large = int((values.cast(pl.Float64).abs() > MAX_INTEGER).sum())
        many = large > MAX_ODD * (len(values) - values.null_count())
        return Guess(Kind.CATEGORY, why=TOO_LARGE) if many else Guess(Kind.INTEGER)
    if dtype.is_numeric():
        return Guess(Kind.NUMBER)
    if dtype == pl.Date or dtype.base_type() == pl.Datetime:
        return Guess(Kind.DATETIME)
    return Guess(Kind.CATEGORY) if dtype == pl.Null else None


def _unreadable(values: pl.Series) -> TypedColumn:
    import polars as pl

    empty = pl.Series(values.name, [None] * len(values), dtype=pl.String)
    return TypedColumn(values.name, Guess(Kind.CATEGORY), empty, _no_faults(), trouble=f"values of type {values.dtype}")
