"""A pattern that takes too long is refused, and one that does not is Python's `regex`."""

from __future__ import annotations

import pytest
import regex

from sevenfold.contracts.errors import DataError
from sevenfold.refine.grel.bounded_pattern import BoundedPattern

TEXT = "ab, abc; " * 1_000
CALLS = {
    "search": lambda pattern: pattern.search(TEXT, 3)[0],
    "fullmatch": lambda pattern: pattern.fullmatch(TEXT),
    "sub": lambda pattern: pattern.sub("x", TEXT),
    "finditer": lambda pattern: [found.span() for found in pattern.finditer(TEXT)],
}


@pytest.mark.parametrize("call", CALLS)
def test_it_finds_what_regex_finds(call: str) -> None:
    compiled = regex.compile(r"b\w?[,;]", regex.V1)
    assert CALLS[call](BoundedPattern(compiled, "")) == CALLS[call](compiled)


@pytest.mark.parametrize("call", CALLS)
def test_it_gives_up_in_time(call: str) -> None:
    """With next to no time, any search of a long text takes too long."""
    slow = BoundedPattern(regex.compile(r".*?zz", regex.V1), ".*?zz", seconds=1e-9)
    with pytest.raises(DataError, match="9,000 characters") as raised:
        CALLS[call](slow)
    assert raised.value.code == "grel_pattern_slow"
