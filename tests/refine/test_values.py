"""The text that Java writes for each kind of value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from sevenfold.refine.values import EvalError, is_blank, text_of, wrap

EAST = timezone(timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (5, "5"),
        (5.0, "5.0"),
        (-0.0, "-0.0"),
        (0.001, "0.001"),
        (0.0001, "1.0E-4"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (-1.25e-10, "-1.25E-10"),
        (1.7976931348623157e308, "1.7976931348623157E308"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (datetime(2024, 1, 31, tzinfo=UTC), "2024-01-31T00:00:00Z"),
        (datetime(2024, 1, 31, 6, 7, 8, 90_000, tzinfo=EAST), "2024-01-31T06:07:08.09+05:30"),
        ([1, None, "a"], "[1, null, a]"),
        (EvalError("no number"), "no number"),
    ],
)
def test_the_text_is_javas(value: Any, text: str) -> None:
    assert text_of(value) == text


def test_only_null_and_the_empty_text_are_blank() -> None:
    assert [is_blank(value) for value in (None, "", " ", 0, False, EvalError(""))] == [True, True, *[False] * 4]


def test_an_integer_goes_on_at_the_other_end() -> None:
    assert wrap(1 << 63) == -(1 << 63)
    assert wrap(-(1 << 63) - 1) == (1 << 63) - 1
    assert wrap(42) == 42
