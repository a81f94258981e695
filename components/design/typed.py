"""A table with typed columns: as the plan declares them, or as its texts suggest where there is no plan yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sevenfold.contracts.columns import Kind
from sevenfold.contracts.dialect import Dialect, sniff
from sevenfold.contracts.errors import DataError
from sevenfold.contracts.moments import parse_moments
from sevenfold.design.kinds import Guess, Numerals, guess_kind, missing_tokens, number_texts
from sevenfold.design.table import read_raw

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.plan.data import DataSection

__all__ = ["Tell", "TypedColumn", "TypedTable", "read_typed"]

MAX_INTEGER: Final = 2**53
NUMBERS: Final = (Kind.NUMBER, Kind.INTEGER)
Tell = Callable[[str, int, int], None]


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


@dataclass(frozen=True)
class TypedTable:
    """A table and how it was read; `refused` records have no row in the columns."""

    source: str
    bytes: int
    dialect: Dialect
    numerals: Numerals
    missing: tuple[str, ...]
    rows: int
    refused: int
    complete: bool
    columns: dict[str, TypedColumn] = field(default_factory=dict)


def read_typed(path: Path, data: DataSection | None = None, *, tell: Tell | None = None) -> TypedTable:
    """Read a table and its columns' values.

    Args:
        path: a CSV or Parquet file.
        data: what the file is and what its columns are; None guesses both.
        tell: called with a message, the columns done and their number.

    Raises:
        DataError: what `read_raw` and `sniff` raise, and ``no_rows``.
    """
    if not path.is_file():
        raise DataError(
            "missing_file", f"The table must be a file, but {path.name!r} is not there.", remedy="Check the path."
        )
    tell = tell or (lambda message, done, total: None)
    tell("read the file", 0, 0)
    dialect = sniff(path)
    if data is not None:
        dialect = Dialect(dialect.format, data.encoding, data.delimiter, data.decimal, dialect.header)
    raw = read_raw(path, dialect)
    if raw.frame.height == 0:
        raise DataError("no_rows", f"A table must have usable rows, but all {raw.refused} of {path.name} are ragged.")
    texts: dict[str, list[str]] = {}
    if data is not None:
        numerals, missing = Numerals(data.decimal, data.thousands), data.missing
    else:
        texts = _distinct_texts(raw.frame)
        numerals = _numerals(texts, dialect)
        missing = missing_tokens(texts.values(), numerals)
    columns: dict[str, TypedColumn] = {}
    for at, name in enumerate(raw.frame.columns):
        tell(f"read column {name}", at, raw.frame.width)
        guess = _declared(name, data)
        if guess is None and name in texts:
            guess = guess_kind([text for text in texts[name] if text not in missing], numerals)
        values = raw.frame[name]
        columns[name] = (
            _typed_text(values, guess, numerals, missing) if guess and name in texts else _typed(values, guess)
        )
    return TypedTable(
        source=path.name,
        bytes=path.stat().st_size,
        dialect=dialect,
        numerals=numerals,
        missing=missing,
        rows=raw.frame.height,
        refused=raw.refused,
        complete=raw.complete,
        columns=columns,
    )


def _distinct_texts(frame: pl.DataFrame) -> dict[str, list[str]]:
    import polars as pl

    texts = [name for name in frame.columns if _is_text(frame[name].dtype)]
    return {
        name: frame[name].cast(pl.String).drop_nulls().str.strip_chars().unique(maintain_order=True).to_list()
        for name in texts
    }


def _numerals(texts: dict[str, list[str]], dialect: Dialect) -> Numerals:
    """Tell thousands separators: where a column reads as numbers with them, and not without."""
    sign = "." if dialect.decimal == "," else ","
    plain, grouped = Numerals(dialect.decimal), Numerals(dialect.decimal, sign)
    for known in texts.values():
        some = [text for text in known[:1_000] if text]
        if not any(sign in text for text in some):
            continue
        if guess_kind(some, plain).kind is Kind.CATEGORY and guess_kind(some, grouped).kind in (
            Kind.NUMBER,
            Kind.INTEGER,
        ):
            return grouped
    return plain


def _declared(name: str, data: DataSection | None) -> Guess | None:
    column = data.columns.get(name) if data is not None else None
    if column is None:
        return Guess(Kind.CATEGORY) if data is not None else None
    return Guess(column.kind, column.date_format, column.true_values, column.false_values)


def _typed_text(values: pl.Series, guess: Guess, numerals: Numerals, missing: tuple[str, ...]) -> TypedColumn:
    import polars as pl

    plain = values.cast(pl.String).str.strip_chars()
    absent = plain.is_null() | plain.is_in(["", *missing])
    plain = plain.set(absent, None)
    if guess.kind is Kind.CATEGORY:
        return TypedColumn(values.name, guess, plain)
    if guess.kind in (Kind.NUMBER, Kind.INTEGER):
        numbers = number_texts(plain, numerals).cast(pl.Float64, strict=False)
        parsed = numbers.set(~numbers.is_finite().fill_null(False), None)
        if guess.kind is Kind.INTEGER:
            fit = (parsed.abs() <= MAX_INTEGER) & (parsed.floor() == parsed)
            parsed = parsed.set(~fit.fill_null(False), None).cast(pl.Int64)
    elif guess.kind is Kind.BOOLEAN:
        true, false = plain.is_in(list(guess.true_values)), plain.is_in(list(guess.false_values))
        parsed = true.set(~(true | false).fill_null(False), None)
    else:
        parsed = _moments(plain, guess.date_format)
    parsed = parsed.alias(values.name)
    return TypedColumn(values.name, guess, parsed, bad=int(parsed.null_count()) - int(absent.sum()))


def _moments(plain: pl.Series, date_format: str) -> pl.Series:
    import polars as pl

    encoded = plain.to_arrow().dictionary_encode()
    moments, _, bad = parse_moments(encoded.dictionary.to_pylist(), date_format)
    codes = encoded.indices.fill_null(0).to_numpy(zero_copy_only=False)
    if not len(moments):
        return pl.Series(plain.name, [None] * len(plain), dtype=pl.Datetime("us"))
    wrong = bad[codes] | np.asarray(plain.is_null().to_numpy())
    return pl.Series(plain.name, moments[codes]).set(pl.Series(wrong), None).cast(pl.Datetime("us"))


def _typed(values: pl.Series, guess: Guess | None) -> TypedColumn:
    """Take a Parquet column's own values."""
    import polars as pl

    dtype: Any = values.dtype
    own = _own_kind(dtype)
    if own is None:
        empty = pl.Series(values.name, [None] * len(values), dtype=pl.String)
        return TypedColumn(values.name, Guess(Kind.CATEGORY), empty, trouble=f"values of type {dtype}")
    kind = guess.kind if guess is not None else own
    taken = values
    if own is Kind.DATETIME:
        if getattr(dtype, "time_zone", None):
            taken = taken.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        taken = taken.cast(pl.Datetime("us"))
    target = {Kind.NUMBER: pl.Float64, Kind.INTEGER: pl.Int64, Kind.BOOLEAN: pl.Boolean, Kind.CATEGORY: pl.String}
    if kind is not Kind.DATETIME:
        taken = taken.cast(target[kind], strict=False)
    bad = 0
    if kind is Kind.NUMBER:
        infinite = taken.is_infinite().fill_null(False)
        bad = int(infinite.sum())
        taken = taken.set(infinite, None).fill_nan(None)
    return TypedColumn(values.name, guess or Guess(own), taken, bad=bad)


def _is_text(dtype: Any) -> bool:
    import polars as pl

    return dtype.base_type() in (pl.String, pl.Categorical, pl.Enum)


def _own_kind(dtype: Any) -> Kind | None:
    import polars as pl

    if dtype == pl.Boolean:
        return Kind.BOOLEAN
    if dtype.is_integer():
        return Kind.INTEGER
    if dtype.is_numeric():
        return Kind.NUMBER
    if dtype in (pl.Date,) or dtype.base_type() == pl.Datetime:
        return Kind.DATETIME
    return Kind.CATEGORY if dtype == pl.Null else None
