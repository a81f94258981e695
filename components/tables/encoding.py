"""The bytes of a CSV as UTF-8, in pieces, with its encoding checked on the way."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from sevenfold.contracts.errors import DataError
from sevenfold.tables.dialect import find_encoding

__all__ = ["CHUNK_BYTES", "utf8_chunks"]

CHUNK_BYTES = 8 << 20


def utf8_chunks(path: Path, encoding: str) -> Iterator[bytes]:
    """Yield a text file's bytes as UTF-8 without a byte order mark; a piece may end inside a character.

    Raises:
        DataError: ``encoding`` with the byte offset, ``not_text`` for NUL characters.
    """
    try:
        known = codecs.lookup(encoding)
        if not known._is_text_encoding:
            raise LookupError(encoding)
        name = known.name
        decoder = codecs.getincrementaldecoder(name)()
    except (LookupError, ValueError, TypeError):
        raise DataError(
            "encoding",
            f"`data.encoding` must be one that Python knows, but got {encoding[:40]!r}.",
            remedy="Write utf-8, utf-16, cp1252 or latin-1.",
        ) from None
    offset, first = 0, True
    with path.open("rb") as stream:
        final = False
        while not final:
            chunk = stream.read(CHUNK_BYTES)
            final = not chunk
            if first and name in ("utf-8", "utf-8-sig"):
                _refuse_wide(path, chunk)
                if chunk.startswith(codecs.BOM_UTF8):
                    chunk, offset = chunk[len(codecs.BOM_UTF8) :], len(codecs.BOM_UTF8)
            text = _decoded(decoder, name, chunk, offset, final, path)
            if first and not isinstance(text, bytes):
                text = text.removeprefix("\ufeff")
            piece = text if isinstance(text, bytes) else text.encode()
            if b"\0" in piece:
                raise DataError(
                    "not_text",
                    f"A CSV must be text, but {path.name} has NUL characters near byte {offset}.",
                    remedy="Export it again as CSV.",
                )
            offset += len(chunk)
            first = False
            if piece:
                yield piece


def _decoded(
    decoder: codecs.IncrementalDecoder, name: str, chunk: bytes, offset: int, final: bool, path: Path
) -> str | bytes:
    """Return text, or for UTF-8 the very bytes once they are known to be good."""
    plain = name in ("utf-8", "utf-8-sig", "ascii")
    pending = len(decoder.getstate()[0])
    if plain and not pending and chunk.isascii():
        return chunk
    try:
        text = decoder.decode(chunk, final)
        if not plain:
            text.encode()
    except UnicodeError as error:
        at = offset - pending + int(getattr(error, "start", 0))
        likely = find_encoding(path)
        raise DataError(
            "encoding",
            f"The text of {path.name} must be {name}, but byte {at} is not. encoding {path.name}:{at}",
            remedy=f"Save it as UTF-8, or set `data.encoding` ({likely} would read it)."
            if likely != name
            else "Save it as UTF-8.",
        ) from None
    return chunk if plain else text


def _refuse_wide(path: Path, chunk: bytes) -> None:
    if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)):
        wide = find_encoding(path)
        raise DataError(
            "encoding",
            f"The text of {path.name} must be utf-8, but it begins with the mark of {wide}. encoding {path.name}:0",
            remedy=f"Save it as UTF-8, or set `data.encoding: {wide}`.",
        )
