"""Counts in sentences: one thing is not "1 things"."""

from __future__ import annotations

import pytest

from sevenfold.report.quantity import quantity


@pytest.mark.parametrize(
    ("count", "words", "text"),
    [
        (0, ("row",), "0 rows"),
        (1, ("row",), "1 row"),
        (2, ("row",), "2 rows"),
        (12_345, ("class", "classes"), "12,345 classes"),
        (1, ("row repeats", "rows repeat"), "1 row repeats"),
        (-1, ("row",), "-1 rows"),
    ],
)
def test_a_count_has_its_noun(count: int, words: tuple[str, ...], text: str) -> None:
    assert quantity(count, *words) == text
