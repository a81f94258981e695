"""The delimiter that `refine` finds by itself is the one that OpenRefine proposes for the same file."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openrefine import OpenRefine

from sevenfold.tables.dialect import DELIMITERS, find_style

WORDS = st.text(st.sampled_from("abcdzäÖ0159 .-"), min_size=1, max_size=8)


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a delimiter and a text that it cuts: words, some of them quoted with any delimiter inside."""
    delimiter = draw(st.sampled_from(DELIMITERS))
    width = draw(st.integers(2, 6))
    quoted = st.tuples(WORDS, st.sampled_from(DELIMITERS), WORDS).map("".join)
    rows = draw(st.lists(st.lists(st.one_of(WORDS, quoted), min_size=width, max_size=width), min_size=3, max_size=30))
    header = draw(st.lists(WORDS, min_size=width, max_size=width))
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([header, *rows])
    return delimiter, text.getvalue()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables())
def test_both_find_the_delimiter_of_quoted_tables(openrefine: OpenRefine, table: tuple[str, str]) -> None:
    delimiter, text = table
    assert find_style(text).delimiter == openrefine.ask({"separator": text})["found"] == delimiter


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a,b\n1,2\n3,4\n", ","),
        ("a;b\n1,5;2\n3,25;4,5\n", ";"),
        ("name\ttime\nx\t10:15\ny, z\t11:20\n", "\t"),
        ("a|b|c\n1|2|3\n4|5|6\n", "|"),
        ("name,when\nx,2024-01-31 10:15\ny,2024-02-01 11:20\n", ","),
    ],
)
def test_both_find_the_delimiter_of_plain_tables(openrefine: OpenRefine, text: str, found: str) -> None:
    assert find_style(text).delimiter == openrefine.ask({"separator": text})["found"] == found


def test_other_signs_are_for_openrefine_alone(openrefine: OpenRefine) -> None:
    text = "a~b\n1~2\n3~4\n"
    assert openrefine.ask({"separator": text})["found"] == "~"
    assert find_style(text).delimiter == ","
    # where no sign separates, OpenRefine finds none and takes a tabulator, and a comma cuts nothing either
    assert openrefine.ask({"separator": "a\nb\nc\n"})["found"] is None
