"""What the labels of a table count as: themselves, a class that the plan merges them into, or no class at all."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.errors import DataError
from sevenfold.plan.data import DataSection
from sevenfold.tables.labels import same_text

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["LEFT_OUT", "ClassChoice"]

LEFT_OUT: Final = "class_left_out"


class ClassChoice:
    """The choice of a plan: `data.merged_classes` and `data.left_out_classes`, with labels as a dataset has them.

    `counts` has the rows of each label that was merged or left out so far.
    """

    def __init__(self, data: DataSection) -> None:
        self._target = data.target
        column = data.columns.get(data.target)
        self.merged: dict[str, tuple[str, ...]] = {}
        self.left_out: tuple[str, ...] = ()
        self.counts: Counter[str] = Counter()
        self._hidden = column is not None and column.sensitive
        if column is not None:
            self.merged = {
                name: tuple(same_text(label, column) for label in labels)
                for name, labels in data.merged_classes.items()
            }
            self.left_out = tuple(same_text(label, column) for label in data.left_out_classes)
        self._class_of = {label: name for name, labels in self.merged.items() for label in labels}

    @property
    def absent(self) -> list[str]:
        """The labels that the plan names and no row has."""
        return [label for label in (*self._class_of, *self.left_out) if not self.counts[label]]

    def applied(self, labels: pa.DictionaryArray) -> tuple[pa.DictionaryArray, NDArray[np.bool_]]:
        """Return the class of each row, and which rows are left out, shape ``[n]``.

        Raises:
            DataError: ``ambiguous_class`` for a label with the name of a class that is made of others.
        """
        import pyarrow as pa

        nothing = np.zeros(len(labels), dtype=np.bool_)
        if not self._class_of and not self.left_out:
            return labels, nothing
        texts = labels.dictionary.to_pylist()
        codes = labels.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
        rows = np.bincount(codes, minlength=len(texts) + 1)[: len(texts)].tolist()
        for text, count in zip(texts, rows, strict=True):
            if text in self._class_of or text in self.left_out:
                self.counts[text] += count
            elif count and text in self.merged:
                raise self._ambiguous(text)
        names = [self._class_of.get(text, text) for text in texts]
        distinct = list(dict.fromkeys(names))
        position = pa.array([distinct.index(name) for name in names], pa.int32())
        mask = np.array([*(text in self.left_out for text in texts), False], dtype=np.bool_)
        return pa.DictionaryArray.from_arrays(position.take(labels.indices), pa.array(distinct, pa.string())), mask[
            codes
        ]

    def _ambiguous(self, text: str) -> DataError:
        shown = "one of them" if self._hidden else repr(text[:60])
        return DataError(
            "ambiguous_class",
            f"A class of data.merged_classes must not have the name of a label that it is not made of, but {shown} is "
            f"a label of {self._target!r}.",
            remedy="Name the class otherwise, or list the label among those it is made of.",
        )
