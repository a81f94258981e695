"""The structure of a CSV: agreement with the standard library on generated files, and nothing lost."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sevenfold.contracts.errors import DataError
from sevenfold.tables.field_style import FieldStyle
from sevenfold.tables.read_records import read_records
from sevenfold.tables.records import Layout

NAMES = ["a", "b", "c"]
FIELD = st.text(alphabet='ab1 ,"\n\r;é', max_size=5)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def read(body: bytes, size: int) -> tuple[list[tuple[str, ...]], list[int], list[tuple[int, str]]]:
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    refused: list[tuple[int, str]] = []
    for records in read_records(chunks, Layout(NAMES, FieldStyle(), 2, "t.csv")):
        rows_read = records.texts().rows() if len(records.lines) else []
        assert len(rows_read) == len(records.lines)
        rows += rows_read
        lines += records.lines.tolist()
        refused += [(refusal.line, refusal.code) for refusal in records.refusals]
    return rows, lines, refused


@settings(max_examples=600, deadline=None)
@given(st.lists(st.lists(FIELD, min_size=1, max_size=4), max_size=6), ENDS, st.integers(1, 40), st.booleans())
def test_well_formed_files_read_as_the_standard_library_reads_them(rows, end, size, quote_all):
    stream = io.StringIO()
    style = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    csv.writer(stream, lineterminator=end, quoting=style).writerows(rows)
    body = stream.getvalue().encode()
    expected = [row for row in csv.reader(io.StringIO(body.decode(), newline=""), strict=True) if row]
    rows_read, lines, refused = read(body, size)
    assert rows_read == [tuple(row) for row in expected if len(row) == 3]
    assert len(refused) == sum(len(row) != 3 for row in expected)
    assert sorted(lines) == lines


@settings(max_examples=800, deadline=None)
@given(st.text(alphabet='a1,"\n\r ', max_size=40), st.integers(1, 12))
@example('a"b,1,2\n', 3)
@example('"a"b,1,2\n1,2,3\n', 3)
@example('a,"b\nc,1,2\n', 4)
@example('"a""b",1,"2\r\n3"\r\n', 5)
def test_any_text_is_read_alike_or_refused(text, size):
    """Whatever the bytes, rows that are taken are those of the standard library, and the piece size decides nothing."""
    try:
        rows_read = read(text.encode(), size)
    except DataError as error:
        assert error.code == "unclosed_quote"
        with pytest.raises(DataError):
            read(text.encode(), 10_000)
        return
    assert rows_read == read(text.encode(), 10_000)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    expected: list[tuple[str, ...]] = []
    others = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error:
            others += 1
            continue
        if row is None:
            break
        if len(row) == 3:
            expected.append(tuple(row))
        elif row:
            others += 1
    assert rows_read[0] == expected
    assert len(rows_read[2]) == others


def test_lines_are_those_an_editor_shows():
    body = b'1,2,3\n"x\ny",2,3\n\n4,5\n6,7,8\n'
    rows, lines, refused = read(body, 7)
    assert lines == [2, 3, 7]
    assert refused == [(6, "ragged_row")]
    assert rows[1] == ("x\ny", "2", "3")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["", "1", "x"]), min_size=1, max_size=5), min_size=1, max_size=6))
@example([["1", "x"], ["1", "x", "1", ""]])
@example([["1", "x", "1", "1"], ["1", "x"]])
@example([["", "", "", ""], ["", ""], ["1", "1", "1"]])
def test_fields_that_one_record_lacks_are_not_taken_from_another(rows):
    """Counted together the delimiters may add up; the records that have others than the header are still refused."""
    body = "".join(",".join(row) + "\n" for row in rows).encode()
    rows_read, _, refused = read(body, len(body))
    assert rows_read == [tuple(row) for row in rows if len(row) == len(NAMES)]
    assert refused == [(at + 2, "ragged_row") for at, row in enumerate(rows) if len(row) != len(NAMES) and row != [""]]
