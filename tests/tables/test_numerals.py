"""Numbers of one text and of a column are read alike, with groups, decimal signs and symbols."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sevenfold.contracts.errors import InputError
from sevenfold.contracts.schema import Column, Kind, Notation
from sevenfold.tables.numerals import parse_number
from sevenfold.tables.parse import parse_texts

NOTATIONS = st.builds(
    Notation, st.sampled_from([".", ","]), st.sampled_from(["", ",", ".", " ", "'"]), st.just(("", "NA", " ? "))
).filter(lambda notation: notation.decimal != notation.thousands)
COLUMNS = st.builds(
    Column,
    kind=st.sampled_from([Kind.NUMBER, Kind.INTEGER]),
    symbols=st.sampled_from([(), ("$",), ("%",), ("€", "EUR"), ("kr", "kr."), ("NA",)]),
)
PIECES = st.sampled_from(
    ["1", "0", "234", "9007199254740993", ",", ".", " ", "'", "-", "+", "e5", "E-400", "$", "%", "€"]
)
TEXTS = st.one_of(
    st.text(max_size=8),
    st.lists(PIECES, max_size=7).map("".join),
    st.floats().map(repr),
    st.integers(-(2**70), 2**70).map(lambda value: f"{value:,}"),
    st.sampled_from(
        ["NA", "?", " NA ", "inf", "-Infinity", "NaN", "EUR", "kr. 5", "5 kr", "1_000", "٣", "1e999", "\u30005"]
    ),
)


def one(text: str, column: Column, notation: Notation) -> float | str | None:
    try:
        return parse_number(text, column, notation)
    except InputError as error:
        return error.code


@given(TEXTS, COLUMNS, NOTATIONS)
@example("1,234\n", Column(kind=Kind.NUMBER), Notation(".", ","))
@example("\x1c5", Column(kind=Kind.NUMBER), Notation())
@example("-0", Column(kind=Kind.INTEGER), Notation())
def test_one_text_is_read_like_a_column(text: str, column: Column, notation: Notation) -> None:
    parsed = parse_texts(pl.Series([text]), column, notation)
    codes = [code for code, mask in parsed.faults.items() if mask[0]]
    assert one(text, column, notation) == (codes[0] if codes else parsed.values[0].as_py())


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_python_writes_is_read(value: float) -> None:
    assert parse_number(repr(value), Column(kind=Kind.NUMBER), Notation()) == value


@pytest.mark.parametrize(
    ("text", "symbols", "notation", "value"),
    [
        ("$121,713", ("$",), Notation(thousands=","), 121713.0),
        ("- $ 5", ("$",), Notation(), -5.0),
        ("-$ 5", ("$",), Notation(), -5.0),
        ("$-5", ("$",), Notation(), -5.0),
        ("-$-5", ("$",), Notation(), "not_a_number"),
        ("$$5", ("$",), Notation(), "not_a_number"),
        ("$5$", ("$",), Notation(), "not_a_number"),
        ("12.3 %", ("%",), Notation(), 12.3),
        ("€ 1.200,50", ("€",), Notation(",", "."), 1200.5),
        ("1.200,50 EUR", ("€", "EUR"), Notation(",", "."), 1200.5),
        ("5", ("%",), Notation(), 5.0),
        ("5%", (), Notation(), "not_a_number"),
        ("$", ("$",), Notation(), "not_a_number"),
        ("0,483", (), Notation(thousands=","), "not_a_number"),  # no group begins with 0
        ("10,483", (), Notation(thousands=","), 10483.0),
        ("1,2345", (), Notation(thousands=","), "not_a_number"),
        ("1e999", (), Notation(), "float_range"),
        ("inf", (), Notation(), "nonfinite"),
        (" NA ", (), Notation(missing=("NA",)), None),
        ("", (), Notation(), None),
    ],
)
def test_numbers(text: str, symbols: tuple[str, ...], notation: Notation, value: float | str | None) -> None:
    assert one(text, Column(kind=Kind.NUMBER, symbols=symbols), notation) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9007199254740992", 2.0**53),
        ("9007199254740993", "int_range"),
        (str(2**64), "int_range"),
        ("2.0", "not_an_integer"),
    ],
)
def test_integers(text: str, value: float | str) -> None:
    assert one(text, Column(kind=Kind.INTEGER), Notation()) == value


def test_a_sensitive_number_is_not_repeated() -> None:
    with pytest.raises(InputError) as refused:
        parse_number("secret", Column(kind=Kind.NUMBER, sensitive=True), Notation())
    assert "secret" not in str(refused.value)
