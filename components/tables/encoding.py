"""The bytes of a CSV as UTF-8, in pieces; bytes that are no text in the declared encoding stay visible as such."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from sevenfold.contracts.errors import DataError
from sevenfold.tables.likely_encoding import likely_encodings
from sevenfold.tables.packed import open_table

__all__ = [
    "WIDE_MARKS",
    "check_bad_bytes",
    "known_encoding",
    "marked_encoding",
    "piece_end",
    "refuse_nul",
    "utf8_chunks",
    "wrong_encoding",
]

CHUNK_BYTES = 8 << 20
LINE_BYTES = 1 << 16  # at the end of a piece, in which its last line feed is looked for
FEW_ROWS: Final = 3  # so many bad rows are bad rows, even in a file that has no other letters beyond ASCII
SAMPLE_LINES: Final = 500
WIDE_MARKS: Final = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_UTF8: Final = ("utf-8", "utf-8-sig")
_ESCAPED: Final = re.compile("[\udc80-\udcff]+")
_BEYOND_ASCII: Final = re.compile("[^\x00-\x7f\udc80-\udcff]+")


def known_encoding(encoding: str) -> str:
    """Return Python's own name of a text encoding.

    Raises:
        DataError: ``encoding``.
    """
    try:
        known = codecs.lookup(encoding)
        if not known._is_text_encoding:
            raise LookupError(encoding)
        codecs.getincrementaldecoder(known.name)()
    except (LookupError, ValueError, TypeError):
        raise DataError(
            "encoding",
            f"`data.encoding` must be one that Python knows, but got {encoding[:40]!r}.",
            remedy="Write utf-8, utf-16, cp1252 or latin-1.",
        ) from None
    return known.name


def marked_encoding(head: bytes) -> str:
    """Return ``utf-16`` or ``utf-32`` where the first bytes are the mark of one, else ``utf-8``."""
    return next((name for mark, name in WIDE_MARKS.items() if head.startswith(mark)), "utf-8")


def utf8_chunks(path: Path, encoding: str) -> Iterator[bytes]:
    """Yield a text file's bytes as UTF-8 without a byte order mark; a piece may end inside a character.

    A byte that is no text in `encoding` makes its surroundings invalid UTF-8, so that whoever reads the records can
    refuse the one it lies in.

    Raises:
        DataError: ``encoding`` for an encoding that Python does not know, the mark of another one, or two-byte text
            that is none; ``not_text`` for NUL characters; what `open_table` raises.
    """
    name = known_encoding(encoding)
    decoder = codecs.getincrementaldecoder(name)("surrogateescape")
    offset, first = 0, True
    with open_table(path) as stream:
        final = False
        while not final:
            whole = name in _UTF8 and isinstance(stream, io.BufferedReader)
            chunk = stream.read(piece_end(stream, offset, CHUNK_BYTES) - offset if whole else CHUNK_BYTES)
            final = not chunk
            if first and name in _UTF8:
                _refuse_wide(path, chunk)
            piece = chunk if name in _UTF8 else _recoded(decoder, chunk, final, path, name, offset)
            if first:
                piece = piece.removeprefix(codecs.BOM_UTF8)
            refuse_nul(piece, path.name, offset)
            offset += len(chunk)
            first = False
            if piece:
                yield piece


def piece_end(stream: IO[bytes], start: int, size: int) -> int:
    """Return where the piece of a plain file ends that begins at `start`: with a line, so that none is put together.

    Few files have longer lines than `LINE_BYTES`; their pieces have `size` bytes and end inside one. The stream stands
    at `start` afterwards.
    """
    seen = min(LINE_BYTES, size)
    stream.seek(start + size - seen)
    end = stream.read(seen).rfind(b"\n") + 1
    stream.seek(start)
    return start + (size - seen + end if end else size)


def refuse_nul(piece: bytes, name: str, offset: int) -> None:
    """Refuse a piece of a file called `name` that is no text.

    Raises:
        DataError: ``not_text``.
    """
    if b"\0" in piece:
        raise DataError(
            "not_text",
            f"A CSV must be text, but {name} has NUL characters near byte {offset}.",
            remedy="Export it again as CSV.",
        )


def check_bad_bytes(path: Path, encoding: str, bad: int, rows: int, limit: float) -> None:
    """Refuse a file that is not written in `encoding`: one where bad bytes are more than a few rows' misfortune.

    Rows are refused one by one where they are at most `limit` of all, and either `FEW_ROWS` or, in UTF-8, no more than
    the texts beyond ASCII that are good: those show that the file is UTF-8 indeed.

    Args:
        path: the file.
        encoding: what it is read as.
        bad: the rows with bytes that are no text in it.
        rows: all rows.
        limit: the largest share of bad rows.

    Raises:
        DataError: ``encoding``.
    """
    if not bad:
        return
    if bad <= limit * rows and (bad <= FEW_ROWS or known_encoding(encoding) not in _UTF8 or bad <= _good(path)):
        return
    raise wrong_encoding(path, encoding)


def wrong_encoding(path: Path, encoding: str) -> DataError:
    """Return the error of a file that is not written in `encoding`, with its first bad byte and likely encodings."""
    name = known_encoding(encoding)
    at, value, sample = _bad_bytes(path, name)
    likely = likely_encodings(sample)
    guess = f"; it is likely {' or '.join(likely)}, but only its writer knows" if likely else ""
    return DataError(
        "encoding",
        f"The text of {path.name} must be {name}, but byte {at} (0x{value:02X}) is not. encoding {path.name}:{at}",
        remedy=f"Save it as UTF-8, or name its encoding: with `--encoding`, or as `data.encoding` in a plan{guess}.",
    )


def _recoded(decoder: codecs.IncrementalDecoder, chunk: bytes, final: bool, path: Path, name: str, at: int) -> bytes:
    try:
        # a surrogate is never valid UTF-8, whatever stands beside it
        return decoder.decode(chunk, final).encode("utf-8", "surrogatepass")
    except UnicodeError as error:
        pending = at + int(getattr(error, "start", 0))
        raise DataError(
            "encoding",
            f"The text of {path.name} must be {name}, but near byte {pending} it is not. "
            f"encoding {path.name}:{pending}",
            remedy="Save it as UTF-8.",
        ) from None


def _refuse_wide(path: Path, chunk: bytes) -> None:
    wide = marked_encoding(chunk)
    if wide != "utf-8":
        raise DataError(
            "encoding",
            f"The text of {path.name} must be utf-8, but it begins with the mark of {wide}. encoding {path.name}:0",
            remedy=f"Save it as UTF-8, or name its encoding, {wide}: `--encoding`, or `data.encoding` in a plan.",
        )


def _good(path: Path) -> int:
    """Return how many texts beyond ASCII are good UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    count = 0
    with open_table(path) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            text = decoder.decode(chunk)
            count += 0 if text.isascii() else sum(1 for _ in _BEYOND_ASCII.finditer(text))
    return count


def _bad_bytes(path: Path, encoding: str) -> tuple[int, int, list[bytes]]:
    """Return offset and value of the first byte that is no text, and the first lines with such bytes."""
    first, value, offset = -1, 0, 0
    lines: list[bytes] = []
    for line in _lines(path):
        bad = -1 if line.isascii() else _first_bad(line, encoding)
        if bad >= 0:
            if first < 0:
                first, value = offset + bad, line[bad]
            lines.append(line)
            if len(lines) == SAMPLE_LINES:
                break
        offset += len(line) + 1
    return max(first, 0), value, lines


def _lines(path: Path) -> Iterator[bytes]:
    rest = b""
    with open_table(path) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole
    yield rest


def _first_bad(line: bytes, encoding: str) -> int:
    try:
        line.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start
    return -1
