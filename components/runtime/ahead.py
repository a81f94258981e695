"""Items ahead: the next ones are made in another thread while a caller uses the one before."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar, cast

__all__ = ["ahead"]

AHEAD: Final = 2  # items: with one, a small item between large ones would let the thread that makes them wait

Item = TypeVar("Item")
_END = object()


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Yield the items in their order, up to two of them made ahead; what making one raises is raised in its turn."""
    source = iter(items)
    with ThreadPoolExecutor(1) as worker:
        coming = deque(worker.submit(next, source, _END) for _ in range(AHEAD))
        try:
            while (item := coming.popleft().result()) is not _END:
                coming.append(worker.submit(next, source, _END))
                yield cast(Item, item)
        finally:
            for future in coming:
                future.cancel()
