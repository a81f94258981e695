"""A table with typed columns: as the plan declares them, or as its texts suggest where there is no plan yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Kind, Notation
from sevenfold.design.guess import Guess
from sevenfold.design.guessed_column import as_texts, missing_texts, read_guessed, text_sample
from sevenfold.design.number_signs import signs_differ, signs_of
from sevenfold.design.typed_column import TypedColumn, is_text, read_column
from sevenfold.design.written_moments import with_moments
from sevenfold.refine.recipe import Recipe
from sevenfold.refine.refined_source import refine_source
from sevenfold.report.quantity import quantity
from sevenfold.runtime.progress import OnProgress
from sevenfold.tables.csv_head import header_of
from sevenfold.tables.dialect import Dialect, head_text, sniff
from sevenfold.tables.encoding import known_encoding
from sevenfold.tables.field_style import FieldStyle
from sevenfold.tables.file_format import read_format
from sevenfold.tables.frame import TableFrame, read_frame
from sevenfold.tables.header import check_names
from sevenfold.tables.likely_dialect import likely_dialect
from sevenfold.tables.parquet import ParquetTable
from sevenfold.tables.parts import parts_of, table_name

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.plan.data import DataSection

__all__ = ["TypedTable", "read_typed"]

MIXED: Final = "Numbers or dates and other texts, so texts."


@dataclass(frozen=True)
class TypedTable:
    """A table and how it was read.

    `refused` records, by reason in `refused_by`, have no row in the columns, nor have `repeated_headers`.
    `index_columns` were the rows' index in pandas, as a Parquet file says. `refined` says that a recipe came first.
    `files` is how many files it lies in.
    """

    source: str
    bytes: int
    dialect: Dialect
    notation: Notation
    rows: int
    refused: int
    complete: bool
    refused_by: dict[str, int] = field(default_factory=dict)
    repeated_headers: int = 0
    columns: dict[str, TypedColumn] = field(default_factory=dict)
    index_columns: frozenset[str] = frozenset()
    refined: bool = False
    files: int = 1


def read_typed(
    table: Path | Sequence[Path],
    data: DataSection | None = None,
    *,
    target: str = "",
    encoding: str = "",
    max_rows: int = 0,
    ask: bool = False,
    recipe: Recipe | None = None,
    on_progress: OnProgress | None = None,
) -> TypedTable:
    """Read a table and its columns' values.

    Args:
        table: a CSV or Parquet file, or the files that make up the table.
        data: what the file is and what its columns are; None guesses both.
        target: where `data` is None, the column whose numbers are none that may be moments.
        encoding: where `data` is None, what a CSV is written in; empty takes UTF-8, or what its mark says.
        max_rows: of a table with more rows take evenly spaced ones; 0 takes all.
        recipe: what is done to the table first; None for nothing.
        ask: where `data` is given, also say what its columns of texts would raise as questions without it.
        on_progress: called with a message, the columns done and their number.

    Raises:
        DataError: what `read_frame` and `sniff` raise, and ``no_rows``.
    """
    paths = parts_of(table)
    on_progress = on_progress or (lambda message, done, total: None)
    on_progress("read the file", 0, 0)
    if recipe is not None:
        dialect = sniff(paths[0], encoding) if data is None else _dialect_of(data, paths[0])
        read = _refined_frame(paths, dialect, recipe)
        if data is None:
            read, dialect = _written_alike(read, paths, dialect, recipe)
    else:
        dialect = sniff(paths[0], encoding) if data is None else _planned_dialect(paths[0], data)
        read = read_frame(paths, dialect)
    if read.frame.height == 0:
        raise _no_rows(read, paths, dialect)
    frame = read.frame.gather_every(-(-read.frame.height // max_rows)) if max_rows else read.frame
    rows = frame.height
    if data is None:
        notation, columns = _guessed(frame, dialect, target, on_progress)
    else:
        notation = data.notation
        columns = _planned(frame, data, ask, on_progress)
    return TypedTable(
        source=table_name(paths) if recipe is None else f"refined {table_name(paths)}",
        bytes=sum(path.stat().st_size for path in paths),
        dialect=dialect,
        notation=notation,
        rows=rows,
        refused=read.refused,
        complete=read.complete,
        refused_by=read.refused_by,
        repeated_headers=read.repeated_headers,
        columns=columns,
        index_columns=ParquetTable(paths[0]).index_columns if dialect.format == "parquet" else frozenset(),
        refined=recipe is not None,
        files=len(paths),
    )


def _no_rows(read: TableFrame, paths: Sequence[Path], dialect: Dialect) -> DataError:
    reasons = ", ".join(f"{code} {count:,}" for code, count in read.refused_by.items())
    return DataError(
        "no_rows",
        f"A table must have usable rows, but {table_name(paths)} has none among {quantity(read.refused, 'row')}"
        f"{f': {reasons}' if reasons else ''}.",
        remedy=likely_dialect(paths[0], dialect) or "Export the table again as CSV.",
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


def _dialect_of(data: DataSection, path: Path) -> Dialect:
    """Return how the plan says that the table is written before its recipe."""
    kind, _ = read_format(path, wide=known_encoding(data.encoding).startswith(("utf-16", "utf-32")))
    return Dialect(
        kind, data.encoding, data.delimiter, data.decimal, (), data.quote, data.escape, data.skip_initial_space
    )


def _refined_frame(paths: Sequence[Path], dialect: Dialect, recipe: Recipe) -> TableFrame:
    """Return the texts of a table after its recipe."""
    import polars as pl

    with TemporaryDirectory(prefix="sevenfold-") as work:
        file = Path(work) / "refined.parquet"
        refine_source(paths, dialect, recipe, file, dialect.decimal)
        frame = pl.read_parquet(file)
    check_names(frame.columns, f"refined {table_name(paths)}")
    return TableFrame(frame.with_columns(pl.all().cast(pl.String)))


def _written_alike(
    read: TableFrame, paths: Sequence[Path], dialect: Dialect, recipe: Recipe
) -> tuple[TableFrame, Dialect]:
    """Return the refined table with the numbers that steps made written as its other numbers are, and that dialect.

    The file's own sign does not tell: a step may have taken it from every text.
    """
    if not signs_differ(_samples(read.frame)):
        return read, dialect
    other = replace(dialect, decimal="." if dialect.decimal == "," else ",")
    again = _refined_frame(paths, other, recipe)
    texts = [name for name in read.frame.columns if read.frame[name].equals(again.frame[name])]
    signs = signs_of(_samples(read.frame.select(texts)), dialect.decimal)
    return (read, dialect) if signs.decimal == dialect.decimal else (again, other)


def _planned(frame: pl.DataFrame, data: DataSection, ask: bool, on_progress: OnProgress) -> dict[str, TypedColumn]:
    """Read the columns as the plan declares them, and where `ask` is set note the questions they raise."""
    import polars as pl

    samples = _samples(frame) if ask else {}
    signs = signs_of(samples, data.decimal)
    columns: dict[str, TypedColumn] = {}
    for name, values in _taken(frame, on_progress):
        columns[name] = column = read_column(values, _declared(name, data), data.notation)
        if name in samples and column.kind is Kind.CATEGORY and name != data.target:
            notation = Notation(signs.decimal, signs.thousands)
            guessed = read_guessed(values.cast(pl.String), samples[name], notation, signs)
            guess = replace(column.guess, question=guessed.guess.question)
            columns[name] = replace(column, guess=guess, odd=guessed.odd)
    return columns


def _samples(frame: pl.DataFrame) -> dict[str, pl.Series]:
    return {name: text_sample(frame[name]) for name in frame.columns if is_text(frame[name].dtype)}


def _declared(name: str, data: DataSection) -> Guess:
    column = data.columns.get(name)
    return Guess(Kind.CATEGORY) if column is None else Guess.of(column)


def _guessed(
    frame: pl.DataFrame, dialect: Dialect, target: str, on_progress: OnProgress
) -> tuple[Notation, dict[str, TypedColumn]]:
    """Guess how values are written, and read them so.

    A text that is frequent among numbers or dates means that there is no value; one that is rare is a bad value.
    """
    import polars as pl

    samples = _samples(frame)
    signs = signs_of(samples, dialect.decimal)
    notation = Notation(signs.decimal, signs.thousands)
    columns: dict[str, TypedColumn] = {}
    suspects: dict[str, tuple[pl.Series, frozenset[str]]] = {}
    tokens: set[str] = set()
    for name, values in _taken(frame, on_progress):
        if name not in samples:
            column = read_column(values, None, notation)
            columns[name] = column if name == target else with_moments(column, values, notation)
            continue
        column = read_guessed(values.cast(pl.String), samples.pop(name), notation, signs)
        columns[name] = column if name == target else with_moments(column, values, notation)
        sure, frequent = missing_texts(columns[name])
        tokens |= sure
        if frequent:
            suspects[name] = (values, frequent)
    for name, (values, frequent) in suspects.items():
        if any(_holds(column, frequent) for other, column in columns.items() if other != name):
            columns[name] = as_texts(values, Guess(Kind.CATEGORY, why=MIXED), notation)
        else:
            tokens |= frequent
    notation = replace(notation, missing=("", *sorted(tokens)))
    return notation, {name: column.with_missing(tokens) for name, column in columns.items()}


def _holds(column: TypedColumn, texts: frozenset[str]) -> bool:
    """Whether any of some texts is a value of a column, or one that does not fit it."""
    held = column.faults["text"] if column.levels is None else column.levels["value"]
    return bool(held.is_in(list(texts)).any())


def _taken(frame: pl.DataFrame, on_progress: OnProgress) -> Iterator[tuple[str, pl.Series]]:
    """Take the columns out of the frame one by one, so that memory holds none twice."""
    names = frame.columns
    for index, name in enumerate(names):
        on_progress(f"read column {name}", index, len(names))
        yield name, frame.drop_in_place(name)
