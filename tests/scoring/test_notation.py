"""A text or a number means in a request what it meant in the table: missing, true, a number, a date."""

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from sevenfold.contracts.errors import InputError
from sevenfold.contracts.schema import Column, Kind, Notation
from sevenfold.scoring.feeds import Feeds, feeds_from_columns, feeds_from_rows, feeds_from_table
from sevenfold.tables.parse import parse_texts

REFUSALS = {
    "wrong_type",
    "nonfinite",
    "integer_range",
    "not_a_moment",
    "missing_time",
    "ambiguous_time",
}
NOTATIONS = [Notation(), Notation(missing=("", "?", "n/a")), Notation(",", ".", ("", "-"))]


def shown(feeds: Feeds) -> dict[str, tuple[str, str]]:
    """Type and values of every feed; NaN is equal to NaN as text."""
    return {name: (values.dtype.str, repr(values.tolist())) for name, values in feeds.items()}


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize(
    ("column", "texts"),
    [
        (Column(kind=Kind.CATEGORY), ["a", " a ", "", "?", " ? ", "n/a", "-", "N/A"]),
        (Column(kind=Kind.BOOLEAN, true_values=("Y", "?"), false_values=("N",)), ["Y", " N", "", "?", "n/a", "-"]),
        (Column(kind=Kind.NUMBER), ["1.5", " 1e3 ", "1.234,5", "-0", "inf", "1e999", "x", "", "?", "n/a", "-", "0,5"]),
        (Column(kind=Kind.NUMBER, symbols=("$", "%")), ["$1,5", "12 %", "$ -3", "-$3", "5$%", "€4", "$", "?"]),
        (Column(kind=Kind.INTEGER), ["15", "1.500", "1.5", str(2**53), str(2**53 + 1), "", "?", "-"]),
        (
            Column(kind=Kind.DATETIME, time_zone="Europe/Oslo"),
            ["2013-01-31T10:15", "2013-03-31 02:30", "2013-10-27 02:30"],
        ),
        (Column(kind=Kind.DATETIME), ["2013-01-31", " 2013-01-31T10:15+02:00", "", "?", "n/a", "-"]),
    ],
)
def test_a_text_means_in_a_request_what_it_meant_in_the_table(
    column: Column, texts: list[str], notation: Notation
) -> None:
    parsed = parse_texts(pl.Series("v", texts), column, notation)
    for index, text in enumerate(texts):
        if parsed.bad[index]:
            with pytest.raises(InputError) as refused:
                feeds_from_rows([{"v": text}], {"v": column}, notation)
            assert refused.value.code in REFUSALS
            continue
        refined = pa.table({"v": parsed.values.slice(index, 1)})
        read, kept = feeds_from_rows([{"v": text}], {"v": column}, notation), feeds_from_table(refined, {"v": column})
        assert shown(read) == shown(kept)


@pytest.mark.parametrize("value", [-999, -999.0, "-999", " -999 ", np.int64(-999), np.float32(-999)])
@pytest.mark.parametrize("kind", [Kind.NUMBER, Kind.INTEGER])
def test_a_number_that_means_missing_does_so_in_every_form(kind: Kind, value: Any) -> None:
    notation, inputs = Notation(missing=("", "-999")), {"v": Column(kind=kind)}
    assert np.isnan(feeds_from_rows([{"v": value}], inputs, notation)["v"]).all()
    assert np.isnan(feeds_from_columns({"v": [value]}, inputs, notation)["v"]).all()
    if not isinstance(value, str):
        assert np.isnan(feeds_from_columns({"v": np.array([value])}, inputs, notation)["v"]).all()
        assert feeds_from_rows([{"v": value}], inputs, Notation())["v"].tolist() == [-999]


def test_an_infinity_is_refused_or_missing_as_the_table_says() -> None:
    inputs = {"v": Column(kind=Kind.NUMBER)}
    infinite = np.array([1.0, np.inf, -np.inf])
    with pytest.raises(InputError) as refused:
        feeds_from_columns({"v": infinite}, inputs, Notation())
    assert refused.value.code == "nonfinite"
    feeds = feeds_from_columns({"v": infinite}, inputs, Notation(missing=("inf", "-inf")))
    assert np.isnan(feeds["v"]).tolist() == [False, True, True]
