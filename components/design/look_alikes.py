"""Values of a category that look like one, written in several ways: those with the same fingerprint in OpenRefine."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sevenfold.refine.keyers.fingerprint import fingerprint

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.design.typed_table import TypedTable

__all__ = ["LookAlike", "look_alikes", "merge_command", "merged_file"]

MOST: Final = 5_000  # different values of a column; more would take long
_DIGITS: Final = re.compile(r"\d+")


@dataclass(frozen=True)
class LookAlike:
    """Values that look like one.

    Args:
        named: those that enough rows have to be named, the most frequent first.
        values: how many there are.
        rows: how many rows have one of them.
    """

    named: tuple[str, ...]
    values: int
    rows: int


def look_alikes(levels: pl.DataFrame, least: int) -> tuple[LookAlike, ...]:
    """Return the groups of values with the same fingerprint, that of the most rows first; none of too many values.

    Values whose numbers differ, such as ``v1.0`` and ``v10``, are no group, nor are those of punctuation alone.

    Args:
        levels: the different values (``value``) and how many rows have each (``count``).
        least: rows from which a value is named.
    """
    if levels.height > MOST:
        return ()
    groups: dict[tuple[str, ...], list[tuple[str, int]]] = {}
    for text, count in levels.iter_rows():
        groups.setdefault((fingerprint(text), *_DIGITS.findall(text)), []).append((text, count))
    found = [_look_alike(group, least) for (key, *_), group in groups.items() if len(group) > 1 and key]
    return tuple(sorted(found, key=lambda each: (-each.rows, each.named)))


def _look_alike(group: Sequence[tuple[str, int]], least: int) -> LookAlike:
    ordered = sorted(group, key=lambda entry: (-entry[1], entry[0]))
    named = tuple(text for text, count in ordered if count >= least)
    return LookAlike(named, len(ordered), sum(count for _, count in ordered))


def merged_file(table: TypedTable) -> str:
    """Return the file that the command for a table writes: another one than the plan's recipe."""
    return "merged.json" if table.refined else "history.json"


def merge_command(table: TypedTable, column: str, path: str = "", recipe: str = "", behind: str = "") -> str:
    """Return the command that asks which of a column's values to merge.

    Args:
        table: the table, of one file.
        column: the column.
        path: of the file, as it is to be written; empty takes its name.
        recipe: of a refined table, the path of its recipe; empty takes RECIPE.
        behind: the history that the merge is written behind, where another column is merged first.
    """
    words = ["sevenfold", "refine", path or table.source.removeprefix("refined ")]
    words += [behind or recipe or "RECIPE"] if behind or table.refined else []
    words += ["--cluster", column, "--out", merged_file(table)]
    dialect = table.dialect
    if dialect.format == "csv" and dialect.delimiter != ",":
        words += ["--delimiter", "tab" if dialect.delimiter == "\t" else dialect.delimiter]
    if dialect.format == "csv" and dialect.encoding != "utf-8":
        words += ["--encoding", dialect.encoding]
    return shlex.join(words)
