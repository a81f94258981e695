from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.contracts.errors import DataError
from sevenfold.tables.dialect import DELIMITERS, find_delimiter, name_key, sniff


def test_a_european_export(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("größe;preis\n1,5;2,25\n2,5;3\n".encode("cp1252"))
    dialect = sniff(path, "cp1252")
    assert (dialect.encoding, dialect.delimiter, dialect.decimal) == ("cp1252", ";", ",")
    assert dialect.header == ("größe", "preis")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_marks_are_no_part_of_the_header(tmp_path, encoding):
    path = tmp_path / "t.csv"
    path.write_bytes("naïve,b\n1,2\n".encode(encoding))
    dialect = sniff(path)
    assert dialect.encoding == encoding.removesuffix("-sig")
    assert dialect.header == ("naïve", "b")


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(DELIMITERS),
    st.integers(2, 5),
    st.lists(st.text(alphabet="abc123. ", min_size=1, max_size=5), min_size=5, max_size=5),
)
def test_the_delimiter_is_found(delimiter, width, fields):
    row = delimiter.join(fields[:width])
    assert find_delimiter((row + "\n") * 4) == delimiter


def test_a_delimiter_inside_quotes_does_not_count():
    assert find_delimiter('a;b\n"1,2,3";x\n"4,5,6";y\n') == ";"


def test_names_that_look_the_same_have_one_key():
    assert len({name_key(name) for name in ("Straße", " STRASSE ", "Stra\u200bße")}) == 1
    assert name_key("\u200b ") == ""
    assert name_key("a b") != name_key("ab")


def test_an_empty_file(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"")
    with pytest.raises(DataError):
        sniff(path)


def test_of_delimiters_that_split_alike_a_comma_gives_way(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('price|x,y\n"$1,200"|3\n"$1,500"|4\n')
    assert sniff(path).header == ("price", "x,y")
    path.write_text("a,b;c\n1,2;3\n4,5;6\n")
    assert sniff(path).header == ("a,b", "c")
