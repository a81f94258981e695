"""Tables as people have them, for Hypothesis: kinds, gaps, odd cells, names, sizes, dialects and Parquet's types.

Hypothesis draws what the table is; its cells come from a seed, so that a large table costs few choices.
"""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from generated_columns import KINDS, SURE_GAPS, TARGETS, Cells, copy_of
from hypothesis import strategies as st

__all__ = ["CsvDialect", "GeneratedColumn", "GeneratedTable", "generated_tables"]

NAMES = (
    *("a", "A b", "größe", "日本", 'say "x"', "x,y", "prediction", "t", "t:missing", "class", "label", "value", "day"),
    *("probabilities", "import", "Unnamed: 0", "level_0", "_c0", "id", "x;y", "it's", "🙂", "a.b", "null", "nan", "1"),
    *("row", "ended_at", "name", "email", "Größe 2", "a<b>", "{x}", "%s", "a\\b", "#", "=1+1", "-", "Label", "code"),
)
ODD = ("abc", "12x", "1e999", "18446744073709551615", "31.02.2020", "0,5", "--", "n.a.", "true", "2.5", "1 234")
SIZES = st.one_of(st.sampled_from([1, 2, 3, 9]), st.integers(6, 60), st.integers(20, 120), st.integers(100, 400))


@dataclass(frozen=True)
class CsvDialect:
    """How a CSV is written."""

    delimiter: str = ","
    decimal: str = "."
    quoting: int = csv.QUOTE_MINIMAL
    line_end: str = "\n"
    encoding: str = "utf-8"
    blank_line: bool = False


@dataclass(frozen=True)
class GeneratedColumn:
    """What one column is.

    `gap` stands in a share of `gaps` of its cells in a CSV; in Parquet these cells are null. A share of `odd` of its
    cells are texts of another kind, and the whole column is one of texts in Parquet. So it is where `as_text` is set.
    """

    name: str
    kind: str
    seed: int
    gaps: float = 0.0
    gap: str = ""
    odd: float = 0.0
    as_text: bool = False
    type_at: int = 0


@dataclass(frozen=True)
class GeneratedTable:
    """A table: its first column is the target. Its name among the columns is `target`."""

    columns: tuple[GeneratedColumn, ...]
    rows: int
    dialect: CsvDialect
    max_bad_fraction: float

    @property
    def target(self) -> str:
        return self.columns[0].name

    def write_csv(self, path: Path) -> None:
        """Write the table as its dialect says."""
        encoding = self.dialect.encoding
        encoded = self.csv_text().encode("utf-8" if encoding == "utf-8-sig" else encoding)
        path.write_bytes((codecs.BOM_UTF8 if encoding == "utf-8-sig" else b"") + encoded)

    def csv_text(self) -> str:
        """The text of the CSV."""
        dialect, stream = self.dialect, io.StringIO(newline="")
        writer = csv.writer(
            stream,
            delimiter=dialect.delimiter,
            quoting=dialect.quoting,
            lineterminator=dialect.line_end,  # type: ignore[arg-type]
        )
        columns = [self._csv_texts(at) for at in range(len(self.columns))]
        writer.writerow([column.name for column in self.columns])
        for at, row in enumerate(zip(*columns, strict=True)):
            if dialect.blank_line and at == self.rows // 2:
                stream.write(dialect.line_end)
            writer.writerow(row)
        return stream.getvalue()

    def write_parquet(self, path: Path) -> None:
        """Write the table with the columns' own types."""
        pq.write_table(self._arrow_table(), path)

    def write_pandas(self, path: Path, index: str | None) -> None:
        """Write the table as pandas does: with its nullable types, and with an index of its own of that name."""
        import pandas as pd

        table = self._arrow_table()
        plain = [pa.string() if pa.types.is_string_view(kind) else kind for kind in table.schema.types]
        frame = table.cast(pa.schema(zip(table.column_names, plain, strict=True))).to_pandas(types_mapper=_nullable)
        if index is not None:
            numbers = np.random.default_rng(self.rows).permutation(self.rows) + 100
            frame.index = pd.Index(numbers, name=index or None)
        frame.to_parquet(path)

    def _arrow_table(self) -> pa.Table:
        return pa.table({column.name: self._arrow(at) for at, column in enumerate(self.columns)})

    @property
    def narrow(self) -> set[str]:
        """The columns that Parquet holds as float32, where 0.1 is another number."""
        return {column.name for at, column in enumerate(self.columns) if pa.types.is_float32(self._arrow(at).type)}

    def _cells(self, at: int) -> Cells:
        column = self.columns[at]
        random = np.random.default_rng(column.seed)
        if column.kind == "copy":
            return copy_of(self._cells(0), random)
        return (TARGETS if at == 0 else KINDS)[column.kind](random, self.rows)

    def _marks(self, at: int) -> tuple[np.ndarray, np.ndarray]:
        """Return which cells are gaps and which are odd."""
        column = self.columns[at]
        random = np.random.default_rng(column.seed + 1)
        gaps = random.random(self.rows) < column.gaps
        return gaps, ~gaps & (random.random(self.rows) < column.odd)

    def _texts(self, at: int) -> list[str]:
        column, cells = self.columns[at], self._cells(at)
        gaps, odd = self._marks(at)
        texts = ["" if gap else text for text, gap in zip(cells.texts, gaps, strict=True)]
        for row in np.flatnonzero(odd):
            texts[row] = ODD[(row + column.seed) % len(ODD)]
        if self.dialect.decimal == "," and not cells.is_text:
            texts = [_with_comma(text) for text in texts]
        return texts

    def _csv_texts(self, at: int) -> list[str]:
        gaps, _ = self._marks(at)
        return [self.columns[at].gap if gap else text for text, gap in zip(self._texts(at), gaps, strict=True)]

    def _arrow(self, at: int) -> Any:
        column, cells = self.columns[at], self._cells(at)
        gaps, odd = self._marks(at)
        if cells.values is None or column.as_text or odd.any():
            texts = [None if gap else text for text, gap in zip(self._texts(at), gaps, strict=True)]
            return pa.array(texts, pa.string())
        values = [None if gap else value for value, gap in zip(cells.values, gaps, strict=True)]
        return _array(values, cells.types[column.type_at % len(cells.types)])


