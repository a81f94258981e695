"""Values: what is taken, exactly as it stands, and what is refused, with line and column."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from sevenfold.contracts.schema import Column, Kind, Notation
from sevenfold.tables.parse import parse_floats, parse_texts


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("integer", "9223372036854775808", "int_range"),
        ("integer", "1" * 40, "int_range"),
        ("integer", "-9007199254740993", "int_range"),
        ("integer", "1.5", "not_an_integer"),
        ("integer", "x", "not_an_integer"),
        ("number", "1e400", "float_range"),
        ("number", "inf", "nonfinite"),
        ("number", "-Infinity", "nonfinite"),
        ("number", "NaN", "nonfinite"),
        ("number", "abc", "not_a_number"),
        ("number", "NA", "not_a_number"),
        ("number", '"1,234"', "not_a_number"),
        ("number", "1_000", "not_a_number"),
        ("number", "0x10", "not_a_number"),
        ("boolean", "yes", "not_a_boolean"),
        ("datetime", "1500-01-01", "date_range"),
        ("datetime", "9999-12-31", "date_range"),
        ("datetime", "soon", "not_a_date"),
    ],
)
def test_a_value_of_another_kind_is_quarantined_with_its_place(tables, kind, value, code):
    good = {"integer": "7", "number": "7.5", "boolean": "true", "datetime": "2013-01-31"}
    other = {"integer": "8", "number": "8.5", "boolean": "0", "datetime": "2014-01-31"}
    body = [[a, (good if n % 7 % 2 else other)[kind], c, y] for n, (a, _, c, y) in enumerate(tables.rows())]
    body[9][1] = value
    outcome = tables.outcome(tables.text(body), {"x": {"kind": kind}})
    assert outcome.refused == [(11, "x", code)]
    assert outcome.prepared.kept == 299


def test_own_limits_of_a_column(tables):
    columns = {
        "x": {"kind": "number", "range": [0, 12], "nullable": False},
        "c": {"kind": "category", "categories": ["a", "b"]},
    }
    body = tables.rows()
    body = [[a, "3", "ab"[n % 5 % 2], y] for n, (a, _, _, y) in enumerate(body)]
    body[5][1], body[6][1], body[7][2] = "12.5", "", "z"
    outcome = tables.outcome(tables.text(body), columns, max_bad_fraction=0.1)
    assert outcome.refused == [(7, "x", "out_of_range"), (8, "x", "missing_value"), (9, "c", "unknown_category")]


def test_missing_tokens_are_the_plans_only(tables):
    plain = tables.outcome(tables.changed("c", "NA"))
    assert "NA" in plain.column("c")
    named = tables.outcome(tables.changed("c", "NA"), missing=["", "NA"])
    assert "NA" not in named.column("c")
    assert None in named.column("c")


def test_leading_zeros_and_quotes_are_kept(tables):
    outcome = tables.outcome(tables.changed("c", '"00123 ""x"", y"'))
    assert '00123 "x", y' in outcome.column("c")


def test_a_row_without_a_label_is_never_guessed(tables):
    outcome = tables.outcome(tables.changed("y", ""), max_unlabelled=0.1)
    assert outcome.refused == [(11, "y", "label_missing")]


def test_white_space_is_trimmed_and_told(tables):
    body = [[f" {value} " for value in row] for row in tables.rows()]
    outcome = tables.outcome(tables.text(body, " id , x ,c , y"))
    assert outcome.prepared.kept == 300
    assert set(outcome.column("c")) == {"a", "b", "c"}
    assert any("trimmed" in text and "'x'" in text for text in outcome.prepared.warnings)


def test_decimal_comma_and_thousands_when_declared(tables):
    body = [[a, x.replace(".", ","), c, y] for a, x, c, y in tables.rows()]
    body[0][1] = "1.234.567,5"
    outcome = tables.outcome(tables.text(body, "id;x;c;y", ";"), delimiter=";", decimal=",", thousands=".")
    assert 1234567.5 in outcome.column("x")
    wrong = tables.outcome(tables.changed("x", '"12,34"'), thousands=",")
    assert wrong.refused == [(11, "x", "not_a_number")]


def test_identifiers_and_ignored_columns_refuse_no_row(tables):
    outcome = tables.outcome(tables.changed("id", "no number"), {"id": {"kind": "integer", "role": "identifier"}})
    assert outcome.refused == []


def _read(values, kind, reader):
    import polars as pl

    if reader == "text":
        return parse_texts(pl.Series("x", values), Column(kind=kind), Notation())
    column = pl.Float64 if kind is Kind.NUMBER else pl.Int64
    body = "\n".join(value or '""' for value in values).encode() + b"\n"
    try:
        frame = pl.read_csv(body, has_header=False, schema={"x": column})
    except pl.exceptions.ComputeError:
        return None
    return parse_floats(frame["x"], Column(kind=kind), Notation())


@pytest.mark.parametrize("reader", ["text", "csv"])
@settings(max_examples=300, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["r", ".3e", "f", "E"]))
@example(5e-324, "r")
@example(-0.0, "r")
@example(0.1 + 0.2, "r")
def test_numbers_round_trip_bit_for_bit(reader, value, form):
    text = repr(value) if form == "r" else format(value, form)
    assume(math.isfinite(float(text)))
    (value,) = _read([text], Kind.NUMBER, reader).values.to_pylist()
    assert struct.pack("d", value) == struct.pack("d", float(text))


NUMBERS = st.text(alphabet="0123456789+-.eE _xinfa", max_size=8)


@settings(max_examples=800, deadline=None)
@given(NUMBERS)
@example("1_0")
@example("+1.")
@example(".")
@example("1e")
@example("infinity")
@example("0x1")
def test_both_readers_take_what_the_grammar_says(text):
    """The fast reader may decline, but never reads another value than the strict one."""
    import re

    plain = text.strip()
    right = re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", plain)
    expected = float(plain) if right and math.isfinite(float(plain)) else None
    strict = _read([text], Kind.NUMBER, "text")
    assert strict.values.to_pylist() == [expected]
    assert bool(strict.faults) == (expected is None and plain != "")
    fast = _read([text], Kind.NUMBER, "csv") if plain else None
    if fast is not None:
        assert fast.values.to_pylist() == [expected]
    whole = _read([text], Kind.INTEGER, "text").values.to_pylist()
    assert whole == [int(plain) if re.fullmatch(r"[+-]?\d+", plain) else None]
    quick = _read([text], Kind.INTEGER, "csv") if plain else None
    if quick is not None:
        assert quick.values.to_pylist() == whole
