"""Whole tables as they are in a file, held to the standard library's reader."""

from __future__ import annotations

import csv
import io

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sevenfold.contracts.errors import DataError
from sevenfold.tables.dialect import Dialect, sniff
from sevenfold.tables.frame import read_frame
from sevenfold.tables.header import check_names

FIELD = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]) | st.sampled_from('",\n'), max_size=6)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(FIELD, min_size=1, max_size=4), min_size=1, max_size=8))
def test_rows_are_those_of_the_standard_library(tmp_path_factory, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([["a", "b", "c"], *rows])
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_text(text.getvalue(), newline="")
    filled = [row for row in csv.reader(io.StringIO(text.getvalue(), newline="")) if row][1:]
    good = [tuple(row) for row in filled if len(row) == 3]
    longer = [row for row in filled if len(row) == 4]
    # an empty field at the end of every record is no field: see test_foreign_files.py
    assume(good or not longer or any(row[3].strip() for row in longer))
    table = read_frame(path, Dialect("csv", header=("a", "b", "c")))
    assert table.frame.rows() == good
    assert table.refused == len(filled) - len(good)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_and_line_ends(written, end, encoding):
    path = written(end.join(["näme;value", "Łódź" if encoding != "cp1252" else "Köln", "x;1,5", ""]).encode(encoding))
    table = read_frame(path, sniff(path, encoding if encoding == "cp1252" else ""))
    assert table.frame.columns == ["näme", "value"]
    assert table.frame.rows() == [("x", "1,5")]
    assert table.refused == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "empty_file"),
        ("\n\n", "empty_file"),
        ("a,b\n", "no_rows"),
        ("a,,b\n1,2,3\n", "empty_column_name"),
        ("a,A \n1,2\n", "duplicate_column"),
        ('a,b\n1,"x\n2,y\n', "unclosed_quote"),
        ("a,b\n1," + "x" * 3_000_000 + "\n", "field_too_large"),
        (b"a,b\n1,x\x00y\n", "not_text"),
        (b"\x1f\x8b123", "packed_broken"),
        ("<html><body>403</body></html>", "not_csv"),
        (b"PAR1 and no more", "not_parquet"),
    ],
)
def test_what_is_no_table_is_refused(written, code_of, content, code):
    path = written(content)
    assert code_of(lambda: read_frame(path, sniff(path))) == code


def test_too_many_columns(code_of):
    assert code_of(lambda: check_names([f"c{i}" for i in range(2_001)], "t")) == "too_many_columns"
    check_names([f"c{i}" for i in range(2_000)], "t")


def test_a_parquet_file_keeps_its_types(tmp_path):
    frame = pl.DataFrame({"a": [1, None], "b": ["x", "y"]})
    frame.write_parquet(tmp_path / "t.parquet")
    table = read_frame(tmp_path / "t.parquet", sniff(tmp_path / "t.parquet"))
    assert table.frame.equals(frame)
    assert table.complete


def test_an_error_names_the_rule_and_the_remedy(written):
    path = written("id,Id\n1,2\n")
    with pytest.raises(DataError, match=r"'id' and 'Id' do not\. duplicate_column table\.csv:1:2 Rename one"):
        read_frame(path, sniff(path))
