"""A table's bytes as a stream, unpacked on the way where its first bytes are those of gzip or Zstandard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from sevenfold.contracts.errors import DataError

__all__ = ["MAX_RATIO", "MAX_UNPACKED_BYTES", "RATIO_FROM_BYTES", "is_packed", "open_table", "packing_of"]

MAX_UNPACKED_BYTES: Final = 64 << 30
MAX_RATIO: Final = 200  # unpacked bytes per packed byte; real tables stay below 50
RATIO_FROM_BYTES: Final = 64 << 20  # a small table may repeat itself as it likes

_MAGIC: Final = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}


def packing_of(head: bytes) -> str:
    """Return ``gzip`` or ``zstd`` by the first bytes of a file, or "" for neither."""
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "")


def is_packed(path: Path) -> bool:
    """Whether a table's bytes have to be unpacked."""
    with path.open("rb") as stream:
        return bool(packing_of(stream.read(4)))


@contextmanager
def open_table(path: Path) -> Iterator[IO[bytes]]:
    """Open a table for reading from its start; of gzip and Zstandard, of one part or several, come the unpacked bytes.

    Raises:
        DataError: while reading: ``packed_too_large`` beyond `MAX_UNPACKED_BYTES` or `MAX_RATIO`, ``packed_broken``.
    """
    with path.open("rb") as stream:
        packing = packing_of(stream.read(4))
        stream.seek(0)
        if not packing:
            yield stream
            return
    import pyarrow as pa

    with pa.OSFile(str(path)) as raw, pa.CompressedInputStream(raw, packing) as unpacked:
        yield _Limited(unpacked, path, packing)  # type: ignore[misc]  # it reads, and nothing else is asked of it


class _Limited:
    """Reads a packed stream and ends where it grows beyond the limits."""

    def __init__(self, stream: Any, path: Path, packing: str) -> None:
        self._stream, self._path, self._packing = stream, path, packing
        self._packed = path.stat().st_size
        self._done = 0

    def read(self, size: int) -> bytes:
        """Return the next unpacked bytes, at most `size` and none at the end."""
        try:
            chunk: bytes = self._stream.read(size)
        except OSError as error:
            raise DataError(
                "packed_broken",
                f"{self._path.name} must be a whole {self._packing} file, but cannot be unpacked: {str(error)[:120]}.",
                remedy="It may have been cut off: fetch it again.",
            ) from None
        self._done += len(chunk)
        ratio = self._done / self._packed
        if self._done > MAX_UNPACKED_BYTES or (self._done > RATIO_FROM_BYTES and ratio > MAX_RATIO):
            raise DataError(
                "packed_too_large",
                f"A packed table may unpack to at most {MAX_UNPACKED_BYTES:,} bytes and {MAX_RATIO} times its size, "
                f"but {self._path.name} has {self._packed:,} bytes and unpacks to {self._done:,} or more.",
                remedy="If it really is a table, unpack it and name the unpacked file.",
            )
        return chunk
