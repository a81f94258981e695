"""The files of a table for tasks on other machines: their bytes come from the machine where they lie."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from sevenfold.tables.partition import TableFiles, copied

__all__ = ["served_files"]

BUFFER_BYTES: Final = 1 << 20


@contextmanager
def served_files(paths: Sequence[Path]) -> Iterator[TableFiles]:
    """Give a table's files to tasks of Ray for the `with` block, by an actor on this machine that needs no CPU.

    A task gets the bytes that it asks for, so no node needs the files, and none holds more than its task's own.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    start = ray.remote(_Server).options(num_cpus=0, scheduling_strategy=here, max_restarts=3, max_task_retries=3)
    server = start.remote([str(path.absolute()) for path in paths])
    try:
        yield _SentFiles(server, [(path.name, path.stat().st_size) for path in paths])
    finally:
        ray.kill(server)


class _Server:
    """Reads the files on the machine where they lie."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._files = [os.open(path, os.O_RDONLY) for path in paths]

    def read(self, file: int, size: int, offset: int) -> bytes:
        return os.pread(self._files[file], size, offset)


class _SentFiles:
    """The files as a task sees them."""

    def __init__(self, server: Any, files: Sequence[tuple[str, int]]) -> None:
        self._server, self._files = server, list(files)

    def open(self, file: int) -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(_SentFile(self._server, file, self._files[file][1]), BUFFER_BYTES))

    def path(self, file: int) -> AbstractContextManager[Path]:
        return copied(self.open(file), self._files[file][0])


class _SentFile(io.RawIOBase):
    """A file whose bytes are asked for."""

    def __init__(self, server: Any, file: int, size: int) -> None:
        self._server, self._file, self._size, self._at = server, file, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, target: Any) -> int:
        import ray

        got = ray.get(self._server.read.remote(self._file, len(target), self._at)) if self._at < self._size else b""
        target[: len(got)] = got
        self._at += len(got)
        return len(got)
