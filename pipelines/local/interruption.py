"""What ends a local run early: Ctrl-C, SIGTERM, SIGHUP, or a reader of its output that goes away."""

from __future__ import annotations

import codecs
import contextlib
import io
import math
import os
import select
import signal
import stat
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import IO, Final

from rich.console import Console

__all__ = ["InterruptibleConsole", "Interruptions", "RunInterrupted", "interruptions", "lines_while_read"]

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
LOOK_SECONDS: Final = 60.0  # between two looks at the time, where nothing is written
CHUNK_BYTES: Final = 1 << 16
GONE: Final = select.POLLERR | select.POLLHUP | select.POLLNVAL


class RunInterrupted(KeyboardInterrupt):
    """A run is to stop at once; `cause` is the signal that says so."""

    def __init__(self, cause: signal.Signals) -> None:
        super().__init__(cause.name)
        self.cause = cause

    @property
    def exit_status(self) -> int:
        """The status that a shell expects of what a signal ended: 130 after Ctrl-C, 143 after SIGTERM."""
        return 128 + self.cause

    @property
    def reason(self) -> str:
        """The cause in words."""
        match self.cause:
            case signal.SIGINT:
                return "by Ctrl-C"
            case signal.SIGPIPE:
                return "since nobody reads its output any more"
            case _:
                return f"by {self.cause.name}"


class InterruptibleConsole(Console):
    """A console that interrupts the run where nobody reads it any more."""

    def on_broken_pipe(self) -> None:
        """Raise RunInterrupted, from the print that met the closed pipe."""
        raise RunInterrupted(signal.SIGPIPE)


class Interruptions:
    """Says which signals still interrupt: the first one does, and none after `ignore`."""

    def __init__(self) -> None:
        self._ignored = False

    def ignore(self) -> None:
        """Let no further signal interrupt: the run is decided, or already stops."""
        self._ignored = True

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Raise RunInterrupted for the first signal."""
        if not self._ignored:
            self._ignored = True
            raise RunInterrupted(signal.Signals(number))


@contextlib.contextmanager
def interruptions() -> Iterator[Interruptions]:
    """Let SIGINT, SIGTERM, SIGHUP and SIGQUIT raise RunInterrupted within the block, the first of them alone.

    A signal that is ignored from the start stays so: `nohup` asks for that. Outside the main thread nothing changes.
    """
    given = Interruptions()
    before: dict[signal.Signals, object] = {}
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, given.handle)
    try:
        yield given
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]


def lines_while_read(stream: IO[bytes], output: object, most_seconds: float = math.inf) -> Iterator[str]:
    """Yield the lines of a pipe until its end, for as long as somebody reads `output`.

    Args:
        stream: the read end of a pipe.
        output: the file that is written meanwhile; only a pipe, a socket or a terminal can lose its reader.
        most_seconds: longest time until the end of the pipe.

    Raises:
        TimeoutError: it took longer.
        RunInterrupted: once the reader of `output` is gone: SIGHUP for a terminal, else SIGPIPE.
    """
    poll = select.poll()
    poll.register(stream, select.POLLIN)
    written = _watchable(output)
    if written is not None:
        poll.register(written, 0)
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")("replace"), translate=True)
    rest, end = "", time.monotonic() + most_seconds
    while True:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        ready = dict(poll.poll(min(left, LOOK_SECONDS) * 1_000))
        if written is not None and ready.get(written, 0) & GONE:
            raise RunInterrupted(signal.SIGHUP if os.isatty(written) else signal.SIGPIPE)
        if stream.fileno() not in ready:
            continue
        chunk = os.read(stream.fileno(), CHUNK_BYTES)
        *lines, rest = (rest + decoder.decode(chunk, final=not chunk)).split("\n")
        yield from (f"{line}\n" for line in lines)
        if not chunk:
            yield from [rest] if rest else []
            return


def _watchable(output: object) -> int | None:
    """Return the descriptor of an output that can lose its reader; None for a file, or for no file at all."""
    try:
        descriptor = int(output.fileno())  # type: ignore[attr-defined]
        mode = os.fstat(descriptor).st_mode
    except (AttributeError, OSError, ValueError):
        return None
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor):
        return descriptor
    return None