def _nullable(kind: pa.DataType) -> Any:
    """Return the nullable type that pandas has for one of Arrow's, or None."""
    import pandas as pd

    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        name = {"float": "Float32", "double": "Float64"}.get(
            str(kind), str(kind).replace("ui", "UI").replace("in", "In")
        )
        return pd.array([], dtype=name).dtype
    if pa.types.is_boolean(kind):
        return pd.BooleanDtype()
    return pd.StringDtype() if pa.types.is_string(kind) or pa.types.is_large_string(kind) else None


def _with_comma(text: str) -> str:
    return text.translate({ord("."): ",", ord(","): "."}) if text[:1].isascii() else text


def _array(values: list[Any], kind: pa.DataType) -> Any:
    if pa.types.is_floating(kind):
        floats = [None if value is None else float(value) for value in values]
        return pa.array(floats, pa.float64()).cast(kind, safe=False)
    if pa.types.is_timestamp(kind):
        values = [datetime.combine(value, datetime.min.time()) if type(value) is date else value for value in values]
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string()).dictionary_encode().cast(pa.dictionary(pa.int16(), pa.string()))
    assert not any(isinstance(value, Decimal) for value in values) or pa.types.is_decimal(kind)
    return pa.array(values, kind)


DIALECTS = st.builds(
    CsvDialect,
    delimiter=st.sampled_from([",", ",", ";", "\t", "|"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16"]),
    blank_line=st.sampled_from([False, False, True]),
)
SEEDS = st.integers(0, 2**20)


@st.composite
def _columns(draw: st.DrawFn, name: str) -> GeneratedColumn:
    kind = draw(st.sampled_from([*KINDS, "copy"]))
    return GeneratedColumn(
        name,
        kind,
        draw(SEEDS),
        gaps=draw(st.sampled_from([0.0, 0.0, 0.0, 0.05, 0.3, 0.9])),
        gap=draw(st.sampled_from(SURE_GAPS)),
        odd=draw(st.sampled_from([0.0] * 7 + [0.005, 0.02])),
        as_text=draw(st.sampled_from([False, False, False, True])),
        type_at=draw(st.integers(0, 5)),
    )


@st.composite
def generated_tables(draw: st.DrawFn) -> GeneratedTable:
    """Return a strategy of tables."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=8, unique=True))
    target = GeneratedColumn(
        names[0],
        draw(st.sampled_from(sorted(TARGETS))),
        draw(SEEDS),
        gaps=draw(st.sampled_from([0.0, 0.0, 0.05, 0.3])),
        gap=draw(st.sampled_from(SURE_GAPS)),
        as_text=draw(st.booleans()),
        type_at=draw(st.integers(0, 5)),
    )
    others = [draw(_columns(name)) for name in names[1:]]
    return GeneratedTable((target, *others), draw(SIZES), draw(DIALECTS), draw(st.sampled_from([0.01, 0.05, 0.5])))
