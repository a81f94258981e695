"""A table read in parts: the cells, names and refusals of the table read whole, however small the parts are."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.refine import import_parts
from sevenfold.refine.import_csv import import_csv
from sevenfold.refine.import_parts import read_parts
from sevenfold.refine.whole_table import joined, read_table

FIELDS = ("", "a", "é", "😀", "#x", '"q, ""r"""', '"l\n#2"', 'in"ner', " s ", "5", '"open')


def rows_of(tables: Any) -> Any:
    """Names and rows of a table in parts, short rows filled as those of the widest part."""
    parts = list(tables)
    names = max((part.names for part in parts), key=len)
    rows: list[list[Any]] = []
    for part in parts:
        assert part.names == names[: len(part.names)]
        cells = [column.cells() for column in part.columns]
        rows += [[each[row] for each in cells] + [None] * (len(names) - len(cells)) for row in range(part.height)]
    return names, rows


def outcome(read: Any) -> Any:
    try:
        return rows_of(read())
    except DataError as error:
        return error.code, error.message


def generated(seed: int) -> str:
    draw = random.Random(seed)
    pool = [*draw.sample(FIELDS, draw.randint(2, 7)), "a", "b"]
    width, end = draw.randint(1, 3), draw.choice(("\n", "\n", "\r\n", "\r"))
    lines = [",".join(["a", "b", "a"][:width])]
    for _ in range(draw.randint(0, 12)):
        odd = draw.random()
        lines.append(
            "" if odd < 0.05 else "# no row" if odd < 0.1 else ",".join(draw.choices(pool, k=width + (odd > 0.9)))
        )
    text = end.join(lines) + end * draw.randint(0, 1)
    return text if draw.random() < 0.9 else text + "x\ry\n"


def test_parts_of_any_size_hold_what_the_whole_table_holds(tmp_path: Path) -> None:
    several = refused = 0
    for seed in range(300):
        path = tmp_path / "t.csv"
        text = generated(seed)
        path.write_bytes(text.encode())
        whole = outcome(lambda text=text: [import_csv(text, name="t.csv")])
        refused += isinstance(whole[0], str)
        for size in (1, 7, 40):
            parts = outcome(lambda path=path, size=size: read_parts(path, part_bytes=size))
            two = "x\ry" in text and (parts[0], whole[0]) == ("stray_quote", "line_ends")  # parts name the first fault
            assert two or parts == whole, (seed, size)
            if not isinstance(parts[0], str):
                assert rows_of([joined(read_parts(path, part_bytes=size))]) == parts, (seed, size)
        several += not isinstance(whole[0], str) and len(list(read_parts(path, part_bytes=7))) > 1
    assert several > 100
    assert refused > 15


def test_a_parquet_file_is_read_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    frame = pl.DataFrame({"n": [1, None, 3], "x": [0.5, 1e7, None], "d": [date(2024, 1, 2), None, None]})
    for height in (0, 3):
        frame.head(height).write_parquet(path)
        assert rows_of(read_parts(path, part_bytes=1)) == rows_of([read_table(path)])
    assert rows_of([read_table(path)])[1] == [["1", "0.5", "2024-01-02"], [None, "10000000.0", None], ["3", None, None]]
    assert len(list(read_parts(path, part_bytes=1))) == 3


@pytest.mark.parametrize("quote", ["", '"'])
def test_no_more_than_a_few_parts_of_a_file_is_read_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quote: str
) -> None:
    path, taken, size = tmp_path / "t.csv", [0], 2_000
    path.write_text("a,b\n" + f"{quote}x{quote},y\n" * 20_000)

    class Counting:
        def __init__(self, stream: Any) -> None:
            self.stream = stream

        def read(self, count: int) -> bytes:
            taken[0] += count
            return bytes(self.stream.read(count))

    @contextmanager
    def counted(path: Path) -> Iterator[Any]:
        with path.open("rb") as stream:
            yield Counting(stream)

    monkeypatch.setattr(import_parts, "open_table", counted)
    seen = 0
    for part in read_parts(path, part_bytes=size):
        seen += part.height * (4 + 2 * len(quote))
        assert taken[0] <= seen + 3 * size


def test_text_in_another_encoding_is_refused_as_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("a,b\nx,y\nZürich,é\n".encode("cp1252"))
    assert rows_of(read_parts(path, encoding="cp1252", part_bytes=3))[1][1] == ["Zürich", "é"]
    assert outcome(lambda: read_parts(path, part_bytes=3)) == outcome(lambda: [read_table(path)])
    assert outcome(lambda: [read_table(path)])[0] == "encoding"


def test_a_column_that_only_a_later_part_has_is_null_before_and_values_keep_their_first_order(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\ny,x\nz,\ny,x,w\n,x\n")
    table = joined(read_parts(path, part_bytes=4))
    assert table.names == ["a", "b", "Column 3"]
    assert [list(column.values) for column in table.columns] == [["y", "z", None], ["x", None], [None, "w"]]
    assert [column.cells() for column in table.columns][2] == [None, None, "w", None]
