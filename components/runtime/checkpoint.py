"""Unfinished work of a task, kept where the next attempt finds it.

A checkpoint lies under a key: the digest of everything that decides the task's result. So an attempt never goes on with
the work of another table, plan or version, and nobody needs to know which attempt comes after which. Each file begins
with the SHA-256 of the rest; one that was cut short or changed counts as none. A store that cannot be reached costs
the work between two checkpoints, never the task.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from sevenfold.contracts.canonical import digest_of, write_whole
from sevenfold.runtime.progress import OnMessage
from sevenfold.runtime.retry import Backoff, with_retries

__all__ = ["CheckpointStore", "Checkpoints", "Draft", "checkpoints_at", "store_at"]

HEAD_BYTES = 65  # 64 digits and a line feed
PATIENCE = Backoff(attempts=4, budget_seconds=20.0)


class CheckpointStore(Protocol):
    """Keeps the checkpoints of one key; a file is there as a whole or not at all. Raises OSError."""

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes, or None where there is none."""

    def write(self, name: str, content: bytes) -> None:
        """Put a file, and replace one of the same name."""

    def remove(self) -> None:
        """Remove all files of the key."""


class Checkpoints:
    """The checkpoints of one task.

    Args:
        store: where they lie; None keeps nothing.
        on_message: gets a sentence when the store cannot be read or written.
    """

    def __init__(self, store: CheckpointStore | None = None, on_message: OnMessage = lambda message: None) -> None:
        self._store, self.on_message, self._failing = store, on_message, False

    @property
    def kept(self) -> bool:
        """Whether anything is kept at all."""
        return self._store is not None

    def read(self, name: str) -> bytes | None:
        """Return the last whole checkpoint of that name, or None."""
        store = self._store
        if store is None:
            return None
        try:
            file = with_retries(lambda: store.read(name), (OSError,), backoff=PATIENCE, on_message=self.on_message)
        except OSError as fault:
            # Without the right to read there is none to write either; a store that is down may come back.
            self.on_message(f"checkpoints cannot be read, so the work begins anew: {str(fault)[:200]}")
            return None
        content = file[HEAD_BYTES:] if file else b""
        return content if file and file[:HEAD_BYTES] == _head(content) else None

    def write(self, name: str, content: bytes) -> bool:
        """Keep a checkpoint; return False, and say so once, where the store does not take it."""
        if self._store is None:
            return False
        try:
            self._store.write(name, _head(content) + content)
        except OSError as fault:
            if not self._failing:
                self.on_message(f"a checkpoint could not be kept; the work goes on without: {str(fault)[:200]}")
            self._failing = True
            return False
        self._failing = False
        return True

    def remove(self) -> None:
        """Remove what was kept: the work is done."""
        if self._store is not None:
            try:
                self._store.remove()
            except OSError as fault:
                self.on_message(f"old checkpoints could not be removed: {str(fault)[:200]}")


class Draft:
    """The newest state of some work under one name, written now and then: at most a fiftieth of the time goes to it.

    Args:
        checkpoints: where it is kept.
        name: its file.
        of: what the work is, where several pieces of work follow each other under one name.
        seconds: longest time between two writes, as far as `share` lets it; early on it is a twentieth of the time so
            far, at least 2 s, so that work which is killed again and again still gets further.
        share: most of the time that writing may take.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        name: str,
        *,
        of: object = None,
        seconds: float = 30.0,
        share: float = 0.02,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._checkpoints, self._name, self._head = checkpoints, name, digest_of(of).encode() + b"\n"
        self._seconds, self._share, self._clock = seconds, share, clock
        self._begun = self._written = self._taken = clock()
        self._cost = 0.0
        self._pending: bytes | None = None

    def read(self) -> bytes | None:
        """Return the last state that was written of this work, or None."""
        state = self._checkpoints.read(self._name)
        if state is None or not state.startswith(self._head):
            return None
        self._checkpoints.on_message("going on from where an earlier attempt stopped")
        return state[len(self._head) :]

    def offer(self, content: Callable[[], bytes | None]) -> None:
        """Take the present state: called where there is something to keep and time for it, and written when due.

        None is a state that cannot be kept. What was taken and not written is at hand for `flush`.
        """
        if not self._checkpoints.kept:
            return
        now = self._clock()
        pace = min(self._seconds, max(2.0, (now - self._begun) / 20))
        due = now - self._written >= max(pace, self._cost / self._share)
        if not due and now - self._taken < min(1.0, self._seconds):
            return
        self._pending = content()
        if due:
            self.flush()
        self._taken = self._clock()
        self._cost = max(self._cost, self._taken - now) if due else self._cost

    def flush(self) -> None:
        """Write what was taken and not written yet."""
        pending, self._pending = self._pending, None
        if pending is not None:
            self._checkpoints.write(self._name, self._head + pending)
            self._written = self._clock()


def checkpoints_at(address: str | None, work: object, on_message: OnMessage = lambda message: None) -> Checkpoints:
    """Return the checkpoints of some work below an address: a folder, or ``s3://`` or ``gs://``; None keeps nothing.

    Args:
        address: where checkpoints are kept.
        work: everything that decides the result, as JSON takes it.
        on_message: gets a sentence when the address cannot be read or written.
    """
    if not address:
        return Checkpoints()
    key = digest_of(work).removeprefix("sha256:")[:32]
    return Checkpoints(store_at(address, key), on_message)


def store_at(address: str, key: str) -> CheckpointStore:
    """Return the store of one key below an address: a folder, or ``s3://`` or ``gs://``; nothing is spoken to yet."""
    if "://" not in address:
        return _Folder(Path(address) / key)
    return _Store(f"{address.rstrip('/')}/{key}")


def _head(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode() + b"\n"


class _Folder:
    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, name: str) -> bytes | None:
        try:
            return (self._path / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        write_whole(self._path / name, content)

    def remove(self) -> None:
        if self._path.exists():
            shutil.rmtree(self._path)


class _Store:
    """Below an address of an object store; pyarrow is imported, and the store first spoken to, when it is needed."""

    def __init__(self, address: str) -> None:
        self._address = re.sub(r"^minio://", "s3://", address)
        self._opened: tuple[Any, str] | None = None

    def read(self, name: str) -> bytes | None:
        system, path = self._open()
        try:
            with system.open_input_stream(f"{path}/{name}", compression=None) as stream:
                return bytes(stream.read())
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        system, path = self._open()
        # One write, then the close that makes the object: before it, nothing is visible.
        with system.open_output_stream(f"{path}/{name}", compression=None) as stream:
            stream.write(content)

    def remove(self) -> None:
        system, path = self._open()
        with contextlib.suppress(FileNotFoundError):
            system.delete_dir(path)

    def _open(self) -> tuple[Any, str]:
        if self._opened is None:
            from pyarrow import fs

            self._opened = fs.FileSystem.from_uri(self._address)
        return self._opened
