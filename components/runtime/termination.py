"""The moment before a process ends: SIGTERM from a node that is drained or a pod that is deleted, or Ctrl-C.

On Kubeflow less than a second is left: its launcher ends at once, and the container with it.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["on_termination"]

TERMINATED = 128 + signal.SIGTERM


@contextmanager
def on_termination(last: Callable[[], None]) -> Iterator[None]:
    """Call `last` if the process gets SIGTERM or Ctrl-C within the `with` block, and then end; blocks may be nested.

    Raises:
        SystemExit: with status 143 after SIGTERM.
        KeyboardInterrupt: after Ctrl-C, as without the block.
    """

    def handle(number: int, frame: FrameType | None) -> None:
        last()
        if callable(before):  # of a block around this one
            before(number, frame)
        raise SystemExit(TERMINATED)

    before: object = None
    if threading.current_thread() is not threading.main_thread():  # only there may handlers be set
        yield
        return
    before = earlier = signal.signal(signal.SIGTERM, handle)
    try:
        yield
    except KeyboardInterrupt:
        last()
        raise
    finally:
        signal.signal(signal.SIGTERM, earlier)
