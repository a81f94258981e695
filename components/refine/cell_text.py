"""The text that a refined cell has for what reads the table after the recipe."""

from __future__ import annotations

from typing import Any, Final

from sevenfold.refine.export_csv import exported_text

__all__ = ["cell_text"]

_SPACES: Final = "".join(map(chr, range(33)))


def cell_text(value: Any, decimal: str = ".") -> str:
    """Return what a CSV export holds for a cell, without the spaces around it; a null is the empty text.

    A number is written with the decimal sign of the table, so that the table's notation reads it as the same number.

    >>> cell_text(1.5), cell_text(1.5, ","), cell_text(" a "), cell_text(None)
    ('1.5', '1,5', 'a', '')
    """
    text = exported_text(value).strip(_SPACES)
    return text.replace(".", decimal) if value.__class__ is float else text
