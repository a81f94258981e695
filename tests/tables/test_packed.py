"""Packed tables: the standard library's unpacked bytes, and an end to what grows without limit."""

from __future__ import annotations

import gzip
import os

import pyarrow as pa
import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.tables import packed
from sevenfold.tables.dialect import sniff
from sevenfold.tables.frame import read_frame
from sevenfold.tables.packed import open_table


def zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


def unpacked(path) -> bytes:
    with open_table(path) as stream:
        return b"".join(iter(lambda: stream.read(1_000), b""))


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
@pytest.mark.parametrize("parts", [1, 3])
def test_the_bytes_are_those_that_were_packed(written, pack, parts):
    pieces = [os.urandom(5_000) + b"x" * 50_000 for _ in range(parts)]
    assert unpacked(written(b"".join(map(pack, pieces)))) == b"".join(pieces)


@pytest.mark.parametrize("content", [b"", b"x", b"\x1f", b"a,b\n1,2\n"])
def test_other_bytes_are_left_as_they_are(written, content):
    assert unpacked(written(content)) == content


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
@pytest.mark.parametrize("cut", [-1, -9, 4, 12, 2_000])
def test_a_cut_stream_is_refused(written, pack, cut):
    path = written(pack(os.urandom(5_000))[:cut])
    with pytest.raises(DataError, match="cannot be unpacked") as caught:
        unpacked(path)
    assert caught.value.code == "packed_broken"


@pytest.mark.parametrize("damage", [lambda data: data[:50] + b"\0\0\0\0" + data[54:], lambda data: data + b"more"])
def test_a_damaged_stream_is_refused(written, code_of, damage):
    path = written(damage(gzip.compress(b"a,b\n" + os.urandom(5_000))))
    assert code_of(lambda: unpacked(path)) == "packed_broken"


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_a_stream_of_little_that_unpacks_to_much_is_refused_on_the_way(written, monkeypatch, pack):
    monkeypatch.setattr(packed, "RATIO_FROM_BYTES", 1 << 20)
    path = written(pack(b"a,b\n" + b"1,2\n" * 2_000_000))
    done = 0
    with pytest.raises(DataError) as caught, open_table(path) as stream:
        while chunk := stream.read(1 << 16):
            done += len(chunk)
    assert caught.value.code == "packed_too_large"
    assert done <= max(1 << 20, packed.MAX_RATIO * path.stat().st_size) + (1 << 16)


def test_a_small_table_may_repeat_itself(written):
    path = written(gzip.compress(b"a,b\n" + b"1,2\n" * 1_000_000))
    assert path.stat().st_size * packed.MAX_RATIO < 4_000_000
    assert read_frame(path, sniff(path)).frame.height == 1_000_000


def test_a_table_beyond_the_absolute_limit_is_refused(written, monkeypatch, code_of):
    monkeypatch.setattr(packed, "MAX_UNPACKED_BYTES", 4_000)
    path = written(gzip.compress(os.urandom(5_000)))
    assert code_of(lambda: unpacked(path)) == "packed_too_large"


def test_a_table_packed_twice_is_refused(written, code_of):
    path = written(gzip.compress(gzip.compress(b"a,b\n1,2\n")))
    assert code_of(lambda: sniff(path)) == "not_text"
