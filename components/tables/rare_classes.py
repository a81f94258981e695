"""Classes that lack rows on a side of the split: each named with its rows, and what to write into the plan."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.report.quantity import quantity

__all__ = ["MIN_CLASS_ROWS", "class_counts", "require_classes"]

MIN_CLASS_ROWS: Final = 2  # on each side
SHOWN: Final = 8
LISTED: Final = 50
CHARACTERS: Final = 60
AT_ONCE: Final = 1 << 15  # rows that the processor's cache holds


def class_counts(sides: NDArray[np.int8], target: NDArray[Any], classes: int, least: int = 0) -> list[list[int]]:
    """Return how many rows of each class lie on each side, a list per class; memory holds no mask of all rows.

    Args:
        sides: the side of each row, from 0.
        target: class index of each row.
        classes: how many there are.
        least: so many sides are counted, though there be fewer.
    """
    counts = np.zeros((classes, max(least, int(sides.max(initial=0)) + 1)), dtype=np.int64)
    for start in range(0, len(sides) if classes else 0, AT_ONCE):
        some = slice(start, start + AT_ONCE)
        cells = target[some].astype(np.int64) * counts.shape[1] + sides[some]
        counts += np.bincount(cells, minlength=counts.size).reshape(counts.shape)
    listed: list[list[int]] = counts.tolist()
    return listed


def require_classes(
    sides: NDArray[np.int8],
    target: NDArray[Any],
    classes: tuple[str, ...],
    names: Sequence[str],
    *,
    hidden: bool,
    remedy: str,
) -> None:
    """See that every class has two rows or more on each side.

    Args:
        sides: the side of each row.
        target: class index of each row.
        classes: names of the classes; empty for regression.
        names: of the sides.
        hidden: whether classes must not be named.
        remedy: what else helps, as a sentence.

    Raises:
        DataError: ``rare_class``.
    """
    lacking: list[str] = []
    rare: list[str] = []
    rows = 0
    of_classes = class_counts(sides, target, len(classes), len(names))
    for index, (name, everywhere) in enumerate(zip(classes, of_classes, strict=True)):
        counts = everywhere[: len(names)]
        if min(counts) < MIN_CLASS_ROWS:
            total = sum(everywhere)
            shown = f"number {index}" if hidden else repr(name[:CHARACTERS])
            side = next(at for at, count in enumerate(counts) if count < MIN_CLASS_ROWS)
            lacking.append(f"class {shown} has {counts[side]} among the {names[side]} rows ({total} in all)")
            rare.append(name)
            rows += total
    if not lacking:
        return
    more = f", and {quantity(len(lacking) - SHOWN, 'class', 'classes')} more" if len(lacking) > SHOWN else ""
    raise DataError(
        "rare_class",
        f"Every class must have {MIN_CLASS_ROWS} rows or more on each side of the split, but "
        f"{', '.join(lacking[:SHOWN])}{more}.",
        remedy=f"{_lines(rare, rows, len(names), hidden)} {remedy}",
    )


def _lines(rare: list[str], rows: int, sides: int, hidden: bool) -> str:
    """Return the lines of a plan that merge the classes or leave them out."""
    if hidden or len(rare) > LISTED:
        return "Merge the classes with data.merged_classes, or leave their rows out with data.left_out_classes."
    listed = f"[{', '.join(json.dumps(name, ensure_ascii=False) for name in rare)}]"
    left_out = f"left_out_classes: {listed}"
    if len(rare) < 2 or rows < sides * MIN_CLASS_ROWS:
        return f"Leave the rows out with {left_out} in section data, or merge the class with another."
    return f"Write into section data of the plan merged_classes: {{other: {listed}}}, or {left_out}."
