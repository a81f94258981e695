"""True targets of rows, as whoever knows them writes them: class labels or numbers, as the answers of a model do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import InputError
from sevenfold.contracts.schema import Task, label_text
from sevenfold.contracts.signature import Signature

__all__ = ["Truth", "read_labels"]


@dataclass(frozen=True)
class Truth:
    """What is known of n rows.

    `scored` (`[n]`) marks the rows whose label the model could have predicted, `values` holds their class index (int64)
    or their number (float64), in order. The other rows are counted by the reason: `missing`, `unknown` (a class that
    the model does not have) and `left_out` (a class whose rows the model is not asked about).
    """

    scored: NDArray[np.bool_]
    values: NDArray[Any]
    missing: int = 0
    unknown: int = 0
    left_out: int = 0


def read_labels(labels: Sequence[Any], signature: Signature) -> Truth:
    """Read the labels of a request, one for each row.

    A class is written as the model's answers write it; true, 3 and 3.0 are the classes "true", "3" and "3". Null and
    what the table wrote for a missing value are missing. A class that the plan merged into another counts as that.

    Raises:
        InputError: ``wrong_label`` for a value that is no label of the task, by its number; never with the value, which
            may be sensitive.
    """
    return _numbers(labels, signature) if signature.task is Task.REGRESSION else _classes(labels, signature)


def _numbers(labels: Sequence[Any], signature: Signature) -> Truth:
    absent = (None, *signature.notation.missing_numbers)
    numbers = np.full(len(labels), np.nan)
    for row, label in enumerate(labels):
        if label in absent and not isinstance(label, bool):
            continue
        if type(label) not in (int, float):
            raise _wrong(row, "a number or null", label)
        try:
            numbers[row] = label
        except OverflowError:
            raise _wrong(row, "a number of float64's range", label) from None
    scored = ~np.isnan(numbers)
    return Truth(scored, numbers[scored], missing=int(np.count_nonzero(~scored)))


def _classes(labels: Sequence[Any], signature: Signature) -> Truth:
    index = {name: position for position, name in enumerate(signature.classes)}
    merged = {
        label: index[name] for name, parts in signature.merged_classes.items() for label in parts if name in index
    }
    codes = [_code(row, label, merged | index, signature) for row, label in enumerate(labels)]
    known = np.array(codes, dtype=np.int64)
    scored = known >= 0
    return Truth(
        scored,
        known[scored],
        missing=codes.count(_MISSING),
        unknown=codes.count(_UNKNOWN),
        left_out=codes.count(_LEFT_OUT),
    )


_MISSING, _UNKNOWN, _LEFT_OUT = -1, -2, -3


def _code(row: int, label: Any, index: dict[str, int], signature: Signature) -> int:
    if label is None:
        return _MISSING
    if not isinstance(label, str | int | float):
        raise _wrong(row, "a text, a number, true, false or null", label)
    text = label_text(label).strip()
    if text in index:
        return index[text]
    if text in signature.left_out_classes:
        return _LEFT_OUT
    return _MISSING if text in signature.notation.tokens else _UNKNOWN


def _wrong(row: int, expected: str, label: Any) -> InputError:
    return InputError(
        "wrong_label",
        f"labels[{row}] must be {expected}, but is a value of type {type(label).__name__}.",
        field="labels",
        remedy="Write labels as the answers of :predict do.",
    )
