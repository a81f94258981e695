"""Distinct texts: equal columns give equal arrays, however their levels were found."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.contracts.schema import Column, Kind, Notation
from sevenfold.tables.arrow_values import parse_arrow
from sevenfold.tables.distinct import DistinctTexts
from sevenfold.tables.parse import parse_texts

TEXTS = st.lists(st.none() | st.sampled_from(["b", "a", " a", "", "NA", "é", "a\0"]), max_size=12)


def as_categories(texts: list[str | None]) -> pl.Series:
    """Return a Categorical column with levels in another order, of which some do not occur."""
    kind = pl.Categorical(pl.Categories.random())
    pl.Series(["unused", "é", "a"], dtype=kind)
    return pl.Series(texts, dtype=pl.String).cast(kind)


@given(TEXTS)
def test_texts_categories_and_dictionaries_are_parsed_alike(texts):
    column, notation = Column(kind=Kind.CATEGORY, nullable=True), Notation(missing=("NA",))
    plain = pl.Series(texts, dtype=pl.String)
    dictionary = pa.DictionaryArray.from_arrays(
        pa.array([{"é": 0, "a": 2}.get(text, 1) for text in texts if text in ("é", "a", "b")], pa.int32()),
        pa.array(["é", "b", "a"]),
    )
    expected = parse_texts(plain, column, notation)
    read = parse_texts(as_categories(texts), column, notation)
    assert read.values.equals(expected.values)
    assert read.trimmed == expected.trimmed
    assert {code: mask.tolist() for code, mask in read.faults.items()} == {
        code: mask.tolist() for code, mask in expected.faults.items()
    }
    wanted = [None if text is None or text.strip() in ("", "NA") or "\0" in text else text.strip() for text in texts]
    assert read.values.to_pylist() == wanted
    of_parquet = parse_arrow(dictionary, column, notation, "x")
    assert of_parquet.values.to_pylist() == [text for text in texts if text in ("é", "a", "b")]


def test_levels_stand_in_the_order_of_the_rows():
    texts = DistinctTexts(pa.array(["unused", "c", "a", "b"]), pl.Series([3, 1, 3, 2]).to_numpy())
    renamed = texts.renamed(pa.array(["unused", "same", None, "same"]))
    assert renamed.to_pylist() == ["same", "same", "same", None]
    assert texts.renamed(texts.levels).dictionary.to_pylist() == ["b", "c", "a"]


@pytest.mark.parametrize("missing", [None, [False, True, False]])
def test_booleans_of_a_dictionary_are_parsed_by_its_levels(missing):
    values = [None if absent else text for text, absent in zip(["yes", "no", "yes"], missing or [0, 0, 0], strict=True)]
    column = Column(kind=Kind.BOOLEAN, true_values=("yes",), false_values=("no",), nullable=True)
    read = parse_arrow(pa.array(values).dictionary_encode(), column, Notation(), "x")
    assert read.values.to_pylist() == [None if value is None else value == "yes" for value in values]
