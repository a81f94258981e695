"""The shortcut gives what the long way gives, feeds and complaints alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.contracts.errors import InputError
from sevenfold.contracts.schema import Column, Kind, Notation
from sevenfold.scoring.feeds import feeds_from_rows
from sevenfold.scoring.single_row import SingleRow

numbers = st.floats() | st.integers() | st.integers(-(2**53) - 1, 2**53 + 1) | st.booleans()
texts = st.text(max_size=6) | st.sampled_from([" ", "2013-01-01", "true", "\udc80"])
names = st.sampled_from("abcdef")
inputs = st.dictionaries(names, st.builds(Column, kind=st.sampled_from(Kind), nullable=st.booleans()), min_size=1)
rows = st.dictionaries(names, st.none() | numbers | texts | st.sampled_from(["?", "-1", -1, 2.0]))
notations = st.sampled_from([Notation(), Notation(missing=("", "?", "-1", "2")), Notation(",", ".", ("?", "inf"))])


def outcome(read: Any) -> Any:
    try:
        return read()
    except InputError as error:
        return error.code, error.field, error.message


@given(inputs, rows, notations)
def test_the_shortcut_is_the_long_way(columns: dict[str, Column], row: dict[str, Any], notation: Notation) -> None:
    expected = outcome(lambda: feeds_from_rows([row], columns, notation, max_text=4))
    feeds = outcome(lambda: SingleRow(columns, notation).feeds(row, max_text=4))
    if isinstance(expected, tuple):
        assert feeds == expected
        return
    assert feeds.keys() == expected.keys()
    for name, values in expected.items():
        assert feeds[name].dtype == values.dtype
        np.testing.assert_array_equal(feeds[name], values)


def test_what_is_no_object_is_refused_alike() -> None:
    columns = {"a": Column(kind=Kind.NUMBER)}
    for row in ([], 1, None, "a"):
        assert outcome(lambda row=row: SingleRow(columns, Notation()).feeds(row)) == outcome(
            lambda row=row: feeds_from_rows([row], columns, Notation())
        )
