"""Which column of a model's probabilities belongs to which class, by the labels that the model says itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import TrainingError

__all__ = ["column_order"]


def column_order(
    labels: NDArray[Any], probabilities: NDArray[np.floating[Any]], classes: Sequence[str]
) -> tuple[int, ...]:
    """Return the column of each class, ``[classes]``.

    The label of a row names the class of its largest probability. Where one column at least is largest nowhere, the
    last one is known by elimination; of more than one, the order must be that of `classes` or that of the sorted
    labels, whichever the rows allow.

    Args:
        labels: what the model says, ``[rows]``: names of classes, or whole numbers.
        probabilities: ``[rows, classes]``, the model's columns.
        classes: the dataset's classes, in its order.

    Raises:
        TrainingError: ``model_outputs`` for labels that are no classes, that contradict the probabilities, or that
            leave open what they mean.
    """
    named, sorted_order = _class_indices(labels, classes)
    count = len(classes)
    ordered = np.sort(probabilities, axis=1)
    clear = ordered[:, -1] > ordered[:, -2]
    largest = probabilities.argmax(axis=1)
    known: dict[int, int] = {}  # class by column
    for column in range(count):
        said = np.unique(named[clear & (largest == column)])
        if len(said) > 1 or (len(said) and int(said[0]) in known.values()):
            raise _refused(
                f"where column {column} is the largest, the label is one of {[classes[index] for index in said][:5]}",
                "Fit on dataset.target(...), and take the label off the graph: it says something else.",
            )
        if len(said):
            known[column] = int(said[0])
    if len(known) == count - 1:
        (column,) = set(range(count)) - set(known)
        (known[column],) = set(range(count)) - set(known.values())
    if len(known) == count:
        return tuple(int(column) for column in np.argsort([known[column] for column in range(count)]))
    orders = {order for order in (tuple(range(count)), sorted_order) if all(order[c] == k for c, k in known.items())}
    if len(orders) != 1:
        raise _refused(
            f"on the validation rows only {len(known)} of {count} columns are ever the largest, which leaves the order "
            "of the others open",
            "Fit on dataset.target(...): then the columns stand in the order of the classes.",
        )
    return tuple(int(column) for column in np.argsort(orders.pop()))


def _class_indices(labels: NDArray[Any], classes: Sequence[str]) -> tuple[NDArray[np.int64], tuple[int, ...]]:
    """Return the class of each label, and the classes in the order in which a library sorts the labels."""
    count, numbers = len(classes), {name: index for index, name in enumerate(classes)}
    said = sorted(set(labels.tolist()))
    if labels.dtype.kind not in "iu":
        strange = [label for label in said if label not in numbers]
        if strange:
            raise _refused(f"the model says {strange[:5]}, and the classes are {list(classes)[:8]}")
        indices = np.array([numbers[label] for label in labels.tolist()], dtype=np.int64)
        return indices, tuple(numbers[name] for name in sorted(classes))
    as_index = all(0 <= label < count for label in said)
    as_name = all(str(label) in numbers for label in said)
    if as_index and as_name and any(numbers[str(label)] != label for label in said):
        raise _refused(
            f"the model says {said[:5]}, which are positions among the classes {list(classes)[:8]} and names of them",
            "Fit on dataset.labels(...), so that the labels are texts.",
        )
    if as_index:
        return labels.astype(np.int64), tuple(range(count))
    if as_name:
        indices = np.array([numbers[str(label)] for label in labels.tolist()], dtype=np.int64)
        return indices, tuple(sorted(range(count), key=lambda index: _value(classes[index])))
    raise _refused(f"the model says {said[:5]}, and the classes are {list(classes)[:8]}")


def _value(name: str) -> tuple[int, str]:
    return (int(name), "") if name.lstrip("-").isdecimal() else (0, name)


def _refused(state: str, remedy: str = "Fit on dataset.target(...) or dataset.labels(...).") -> TrainingError:
    return TrainingError(
        "model_outputs", f"The labels of the model must be classes of the target, but {state}.", remedy=remedy
    )
