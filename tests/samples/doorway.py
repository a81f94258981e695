"""A way to an endpoint that can be shut: connections are refused meanwhile, as by a server that is away."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class Doorway:
    """Passes bytes to and fro; a context manager, which is open from its start.

    Args:
        host: address to listen on.
        to: host and port behind it.
    """

    def __init__(self, host: str, to: tuple[str, int]) -> None:
        self._to, self._open = to, True
        self._server = socket.create_server((host, 0), backlog=64)
        self.address = f"http://{host}:{self._server.getsockname()[1]}"
        self.refused = 0
        self._within: set[socket.socket] = set()

    def __enter__(self) -> Doorway:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)  # closing alone does not wake the thread that accepts
        self._server.close()
        self._let_go()

    @contextlib.contextmanager
    def shut(self) -> Iterator[None]:
        """Let nobody through within the block; who is within is let go."""
        self._open = False
        self._let_go()
        try:
            yield
        finally:
            self._open = True

    def _let_go(self) -> None:
        for each in tuple(self._within):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                near, _ = self._server.accept()
                if self._open:
                    threading.Thread(target=self._pass, args=(near,), daemon=True).start()
                else:
                    self.refused += 1
                    near.close()

    def _pass(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(self._to, timeout=30)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        self._within |= {near, far}
        back = threading.Thread(target=_pump, args=(far, near), daemon=True)
        back.start()
        _pump(near, far)
        back.join()
        self._within -= {near, far}
        near.close()
        far.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
