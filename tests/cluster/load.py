"""A steady load through the gateway on loopback, bounded in count and time, every answer counted."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

GATEWAY = ("127.0.0.1", 8080)
MOST = 60_000  # requests


@dataclass
class Load:
    """Answers so far: by status (0 is none at all), and by the bundle that made them."""

    host: str
    path: str
    bodies: Sequence[bytes]  # sent in turn
    rate: float = 50.0
    workers: int = 16
    statuses: Counter[int] = field(default_factory=Counter)
    bundles: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    blame: Counter[str] = field(default_factory=Counter)  # answers other than 200, by bundle

    def __enter__(self) -> Load:
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._send, args=(n,), daemon=True) for n in range(self.workers)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=15)

    @property
    def sent(self) -> int:
        """Requests that have an answer, or got none."""
        return sum(self.statuses.values())

    @property
    def lost(self) -> int:
        """Requests without an answer, or with one of 5xx."""
        return sum(count for status, count in self.statuses.items() if status == 0 or status >= 500)

    def since(self) -> Counter[str]:
        """Return the answers per bundle since the last look."""
        with self._lock:
            seen, self.bundles = self.bundles, Counter()
        return seen

    def _send(self, number: int) -> None:
        gap = self.workers / self.rate
        due = time.monotonic() + number * gap / self.workers
        connection = http.client.HTTPConnection(*GATEWAY, timeout=10)
        bodies = itertools.cycle(self.bodies[number :: self.workers])
        while not self._stop.is_set() and self.sent < MOST:
            time.sleep(max(0.0, due - time.monotonic()))
            due = max(due + gap, time.monotonic() - 1.0)
            try:
                headers = {"host": self.host, "content-type": "application/json"}
                connection.request("POST", self.path, next(bodies), headers)
                answer = connection.getresponse()
                text, status = answer.read(), answer.status
                bundle = answer.getheader("x-sevenfold-bundle", "")
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                status, bundle, text = 0, "", repr(error).encode()
            with self._lock:
                self.statuses[status] += 1
                self.bundles[bundle] += 1
                if status != 200:
                    self.blame[bundle] += 1
                    self.failures.append(f"{time.strftime('%H:%M:%S')} {status} {text[:200]!r}")
        connection.close()
