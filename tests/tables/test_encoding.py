"""The bytes of a CSV in pieces: all of them, and whole lines where lines are no longer than a piece's end."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.tables import encoding
from sevenfold.tables.encoding import utf8_chunks


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(encoding, "CHUNK_BYTES", 64)
    monkeypatch.setattr(encoding, "LINE_BYTES", 16)


@given(lines=st.lists(st.text(alphabet="aé,", max_size=40), max_size=30))
def test_pieces_together_are_the_file(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("table") / "t.csv"
    path.write_bytes("\n".join(lines).encode())
    assert b"".join(utf8_chunks(path, "utf-8")) == path.read_bytes()


def test_pieces_of_short_lines_are_whole_lines(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"".join(b"%d,%d\n" % (row, row**2) for row in range(200)))
    pieces = list(utf8_chunks(path, "utf-8"))
    assert len(pieces) > 10
    assert all(piece.endswith(b"\n") for piece in pieces)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_line_longer_than_a_piece_is_read_in_several(tmp_path, pack):
    body = b"a" * 500 + b"\n" + b"1,2\n" * 50
    path = tmp_path / "t.csv"
    path.write_bytes(pack(body))
    assert b"".join(utf8_chunks(path, "utf-8")) == body
