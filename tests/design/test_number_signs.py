"""What proves the decimal sign of a whole table."""

import polars as pl

from sevenfold.design.number_signs import signs_of


def test_one_stray_number_proves_no_decimal_sign():
    years = [str(year) for year in range(1990, 2024)]
    assert signs_of({"year": pl.Series([*years, "0,5"])}, ".").decimal == "."
    assert signs_of({"year": pl.Series([*years, "0,5", "12,5"])}, ".").decimal == ","
