"""A column coded batch after batch holds what each batch parsed by itself holds, by one dictionary."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.contracts.schema import Column, Kind, Notation
from sevenfold.tables import coded_column
from sevenfold.tables.coded_column import CodedColumn
from sevenfold.tables.parse import parse_texts

TEXTS = st.lists(st.none() | st.sampled_from(["b", "a", " a", "  ", "NA", " NA", "é", "c", "long text"]), max_size=8)
NOTATION = Notation(missing=("NA",))
COLUMN = Column(kind=Kind.CATEGORY, nullable=True)


def of_categories(coded: CodedColumn, texts: list[str | None]):
    return taken(coded, pl.Series(texts, dtype=pl.String).cast(coded.polars_type()))


def taken(coded: CodedColumn, texts: pl.Series):
    return coded.of_categories(texts, texts.to_physical().to_arrow())


def of_dictionary(coded: CodedColumn, texts: list[str | None]):
    levels = sorted({text for text in texts if text is not None}, reverse=True)
    codes = pa.array([None if text is None else levels.index(text) + 1 for text in texts], pa.int32())
    return coded.of_dictionary(pa.DictionaryArray.from_arrays(codes, pa.array(["unused", *levels])))


@pytest.mark.parametrize("read", [of_categories, of_dictionary])
@given(batches=st.lists(TEXTS, max_size=6))
def test_each_batch_holds_what_it_holds_by_itself(read, batches):
    coded = CodedColumn(NOTATION)
    names: list[str] = []
    for texts in batches:
        parsed = read(coded, texts)
        alone = parse_texts(pl.Series(texts, dtype=pl.String), COLUMN, NOTATION)
        assert parsed.values.to_pylist() == alone.values.to_pylist()
        assert parsed.trimmed == alone.trimmed
        names += [name for name in dict.fromkeys(alone.values.to_pylist()) if name is not None and name not in names]
        assert parsed.values.dictionary.to_pylist() == names
        parsed.values.validate(full=True)


@pytest.mark.parametrize("read", [of_categories, of_dictionary])
def test_a_column_of_too_many_texts_is_given_up(read, monkeypatch):
    monkeypatch.setattr(coded_column, "MAX_LEVELS", 3)
    coded = CodedColumn(NOTATION)
    assert read(coded, ["a", "b", "a"]) is not None
    assert read(coded, ["c", "d"]) is None
    assert read(coded, ["a"]) is None


def test_a_text_at_fault_gives_the_column_up():
    coded = CodedColumn(NOTATION)
    assert of_dictionary(coded, ["a", "nul\0"]) is None
    assert of_dictionary(coded, ["a"]) is None


def test_categories_of_another_column_are_not_taken():
    coded = CodedColumn(NOTATION)
    coded.polars_type()
    assert taken(coded, pl.Series(["a"], dtype=pl.Categorical(pl.Categories.random()))) is None
