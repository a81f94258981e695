"""Pieces that Polars reads before anybody cuts them: they give what cutting at every delimiter gives."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.contracts.errors import DataError
from sevenfold.tables import even_records
from sevenfold.tables.field_style import FieldStyle
from sevenfold.tables.read_records import read_records
from sevenfold.tables.records import MAX_FIELD_BYTES, Layout, Typing

NAMES = ["a", "n", "b"]
GOOD = [b"x,1,y", b"x,2,", b",,", b"a,3,b", b"b,,n", b"x,1,2"]
ODD = [
    b"x,1",
    b"x",
    b"x,1,y,z",
    b"x,1,y,",
    b"",
    b"a,n,b",
    b" a ,n,b",
    b"x,one,y",
    "\u00e9,1,y".encode(),
    b"\xff,1,y",
    b"x,1,\xe9",
    b"x,\xff,y",
]
LINE = st.sampled_from([*GOOD, *GOOD, *ODD, b"n,b,a", b'"x",1,y'])


def numbers(name: str = "n", nulls: tuple[str, ...] = ()) -> Typing:
    """Return how the column of a name is read as numbers, and the others as texts."""
    kinds = {"a": pl.Categorical(pl.Categories.random()), "n": pl.String, "b": pl.String}
    return Typing(lambda: {**kinds, name: pl.Float64}, nulls)


def read(body: bytes, typing: Typing | None, names: list[str] = NAMES) -> tuple[list[object], ...]:
    """Return the lines of the good records, their fields, the refused ones, and what was read as numbers."""
    lines: list[object] = []
    rows: list[object] = []
    refused: list[object] = []
    typed: list[object] = []
    for records in read_records([body], Layout(names, FieldStyle(), 2, "t.csv"), typing):
        refused += [(refusal.line, refusal.code) for refusal in records.refusals]
        lines += records.lines.tolist()
        texts = records.texts() if len(records.lines) else pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        rows += texts.rows()
        if records.typed is not None:
            assert records.typed["n"].to_list() == [float(n) if n else None for n in texts["n"]]
            typed += records.typed.rows()
    return lines, rows, refused, typed


@settings(max_examples=600, deadline=None)
@given(st.lists(LINE, max_size=8), st.booleans())
def test_records_are_those_of_a_reader_that_cuts_them(lines, ends):
    body = b"\n".join(lines) + b"\n" * ends
    try:
        expected = read(body, None)
    except DataError as error:
        with pytest.raises(DataError) as raised:
            read(body, numbers())
        assert raised.value.code == error.code
        return
    assert read(body, numbers())[:3] == expected[:3]


def test_a_piece_of_good_records_is_not_cut(monkeypatch):
    def never(*given: object) -> None:
        raise AssertionError("lines were looked for one by one")

    monkeypatch.setattr(even_records, "screened", never)
    lines, rows, refused, typed = read(b"x,1,y\nz,2,y\n", numbers())
    assert (lines, refused) == ([2, 3], [])
    assert rows == [("x", "1", "y"), ("z", "2", "y")]
    assert typed == [("x", 1.0, "y"), ("z", 2.0, "y")]


@pytest.mark.parametrize(
    ("names", "typing"),
    [
        (NAMES, Typing.texts(NAMES)),
        (NAMES, numbers(nulls=("n",))),
        (NAMES, numbers(nulls=("b",))),
        (["a", "7", "b"], Typing(lambda: {"a": pl.String, "7": pl.Float64, "b": pl.String})),
        (["a", "nan", "b"], Typing(lambda: {"a": pl.String, "nan": pl.Float64, "b": pl.String})),
    ],
)
def test_a_header_that_could_be_read_as_a_record_is_looked_for(names, typing):
    assert not typing.refuses_headers(names)
    body = b"x,1,y\n" + ",".join(names).encode() + b"\nx,2,y\n"
    found = list(read_records([body], Layout(names, FieldStyle(), 2, "t.csv"), typing))
    assert [(refusal.line, refusal.code) for records in found for refusal in records.refusals] == [
        (3, "repeated_header")
    ]


def test_a_column_of_numbers_refuses_headers():
    assert numbers().refuses_headers(NAMES)
    assert numbers("a", nulls=("NA", "")).refuses_headers(NAMES)


def test_a_field_that_is_too_large_is_found():
    long = b"x,1," + b"y" * (MAX_FIELD_BYTES + 1)
    for body in (long + b"\n", b"x,1,y\n" + long + b"\n" + b"x,1,y\n" * 9):
        with pytest.raises(DataError, match="field_too_large"):
            read(body, numbers())
    fits = b"x,1,y\nx,2," + b"y" * MAX_FIELD_BYTES + b"\n"
    assert read(fits, numbers())[0] == [2, 3]
