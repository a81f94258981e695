"""Kinds, missing tokens and numerals of texts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.contracts.schema import Kind
from sevenfold.design import kinds
from sevenfold.design.kinds import Guess
from sevenfold.design.typed_table import read_typed
from sevenfold.tables.numerals import Notation

PLAIN = Notation()


def guess_kind(texts: list[str], notation: Notation) -> Guess:
    return kinds.guess_kind(pl.Series(texts, dtype=pl.String), notation)


def missing_tokens(columns: list[list[str]], notation: Notation) -> tuple[str, ...]:
    return kinds.missing_tokens([pl.Series(texts, dtype=pl.String) for texts in columns], notation)


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "-2", "+3"], Kind.INTEGER),
        (["1", "2.5", "1e3"], Kind.NUMBER),
        (["9007199254740993", "1"], Kind.CATEGORY),  # beyond 2^53 a float would change it
        (["00123", "00999"], Kind.CATEGORY),
        (["0", "0.5"], Kind.NUMBER),
        (["True", "false"], Kind.BOOLEAN),
        (["yes", "No"], Kind.BOOLEAN),
        (["yes", "no", "maybe"], Kind.CATEGORY),
        (["1", "0"], Kind.INTEGER),
        (["2024-01-31", "2024-02-01"], Kind.DATETIME),
        (["2024-01-31T10:15:00Z", "2024-02-01T00:00:00+02:00"], Kind.DATETIME),
        (["2024-01-31T10:15:00Z", "2024-02-01T00:00:00"], Kind.CATEGORY),  # with and without an offset
        (["inf", "1"], Kind.CATEGORY),
        (["192.168.0.1", "10.0.0.1"], Kind.CATEGORY),
        (["a"], Kind.CATEGORY),
        ([], Kind.CATEGORY),
    ],
)
def test_kinds(texts, kind):
    assert guess_kind(texts, PLAIN).kind is kind


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (["31.01.2024", "01.02.2024"], "%d.%m.%Y"),
        (["01/31/2024", "02/01/2024"], "%m/%d/%Y"),
        (["31/01/2024", "01/02/2024"], "%d/%m/%Y"),
        (["31/01/2024 10:15", "01/02/2024 00:00"], "%d/%m/%Y %H:%M"),
        (["Jan 31, 2024", "Feb 1, 2024"], "%b %d, %Y"),
        (["2024/01/31", "2024/02/01"], "%Y/%m/%d"),
    ],
)
def test_date_formats(texts, form):
    guess = guess_kind(texts, PLAIN)
    assert (guess.kind, guess.date_format) == (Kind.DATETIME, form)


def test_a_date_that_could_be_read_two_ways_says_so():
    assert "month" in guess_kind(["01/02/2024", "03/04/2024"], PLAIN).why


def test_decimal_comma_and_thousands():
    assert guess_kind(["1,5", "2"], Notation(",")).kind is Kind.NUMBER
    assert guess_kind(["1.234,5", "999,0"], Notation(",", ".")).kind is Kind.NUMBER
    assert guess_kind(["1,234", "56"], Notation(".", ",")).kind is Kind.INTEGER
    assert guess_kind(["1,23", "56"], Notation(".", ",")).kind is Kind.CATEGORY


def test_tokens_count_where_all_else_is_a_number():
    assert missing_tokens([["1", "2", "NA"]], PLAIN) == ("", "NA")
    assert missing_tokens([["DE", "FR", "NA"]], PLAIN) == ("",)  # Namibia
    assert missing_tokens([["red", "NULL"], ["-"], ["2024-01-01", "?"]], PLAIN) == ("", "?", "NULL")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=20, unique=True))
def test_numbers_survive(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("numbers") / "t.csv"
    path.write_text("x,y\n" + "".join(f"{value!r},{index}\n" for index, value in enumerate(values)))
    column = read_typed(path).columns["x"]
    assert column.kind is Kind.NUMBER
    assert column.values.to_list() == values


def test_a_frequent_text_among_numbers_means_that_nothing_is_there(written):
    rows = "".join(f"{i / 7:.3f},{'n.d.' if i % 3 == 0 else i * 2},k{i % 5}\n" for i in range(600))
    table = read_typed(written("a,b,c\n" + rows))
    assert table.notation.missing == ("", "n.d.")
    assert table.columns["b"].kind is Kind.INTEGER
    assert (table.columns["b"].missing, table.columns["b"].bad) == (200, 0)


def test_many_texts_among_numbers_make_texts_of_them(written):
    rows = "".join(f"{i},{f'w{i}' if i % 40 == 0 else i}\n" for i in range(4_000))
    table = read_typed(written("a,b\n" + rows))
    assert table.columns["b"].kind is Kind.CATEGORY


def test_a_few_bad_values_do_not_change_the_kind(written):
    rows = "".join(f"{i},{'oops' if i == 1_000 else i / 3}\n" for i in range(3_000))
    column = read_typed(written("a,b\n" + rows)).columns["b"]
    assert (column.kind, column.bad, column.missing) == (Kind.NUMBER, 1, 0)


def test_thousands_are_told_from_the_column(written):
    rows = "".join(f'{i},"{i * 1234:,}"\n' for i in range(100))
    table = read_typed(written("a,b\n" + rows))
    assert table.notation.thousands == ","
    assert table.columns["b"].values.to_list() == [i * 1234 for i in range(100)]


@pytest.mark.parametrize(
    "texts",
    [
        ["2024-01-31", "2023-02-28"],
        ["2024-01-31 10:15", "2023-02-28 00:00"],
        ["2024-01-31T10:15:59Z", "2023-02-28T00:00:00Z"],
        ["2024-01-31T10:15:59", "2023-02-28T00:00:00.5"],
        ["2024-01-31T10:15:59+02:00", "2023-02-28T00:00:00-11:30"],
    ],
)
def test_moments_are_those_of_the_standard_library(written, texts):
    rows = "".join(f"{texts[i % 2]},{i}\n" for i in range(10)) + ",10\n"
    column = read_typed(written("t,x\n" + rows)).columns["t"]
    expected = [datetime.fromisoformat(texts[i % 2]) for i in range(10)]
    utc = [moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment for moment in expected]
    assert column.values.to_list() == [*utc, None]
    assert (column.missing, column.bad) == (1, 0)


def test_a_date_that_is_none_is_bad_and_not_missing(written):
    days = [str(date(2024, 1, 1) + timedelta(days=i)) for i in range(336)]
    days[7] = "2024-02-30"
    column = read_typed(written("t,x\n" + "".join(f"{day},1\n" for day in days))).columns["t"]
    assert (column.kind, column.missing, column.bad) == (Kind.DATETIME, 0, 1)
