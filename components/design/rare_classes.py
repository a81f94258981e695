"""Labels too rare for a class of their own: what the plan proposes to count them as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sevenfold.contracts.errors import DataError

__all__ = ["MIN_ROWS_PER_CLASS", "ClassProposal", "propose_classes"]

MIN_ROWS_PER_CLASS: Final = 6  # two on each of the three sides of a split
MOST_RARE: Final = 0.2  # share of the rows: where more have rare labels, the target is no class
MERGED: Final = "other"
SHOWN: Final = 12
CHARACTERS: Final = 40

Counts = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class ClassProposal:
    """The classes with their counts, the most frequent first, and the rare labels that are merged or left out."""

    classes: Counts
    rare: Counts = ()
    merged: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    def class_of(self, label: str) -> str | None:
        """Return the class that a label counts as, None for one that is left out."""
        if label in self.left_out:
            return None
        return next((name for name, labels in self.merged.items() if label in labels), label)

    def entry(self) -> dict[str, Any]:
        """Return what section `data` says of merged and left out classes."""
        entry: dict[str, Any] = {}
        if self.merged:
            entry["merged_classes"] = {name: list(labels) for name, labels in self.merged.items()}
        if self.left_out:
            entry["left_out_classes"] = list(self.left_out)
        return entry

    def remark(self) -> str:
        """Return in a sentence or two which labels are rare and what else a person could do; "" where none is."""
        if not self.rare:
            return ""
        text = f"Too rare for a class of its own, which needs {MIN_ROWS_PER_CLASS} rows: {_listed(self.rare)}. "
        if self.merged:
            return text + "They count as one class; or leave their rows out, with left_out_classes."
        return text + "Their rows are left out; or merge them into another class, with merged_classes: {name: [label]}."


def propose_classes(name: str, labels: Counts, *, hidden: bool) -> ClassProposal:
    """Return the classes of a target: labels of six rows or more, and one of all others if they have so many together.

    Args:
        name: the target.
        labels: every label with its rows.
        hidden: whether labels must not be named.

    Raises:
        DataError: ``rare_class`` where no two labels are frequent, too many rows have rare ones, or labels must not be
            named, since a plan would name them.
    """
    ordered = tuple(sorted(labels, key=lambda row: (-row[1], row[0])))
    rare = tuple(row for row in ordered if row[1] < MIN_ROWS_PER_CLASS)
    frequent = ordered[: len(ordered) - len(rare)]
    if not rare:
        return ClassProposal(ordered)
    rows = sum(count for _, count in rare)
    if hidden or len(frequent) < 2 or rows > MOST_RARE * sum(count for _, count in ordered):
        raise _rare_class(name, ordered, rare, hidden)
    texts = tuple(label for label, _ in rare)
    if len(rare) < 2 or rows < MIN_ROWS_PER_CLASS:
        return ClassProposal(frequent, rare, left_out=texts)
    merged = _free_name([label for label, _ in frequent])
    classes = tuple(sorted((*frequent, (merged, rows)), key=lambda row: (-row[1], row[0])))
    return ClassProposal(classes, rare, merged={merged: texts})


def _free_name(taken: Sequence[str]) -> str:
    """Return a name that no label has, in whatever case."""
    lower = {label.casefold() for label in taken}
    names = (MERGED, f"{MERGED} classes", *(f"{MERGED} classes {number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in lower)


def _rare_class(name: str, labels: Counts, rare: Counts, hidden: bool) -> DataError:
    shown = "" if hidden else f": {_listed(rare)}"
    many = f"{len(rare)} of {len(labels)} have fewer" if len(rare) > 1 else f"1 of {len(labels)} has fewer"
    return DataError(
        "rare_class",
        f"Every class of the target {name!r} must have {MIN_ROWS_PER_CLASS} rows or more, two for each side of the "
        f"split, but {many}{shown}.",
        remedy="Merge or remove rare classes, or name another target.",
    )


def _listed(labels: Counts) -> str:
    some = ", ".join(f"{label[:CHARACTERS]!r} has {count}" for label, count in labels[:SHOWN])
    return some + (f" and {len(labels) - SHOWN} more" if len(labels) > SHOWN else "")
