"""A pattern that takes too long is refused, and one that does not is Python's `regex`."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
import regex

from sevenfold.contracts.errors import DataError
from sevenfold.refine.grel.bounded_pattern import BoundedPattern, seconds_of_patterns

TEXT = "ab, abc; " * 1_000
CALLS = {
    "search": lambda pattern: pattern.search(TEXT, 3)[0],
    "fullmatch": lambda pattern: pattern.fullmatch(TEXT),
    "sub": lambda pattern: pattern.sub("x", TEXT),
}


@pytest.mark.parametrize("call", CALLS)
def test_it_finds_what_regex_finds(call: str) -> None:
    compiled = regex.compile(r"b\w?[,;]", regex.V1)
    assert CALLS[call](BoundedPattern(compiled, "")) == CALLS[call](compiled)


def test_its_matches_are_those_of_finditer() -> None:
    compiled = regex.compile(r"b\w?[,;]", regex.V1)
    found = BoundedPattern(compiled, "").matches(TEXT)
    assert [match.span() for match in found] == [match.span() for match in compiled.finditer(TEXT)]


@pytest.mark.parametrize("call", [*CALLS.values(), lambda pattern: pattern.matches(TEXT)])
def test_it_gives_up_in_time(call: Callable[[Any], Any]) -> None:
    """With next to no time, any search of a long text takes too long."""
    slow = BoundedPattern(regex.compile(r".*?zz", regex.V1), ".*?zz", seconds=1e-9)
    with pytest.raises(DataError, match="9,000 characters") as raised:
        call(slow)
    assert raised.value.code == "grel_pattern_slow"


def test_many_texts_share_the_time_of_a_request() -> None:
    """Each is done in its own time; together they are not, and afterwards the next request has its own."""
    pattern = BoundedPattern(regex.compile(r"a.*?z[xy]", regex.V1), "a.*?z[xy]")
    texts = [f"{TEXT}{number}" for number in range(20)]
    with seconds_of_patterns(0.05), pytest.raises(DataError) as raised:
        for text in texts:
            pattern.search(text)
    assert raised.value.code == "grel_pattern_slow"
    with seconds_of_patterns(60):
        assert pattern.search("azx") is not None
    assert pattern.search("azx") is not None


@contextmanager
def busy_threads(count: int) -> Iterator[None]:
    """Compute in other threads of this process, without the interpreter's lock."""
    stop, block = threading.Event(), bytes(1 << 20)

    def compute() -> None:
        while not stop.is_set():
            hashlib.sha256(block).digest()

    threads = [threading.Thread(target=compute) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("of_request", [False, True])
def test_what_other_threads_compute_does_not_count(of_request: bool) -> None:
    """A search that takes a quarter of its time is done beside nine threads, where the timeout of `regex` strikes.

    It need not strike at once: how many of the threads compute meanwhile is the machine's business.
    """
    compiled, text = regex.compile(r"a.*?z[xy]", regex.V1), TEXT
    compiled.search(text)  # the first search is slower
    before = time.thread_time()
    compiled.search(text)
    seconds = 4 * (time.thread_time() - before)
    pattern = BoundedPattern(compiled, "a.*?z[xy]", 60.0 if of_request else seconds)
    with busy_threads(9):
        with pytest.raises(TimeoutError):
            for _ in range(50):
                compiled.search(text, timeout=seconds)
        with seconds_of_patterns(seconds) if of_request else nullcontext():
            assert pattern.search(text) is None
