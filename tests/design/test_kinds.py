"""Kinds, missing tokens and numerals of texts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.contracts.schema import Kind
from sevenfold.design.typed_column import TypedColumn
from sevenfold.design.typed_table import TypedTable, read_typed


@pytest.fixture
def read(tmp_path):
    """Write columns of texts as a CSV and read it as `init` does."""

    def reading(**columns: list[str]) -> TypedTable:
        path = tmp_path / "t.csv"
        pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).write_csv(path, quote_style="always")
        return read_typed(path)

    return reading


@pytest.fixture
def column(read):
    def reading(texts: list[str]) -> TypedColumn:
        return read(x=texts).columns["x"]

    return reading


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
        (["inf", "1"], Kind.NUMBER),  # an infinite number is a number, if a bad value
        (["inf", "-inf"], Kind.NUMBER),  # as Parquet has it
        (["inf", "sup"], Kind.CATEGORY),
        (["192.168.0.1", "10.0.0.1"], Kind.CATEGORY),
        (["a"], Kind.CATEGORY),
        (["", ""], Kind.CATEGORY),
    ],
)
def test_kinds(column, texts, kind):
    assert column(texts).kind is kind


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (["31.01.2024", "01.02.2024"], "%d.%m.%Y"),
        (["01/31/2024", "02/01/2024"], "%m/%d/%Y"),
        (["31/01/2024", "01/02/2024"], "%d/%m/%Y"),
        (["31/01/2024 10:15", "01/02/2024 00:00"], "%d/%m/%Y %H:%M"),
        (["Jan 31, 2024", "Feb 1, 2024"], "%b %d, %Y"),
        (["2024/01/31", "2024/02/01"], "%Y/%m/%d"),
        (["01-31-2024", "02-01-2024"], "%m-%d-%Y"),
        (["31-01-2024 10:15", "01-02-2024 00:00"], "%d-%m-%Y %H:%M"),
        (["01.02.2024", "03.04.2024"], "%d.%m.%Y"),  # with points the day comes first everywhere
    ],
)
def test_date_formats(column, texts, form):
    guess = column(texts).guess
    assert (guess.kind, guess.date_format) == (Kind.DATETIME, form)


DAYS = [date(2024, 1, 1) + timedelta(days=i) for i in range(300)]


@pytest.mark.parametrize(
    ("texts", "formats"),
    [
        (["01/02/2024", "03/04/2024", "12/12/2024"], ("%d/%m/%Y", "%m/%d/%Y")),
        (["01-02-2024 10:15", "03-04-2024 23:59"], ("%d-%m-%Y %H:%M", "%m-%d-%Y %H:%M")),
        # in one of twenty the month comes first
        ([f"{d:%m/%d/%Y}" if i % 20 == 0 else f"{d:%d/%m/%Y}" for i, d in enumerate(DAYS)], ("%d/%m/%Y", "%m/%d/%Y")),
    ],
)
def test_a_day_and_a_month_that_look_alike_are_asked_about(column, texts, formats):
    got = column(texts)
    assert got.kind is Kind.CATEGORY
    assert all(form in got.guess.question for form in formats)


def test_one_day_beyond_twelve_says_where_days_stand(column):
    texts = [f"{day:%d/%m/%Y}" for day in DAYS if day.day <= 12]
    assert column(texts).guess.question
    got = column([*texts, "13/01/2024"])
    assert (got.guess.date_format, got.bad) == ("%d/%m/%Y", 0)
    assert got.values.to_list()[-1] == datetime(2024, 1, 13)


def test_dates_of_two_forms_are_asked_about(column):
    for texts in (
        ["03/03/2024", "2024-03-05"] * 50,
        [f"{day:%d/%m/%Y}" if i % 2 else f"{day:%m/%d/%Y}" for i, day in enumerate(DAYS)],
    ):
        got = column(texts)
        assert got.kind is Kind.CATEGORY
        assert "more than one form" in got.guess.question


def test_few_dates_that_are_none_are_bad(column):
    texts = [f"{day:%d/%m/%Y}" for day in DAYS]
    texts[5:8] = ["soon", "31/02/2024", "12.5.24"]
    got = column(texts)
    assert (got.kind, got.guess.date_format, got.bad, got.missing) == (Kind.DATETIME, "%d/%m/%Y", 3, 0)
    assert got.faults.rows() == [(i, "not_a_date", texts[i]) for i in (5, 6, 7)]


def test_one_integer_that_is_too_large_is_bad(column):
    got = column([*map(str, range(1_999)), str(2**64 - 1)])
    assert (got.kind, got.bad) == (Kind.INTEGER, 1)
    assert got.faults.rows() == [(1_999, "int_range", "18446744073709551615")]


def test_four_odd_cells_of_three_hundred_are_bad(column):
    texts = [f"{i / 7:.3f}" for i in range(300)]
    for at, odd in zip((0, 100, 200, 299), ("oops", "12,5", "1.2.3", "#REF!"), strict=True):
        texts[at] = odd
    got = column(texts)
    assert (got.kind, got.bad, got.missing) == (Kind.NUMBER, 4, 0)
    assert got.faults["text"].to_list() == ["oops", "12,5", "1.2.3", "#REF!"]
    assert got.values.null_count() == 4


def test_one_odd_rating_of_a_thousand_is_bad(column):
    got = column([*(str(1 + i % 5) for i in range(999)), "great"])
    assert (got.kind, got.bad) == (Kind.INTEGER, 1)


def test_whole_numbers_among_which_few_have_parts_are_numbers(column):
    got = column([*map(str, range(500)), "2.5", "oops"])
    assert (got.kind, got.bad) == (Kind.NUMBER, 1)
    assert got.values[500] == 2.5


def test_many_odd_cells_make_texts_of_a_column_and_a_question(column):
    got = column([*map(str, range(40)), "oops", "soon"])
    assert (got.kind, got.odd) == (Kind.CATEGORY, ("oops", "soon"))
    assert "40 of its values are whole numbers, 2 are not" in got.guess.question


def test_negatives_in_parentheses_are_asked_about(column):
    got = column([f"({i})" if i % 20 == 0 else str(i) for i in range(100, 300)])
    assert got.kind is Kind.CATEGORY
    assert "minus sign" in got.guess.question


@pytest.mark.parametrize(
    ("texts", "decimal", "thousands", "values"),
    [
        (["0,483", "1,250"], ",", "", [0.483, 1.25]),  # no group begins with 0
        (["12,5", "1,234"], ",", "", [12.5, 1.234]),
        (["1,234,567", "1,234"], ".", ",", [1234567, 1234]),
        (["1,234.5", "1,234"], ".", ",", [1234.5, 1234]),
        (["1.234,5", "999,0"], ",", ".", [1234.5, 999]),
        (["1.234.567", "1.234"], ",", ".", [1234567, 1234]),
        (["1.234", "2.345"], ".", "", [1.234, 2.345]),
        (["1 234,5", "56"], ",", " ", [1234.5, 56]),
        (["1'234.5", "56"], ".", "'", [1234.5, 56]),
        (["$121,713", "$98,000"], ".", ",", [121713, 98000]),
        (["€ 1.200,50", "€ 3,00"], ",", ".", [1200.5, 3]),
        (["-$5.25", "$-5.25", "$ 7"], ".", "", [-5.25, -5.25, 7]),
        (["12.3%", "0.5 %", "0"], ".", "", [12.3, 0.5, 0]),
        (["9.50 EUR", "1.25 EUR"], ".", "", [9.5, 1.25]),
    ],
)
def test_signs_of_numbers(read, texts, decimal, thousands, values):
    table = read(x=texts)
    assert (table.notation.decimal, table.notation.thousands) == (decimal, thousands)
    assert table.columns["x"].kind in (Kind.NUMBER, Kind.INTEGER)
    assert table.columns["x"].values.to_list() == values


def test_another_column_proves_what_a_comma_means(read):
    texts = [f"{i},{i:03d}" for i in range(1, 200)]
    alone = read(x=texts).columns["x"]
    assert alone.kind is Kind.CATEGORY
    assert "1234 or 1.234" in alone.guess.question
    with_points = read(x=texts, lat=[f"{i / 7:.2f}" for i in range(199)]).columns["x"]
    assert with_points.values.to_list() == [i * 1_001 for i in range(1, 200)]
    with_commas = read(x=texts, lat=[f"{i / 7:.2f}".replace(".", ",") for i in range(199)]).columns["x"]
    assert with_commas.values.to_list() == [float(f"{i}.{i:03d}") for i in range(1, 200)]


def test_numbers_written_in_another_way_than_the_others_are_asked_about(read):
    points = [f"{i / 7:.2f}" for i in range(100)]
    table = read(a=points, b=points, x=[text.replace(".", ",") for text in points])
    assert table.columns["a"].kind is table.columns["b"].kind is Kind.NUMBER
    assert table.columns["x"].kind is Kind.CATEGORY
    assert "not written with data.decimal: '.'" in table.columns["x"].guess.question


@pytest.mark.parametrize(
    ("texts", "asked"),
    [
        ([f"{'$€'[i % 2]}{i}" for i in range(10, 90)], "signs of different kinds ($, €)"),
        ([f"{i}{'%' * (i % 2)}" for i in range(10, 90)], "lack the % that the others have"),
    ],
)
def test_two_meanings_in_one_column_are_asked_about(column, texts, asked):
    got = column(texts)
    assert got.kind is Kind.CATEGORY
    assert asked in got.guess.question


@pytest.mark.parametrize("texts", [["A1", "B2"], ["Q1", "Q2"], ["v1.2", "v1.3"], ["10.0.0.1", "10.0.0.2"], ["12 kg"]])
def test_codes_are_no_numbers_and_ask_nothing(column, texts):
    assert (column(texts).kind, column(texts).guess.question) == (Kind.CATEGORY, "")


def test_tokens_count_where_all_else_is_a_number(read):
    assert read(a=["1", "2", "NA"]).notation.missing == ("", "NA")
    assert read(a=["DE", "FR", "NA"]).notation.missing == ("",)  # Namibia
    table = read(a=["red", "NULL", "x"], b=["-", "b", "c"], c=["2024-01-01", "?", ""])
    assert table.notation.missing == ("", "?", "NULL")
    assert table.columns["a"].values.to_list() == ["red", None, "x"]
    assert table.columns["a"].levels.rows() == [("red", 1), ("x", 1)]


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
