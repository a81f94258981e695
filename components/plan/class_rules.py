"""Rules about the classes that a plan merges or leaves out: each label has one fate."""

from __future__ import annotations

from collections.abc import Iterator

from sevenfold.contracts.schema import Task
from sevenfold.plan.column_rules import Breach
from sevenfold.plan.data import DataSection

__all__ = ["class_breaches"]


def class_breaches(data: DataSection) -> Iterator[Breach]:
    """Yield every rule about merged and left out classes that `data` breaks."""
    merged, left_out = ("data", "merged_classes"), ("data", "left_out_classes")
    if data.task is Task.REGRESSION:
        for key, given in ((merged, data.merged_classes), (left_out, data.left_out_classes)):
            if given:
                yield key, "belongs to task binary or multiclass", repr(data.task.value), "Remove it."
        return
    seen: dict[str, str] = {}
    for name, labels in data.merged_classes.items():
        if not name.strip() or not labels:
            yield (*merged, name), "a class has a name, and labels that it is made of", repr(list(labels)), "Add them."
        if name in data.left_out_classes:
            yield (*merged, name), "is left out, so nothing counts as it", repr(name), "Remove one of both."
        for label in labels:
            if seen.get(label, name) != name:
                yield (*merged, name), "a label counts as one class", repr(label), f"{seen[label]!r} has it too."
            seen[label] = name
    for label in data.left_out_classes:
        if label in seen:
            yield left_out, "a label is merged or left out, not both", repr(label), f"{seen[label]!r} has it too."
