"""The text of a value inside an expression: Java's ``toString``, which differs from the export for dates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sevenfold.refine.grel.failure import aborted
from sevenfold.refine.grel.json_values import Json
from sevenfold.refine.grel.patterns import Pattern
from sevenfold.refine.values import text_of

__all__ = ["java_text"]


def java_text(value: Any) -> str:
    """Return the text that functions take for a value; null must have been dealt with.

    A date without seconds leaves them out: ``2024-01-31T00:00Z``.

    Raises:
        DataError: for an array, a row or a cell, whose text in OpenRefine holds a memory address.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        text = text_of(value)
        return text[:16] + text[19:] if not value.second and not value.microsecond else _grouped(text, value)
    if isinstance(value, (Json, Pattern)):
        return value.text
    if isinstance(value, list) or hasattr(value, "field"):
        raise aborted(
            "An expression takes the text of an array or a row, which in OpenRefine is a memory address.",
            "Join the array, or take one of its items, before its text is used.",
        )
    return text_of(value)


def _grouped(text: str, value: datetime) -> str:
    """Write a fraction with three or six digits, as Java does."""
    if not value.microsecond:
        return text
    digits = f"{value.microsecond:06d}"
    digits = digits[:3] if digits.endswith("000") else digits
    zone = text[19:].lstrip(".0123456789")
    return f"{text[:19]}.{digits}{zone}"
