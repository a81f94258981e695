"""What proves the decimal sign of a whole table."""

import polars as pl
import pytest

from sevenfold.design.number_signs import signs_of


def test_one_stray_number_proves_no_decimal_sign():
    years = [str(year) for year in range(1990, 2024)]
    assert signs_of({"year": pl.Series([*years, "0,5"])}, ".").decimal == "."
    assert signs_of({"year": pl.Series([*years, "0,5", "12,5"])}, ".").decimal == ","


@pytest.mark.parametrize("texts", [["0,5"], ["0,5", "7"], ["0,5", *"01" * 70]])
@pytest.mark.parametrize("prior", [".", ","])
def test_a_lone_number_proves_no_decimal_sign(texts: list[str], prior: str) -> None:
    """What a file suggests rests on the same number, and a Parquet file suggests nothing."""
    assert signs_of({"a": pl.Series(texts)}, prior).decimal == "."
    assert signs_of({"a": pl.Series([*texts, "1,5"])}, prior).decimal == ","
    assert signs_of({"a": pl.Series([*texts, *["0,5"] * 20])}, prior).decimal == ","  # it stands in many rows
    assert signs_of({"a": pl.Series(["1 234,5"])}, prior).decimal == ","  # it has groups too
