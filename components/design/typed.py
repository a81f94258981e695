"""A table with typed columns: as the plan declares them, or as its texts suggest where there is no plan yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import MAX_INTEGER, Kind
from sevenfold.design.kinds import Guess, Numerals, guess_kind, missing_tokens, number_texts
from sevenfold.tables.dialect import Dialect, header_of, sniff
from sevenfold.tables.moments import parse_moments
from sevenfold.tables.raw import read_raw

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.plan.data import DataSection

__all__ = ["Tell", "TypedColumn", "TypedTable", "read_typed"]

MAX_BAD_ROWS: Final = 0.01
MAX_NEW_TOKENS: Final = 5
TOO_LARGE: Final = "Whole numbers too large for a number, so texts."
MIXED: Final = "Numbers or dates and other texts, so texts."
# ISO 8601 as tables have it mostly: read at once where all values have the same form
COMMON: Final = (
    (10, "%Y-%m-%d"),
    (16, "%Y-%m-%d %H:%M"),
    (19, "%Y-%m-%d %H:%M:%S"),
    (19, "%Y-%m-%dT%H:%M:%S"),
    (20, "%Y-%m-%dT%H:%M:%SZ"),
)
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


def read_typed(
    path: Path, data: DataSection | None = None, *, max_rows: int = 0, tell: Tell | None = None
) -> TypedTable:
    """Read a table and its columns' values.

    Args:
        path: a CSV or Parquet file.
        data: what the file is and what its columns are; None guesses both.
        max_rows: of a table with more rows take evenly spaced ones; 0 takes all.
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
    dialect = sniff(path) if data is None else _planned(path, data)
    raw = read_raw(path, dialect)
    if raw.frame.height == 0:
        raise DataError("no_rows", f"A table must have usable rows, but all {raw.refused} of {path.name} are ragged.")
    frame = raw.frame.gather_every(-(-raw.frame.height // max_rows)) if max_rows else raw.frame
    if data is None:
        numerals, missing, columns = _guessed(frame, dialect, tell)
    else:
        numerals, missing = Numerals(data.decimal, data.thousands), data.missing
        columns = {}
        for at, name in enumerate(frame.columns):
            tell(f"read column {name}", at, frame.width)
            columns[name] = _typed(frame[name], _declared(name, data), numerals, missing)
    return TypedTable(
        source=path.name,
        bytes=path.stat().st_size,
        dialect=dialect,
        numerals=numerals,
        missing=missing,
        rows=frame.height,
        refused=raw.refused,
        complete=raw.complete,
        columns=columns,
    )


def _planned(path: Path, data: DataSection) -> Dialect:
    """Return the dialect that the plan declares, or the file's own where that finds more of the plan's columns."""
    found = sniff(path)
    if found.format == "parquet":
        return found
    with path.open("rb") as stream:
        text = stream.read(1 << 20).decode(data.encoding, "replace").lstrip("\ufeff")
    header = tuple(header_of(text, data.delimiter))
    if len(set(found.header) & set(data.columns)) > len(set(header) & set(data.columns)):
        return found
    return Dialect("csv", data.encoding, data.delimiter, data.decimal, header)


def _guessed(
    frame: pl.DataFrame, dialect: Dialect, tell: Tell
) -> tuple[Numerals, tuple[str, ...], dict[str, TypedColumn]]:
    """Guess how values are written, and read them so.

    A text that is frequent among numbers or dates means that there is no value; one that is rare is a bad value.
    """
    texts = _distinct_texts(frame)
    numerals = _numerals(texts, dialect)
    missing = missing_tokens(texts.values(), numerals)
    columns: dict[str, TypedColumn] = {}
    for at, name in enumerate(frame.columns):
        tell(f"read column {name}", at, frame.width)
        guess = None
        if name in texts:
            guess = guess_kind(texts[name].filter(~texts[name].is_in(list(missing))), numerals)
        column = _typed(frame[name], guess, numerals, missing)
        if column.bad > MAX_BAD_ROWS * frame.height:
            unfit = column.guess.unfit
            elsewhere = any(known.is_in(list(unfit)).any() for other, known in texts.items() if other != name)
            if len(unfit) <= MAX_NEW_TOKENS and not elsewhere:
                missing = (*missing, *sorted(unfit))
                column = _typed(frame[name], guess, numerals, missing)
            else:
                column = _typed(frame[name], Guess(Kind.CATEGORY, why=MIXED), numerals, missing)
        columns[name] = column
    return numerals, missing, columns


def _distinct_texts(frame: pl.DataFrame) -> dict[str, pl.Series]:
    import polars as pl

    texts = [name for name in frame.columns if _is_text(frame[name].dtype)]
    return {
        name: frame[name].cast(pl.String).drop_nulls().str.strip_chars().unique(maintain_order=True) for name in texts
    }


def _numerals(texts: dict[str, pl.Series], dialect: Dialect) -> Numerals:
    """Tell thousands separators: where a column reads as numbers with them, and not without."""
    sign = "." if dialect.decimal == "," else ","
    plain, grouped = Numerals(dialect.decimal), Numerals(dialect.decimal, sign)
    for known in texts.values():
        some = known.head(1_000).filter(known.head(1_000) != "")
        if not some.str.contains(sign, literal=True).any():
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


def _typed(values: pl.Series, guess: Guess | None, numerals: Numerals, missing: tuple[str, ...]) -> TypedColumn:
    if guess is not None and _is_text(values.dtype):
        return _from_texts(values, guess, numerals, missing)
    return _from_values(values, guess)


def _from_texts(values: pl.Series, guess: Guess, numerals: Numerals, missing: tuple[str, ...]) -> TypedColumn:
    import polars as pl

    plain = values.cast(pl.String).str.strip_chars()
    absent = plain.is_null() | plain.is_in(["", *missing])
    plain = plain.set(absent, None)
    if guess.kind is Kind.CATEGORY:
        return TypedColumn(values.name, guess, plain)
    parsed: pl.Series
    if guess.kind is Kind.NUMBER:
        numbers = number_texts(plain, numerals).cast(pl.Float64, strict=False)
        parsed = numbers.set(~numbers.is_finite().fill_null(False), None)
    elif guess.kind is Kind.INTEGER:
        whole = number_texts(plain, numerals).cast(pl.Int64, strict=False)
        parsed = whole.set(~whole.is_between(-MAX_INTEGER, MAX_INTEGER).fill_null(False), None)
    elif guess.kind is Kind.BOOLEAN:
        true, false = plain.is_in(list(guess.true_values)), plain.is_in(list(guess.false_values))
        parsed = true.set(~(true | false).fill_null(False), None)
    else:
        parsed = _moments(plain, guess.date_format)
    parsed = parsed.alias(values.name)
    return TypedColumn(values.name, guess, parsed, bad=int(parsed.null_count()) - int(absent.sum()))


def _moments(plain: pl.Series, date_format: str) -> pl.Series:
    import polars as pl

    quick = None if date_format else _quick_moments(plain)
    if quick is not None:
        return quick
    distinct = plain.drop_nulls().unique()
    moments, _, bad = parse_moments(distinct.to_list(), date_format)
    read = pl.Series("moment", moments).set(pl.Series(bad), None).cast(pl.Datetime("us"))
    known = pl.DataFrame([distinct.alias("text"), read])
    return plain.alias("text").to_frame().join(known, on="text", how="left", maintain_order="left")["moment"]


def _quick_moments(plain: pl.Series) -> pl.Series | None:
    """Return the moments of texts that all have one common form, or None."""
    lengths = plain.str.len_bytes()
    if lengths.min() != lengths.max():
        return None
    for length, form in COMMON:
        if length == lengths.max():
            moments = plain.str.to_datetime(form, strict=False, time_unit="us")
            if moments.null_count() == plain.null_count() and moments.dt.year().is_between(1678, 2261).all():
                return moments
    return None


def _from_values(values: pl.Series, guess: Guess | None) -> TypedColumn:
    """Take a Parquet column's own values."""
    import polars as pl

    dtype: Any = values.dtype
    own = _own_kind(dtype)
    kind = guess.kind if guess is not None else own
    if own is None or kind is None or (kind is Kind.DATETIME) != (own is Kind.DATETIME):
        empty = pl.Series(values.name, [None] * len(values), dtype=pl.String)
        return TypedColumn(values.name, Guess(Kind.CATEGORY), empty, trouble=f"values of type {dtype}")
    taken = values
    if own is Kind.DATETIME:
        if getattr(dtype, "time_zone", None):
            taken = taken.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        taken = taken.cast(pl.Datetime("us"))
    target = {Kind.NUMBER: pl.Float64, Kind.INTEGER: pl.Int64, Kind.BOOLEAN: pl.Boolean, Kind.CATEGORY: pl.String}
    if kind is not Kind.DATETIME:
        taken = taken.cast(target[kind], strict=False)
    bad = 0
    if guess is None and kind is Kind.INTEGER and (values.cast(pl.Float64).abs() > MAX_INTEGER).any():
        return TypedColumn(values.name, Guess(Kind.CATEGORY, why=TOO_LARGE), values.cast(pl.String))
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
