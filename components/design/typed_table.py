"""A table with typed columns: as the plan declares them, or as its texts suggest where there is no plan yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Kind
from sevenfold.design.kinds import Guess, guess_kind, missing_tokens
from sevenfold.design.typed_column import TypedColumn, is_text, read_column
from sevenfold.runtime.progress import OnProgress
from sevenfold.tables.csv_head import header_of
from sevenfold.tables.dialect import Dialect, head_text, sniff
from sevenfold.tables.encoding import known_encoding
from sevenfold.tables.field_style import FieldStyle
from sevenfold.tables.frame import read_frame
from sevenfold.tables.numerals import Notation
from sevenfold.tables.parts import parts_of, table_name

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.plan.data import DataSection

__all__ = ["TypedTable", "read_typed"]

MAX_BAD_ROWS: Final = 0.01
MAX_NEW_TOKENS: Final = 5
MIXED: Final = "Numbers or dates and other texts, so texts."


@dataclass(frozen=True)
class TypedTable:
    """A table and how it was read; `refused` records have no row in the columns, nor have headers in the middle."""

    source: str
    bytes: int
    dialect: Dialect
    notation: Notation
    rows: int
    refused: int
    complete: bool
    repeated_headers: int = 0
    columns: dict[str, TypedColumn] = field(default_factory=dict)


def read_typed(
    table: Path | Sequence[Path],
    data: DataSection | None = None,
    *,
    encoding: str = "",
    max_rows: int = 0,
    on_progress: OnProgress | None = None,
) -> TypedTable:
    """Read a table and its columns' values.

    Args:
        table: a CSV or Parquet file, or the files that make up the table.
        data: what the file is and what its columns are; None guesses both.
        encoding: where `data` is None, what a CSV is written in; empty takes UTF-8, or what its mark says.
        max_rows: of a table with more rows take evenly spaced ones; 0 takes all.
        on_progress: called with a message, the columns done and their number.

    Raises:
        DataError: what `read_frame` and `sniff` raise, and ``no_rows``.
    """
    paths = parts_of(table)
    on_progress = on_progress or (lambda message, done, total: None)
    on_progress("read the file", 0, 0)
    dialect = sniff(paths[0], encoding) if data is None else _planned_dialect(paths[0], data)
    read = read_frame(paths, dialect)
    if read.frame.height == 0:
        raise DataError(
            "no_rows", f"A table must have usable rows, but none of {read.refused} of {table_name(paths)} is."
        )
    frame = read.frame.gather_every(-(-read.frame.height // max_rows)) if max_rows else read.frame
    rows = frame.height
    if data is None:
        notation, columns = _guessed(frame, dialect, on_progress)
    else:
        notation = data.notation
        columns = {}
        for name, values in _taken(frame, on_progress):
            columns[name] = read_column(values, _declared(name, data), notation)
    return TypedTable(
        source=table_name(paths),
        bytes=sum(path.stat().st_size for path in paths),
        dialect=dialect,
        notation=notation,
        rows=rows,
        refused=read.refused,
        complete=read.complete,
        repeated_headers=read.repeated_headers,
        columns=columns,
    )


def _planned_dialect(path: Path, data: DataSection) -> Dialect:
    """Return the dialect that the plan declares, or the file's own where that matches more of the plan's columns."""
    sniffed = sniff(path, "" if known_encoding(data.encoding) == "utf-8" else data.encoding)
    if sniffed.format == "parquet":
        return sniffed
    header = tuple(header_of(head_text(path, data.encoding), FieldStyle.planned(data)))
    if len(set(sniffed.header) & set(data.columns)) > len(set(header) & set(data.columns)):
        return sniffed
    return Dialect(
        "csv", data.encoding, data.delimiter, data.decimal, header, data.quote, data.escape, data.skip_initial_space
    )


def _declared(name: str, data: DataSection) -> Guess:
    column = data.columns.get(name)
    if column is None:
        return Guess(Kind.CATEGORY)
    return Guess(column.kind, column.date_format, column.true_values, column.false_values)


def _guessed(frame: pl.DataFrame, dialect: Dialect, on_progress: OnProgress) -> tuple[Notation, dict[str, TypedColumn]]:
    """Guess how values are written, and read them so.

    A text that is frequent among numbers or dates means that there is no value; one that is rare is a bad value.
    """
    texts = _distinct_texts(frame)
    notation = _number_notation(texts, dialect)
    notation = replace(notation, missing=missing_tokens(texts.values(), notation))
    columns: dict[str, TypedColumn] = {}
    rows = frame.height
    for name, values in _taken(frame, on_progress):
        guess = None
        if name in texts:
            guess = guess_kind(texts[name].filter(~texts[name].is_in(list(notation.missing))), notation)
        column = read_column(values, guess, notation)
        if column.bad > MAX_BAD_ROWS * rows:
            unfit = column.guess.unfit
            elsewhere = any(known.is_in(list(unfit)).any() for other, known in texts.items() if other != name)
            if len(unfit) <= MAX_NEW_TOKENS and not elsewhere:
                notation = replace(notation, missing=(*notation.missing, *sorted(unfit)))
            else:
                guess = Guess(Kind.CATEGORY, why=MIXED)
            column = read_column(values, guess, notation)
        columns[name] = column
    return notation, columns


def _taken(frame: pl.DataFrame, on_progress: OnProgress) -> Iterator[tuple[str, pl.Series]]:
    """Take the columns out of the frame one by one, so that memory holds none twice."""
    names = frame.columns
    for index, name in enumerate(names):
        on_progress(f"read column {name}", index, len(names))
        yield name, frame.drop_in_place(name)


def _distinct_texts(frame: pl.DataFrame) -> dict[str, pl.Series]:
    import polars as pl

    texts = [name for name in frame.columns if is_text(frame[name].dtype)]
    return {
        name: frame[name].cast(pl.String).drop_nulls().str.strip_chars().unique(maintain_order=True) for name in texts
    }


def _number_notation(texts: dict[str, pl.Series], dialect: Dialect) -> Notation:
    """Return how numbers are written: with thousands separators where a column is numbers only with them."""
    sign = "." if dialect.decimal == "," else ","
    plain, grouped = Notation(dialect.decimal), Notation(dialect.decimal, sign)
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
