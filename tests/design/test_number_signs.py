"""What proves the decimal sign of a whole table."""

import polars as pl
import pytest

from sevenfold.design.number_signs import signs_of


def test_one_stray_number_proves_no_decimal_sign():
    years = [str(year) for year in range(1990, 2024)]
    assert signs_of({"year": pl.Series([*years, "0,5"])}, ".").decimal == "."
    assert signs_of({"year": pl.Series([*years, "0,5", "12,5"])}, ".").decimal == ","


@pytest.mark.parametrize("texts", [["0,5"], ["0,5", "7"]])
def test_a_lone_number_bears_out_what_the_file_suggests_and_proves_nothing(texts: list[str]) -> None:
    assert signs_of({"a": pl.Series(texts)}, ".").decimal == "."
    assert signs_of({"a": pl.Series(texts)}, ",").decimal == ","
    assert signs_of({"a": pl.Series([*texts, "1,5"])}, ".").decimal == ","
    assert signs_of({"a": pl.Series(["1 234,5"])}, ".").decimal == ","  # it has groups too
