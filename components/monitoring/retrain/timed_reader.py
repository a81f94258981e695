"""Reads a socket against the clock, so that a sender of one byte now and then holds a thread no longer than others."""

from __future__ import annotations

import io
import socket
import time
from typing import Any

__all__ = ["TimedReader"]


class TimedReader(io.RawIOBase):
    """What comes through a socket, for so many seconds from the last `allow` on.

    A socket's own timeout is that of each read: whoever keeps sending keeps it from ending.

    Args:
        connection: the socket; its timeout for writing stays as it is.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._until = connection, 0.0

    def allow(self, seconds: float) -> None:
        """Let reads succeed for so many seconds from now."""
        self._until = time.monotonic() + seconds

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read into a buffer and return how many bytes came; 0 at the end.

        Raises:
            TimeoutError: the seconds are over.
        """
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request took too long")
        writing = self._connection.gettimeout()
        self._connection.settimeout(left)
        try:
            return self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(writing)
