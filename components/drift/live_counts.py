"""Count a model's inputs and predictions in the bins of its reference, cheaply enough for every request.

Categories are counted at once, a look-up each. Numbers and dates wait, packed, until some hundred rows are counted in
one go: per value that costs a tenth of counting each row alone. What waits is counted before the counts are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.reference import FeatureBins, Reference
from sevenfold.contracts.signature import MISSING, Signature
from sevenfold.drift.bins import count_bins, prediction_values
from sevenfold.scoring.feeds import Feeds
from sevenfold.scoring.scorer import Prediction

__all__ = ["DriftCounter"]

PACKED_ROWS: Final = 512  # rows that wait at most, however many requests they came in
MANY_ROWS: Final = 64  # of one request, from which on arrays are cheaper than a loop


class _Levels(dict[str, int]):
    """The bin of every text: `unseen` for one that the reference does not know."""

    def __init__(self, index: Mapping[str, int], unseen: int) -> None:
        super().__init__(index)
        self.unseen = unseen
        self._signs = _spread({text: chr(position) for text, position in index.items()})
        self._strange = False  # whether the last texts held one that is unseen

    def __missing__(self, text: str) -> int:
        return self.unseen

    def bins_of(self, texts: Sequence[str]) -> bytes:
        """Return the bins of two texts or more, a byte each, for there are few bins.

        Texts that are all known are looked up in one go, which takes half the time of asking for one after the other.
        """
        if not self._strange:
            try:
                return "".join(itemgetter(*texts)(self._signs)).encode()
            except KeyError:
                self._strange = True
        found = bytes(map(self.__getitem__, texts))
        self._strange = self.unseen in found
        return found


def _spread(signs: dict[str, str]) -> dict[str, str]:
    """Return the same entries in a table with room for three times as many.

    Where few of them collide, a look-up takes a third less. The room is that of texts which no value can be, for none
    holds a NUL: put in last and taken out again, they stand in no entry's way.
    """
    room = [f"\0{number}" for number in range(2 * len(signs))]
    signs.update(dict.fromkeys(room, ""))
    for text in room:
        del signs[text]
    return signs


class DriftCounter:
    """Counts of one model since it was loaded; `rows` counts predictions, the rest is per feature and bin.

    Args:
        signature: the model's.
        reference: the bins of its features and of its predictions.
    """

    def __init__(self, signature: Signature, reference: Reference) -> None:
        self.signature = signature
        self.bins: dict[str, FeatureBins] = dict(reference.features)
        self.prediction_bins = reference.prediction
        self.rows = 0
        self.out_of_range = {name: 0 for name, bins in self.bins.items() if bins.kind == "number"}
        self._counts = {name: np.zeros(len(bins.names), dtype=np.int64) for name, bins in self.bins.items()}
        # Categories are counted together, each in a row of its own: an array for each would cost more than its values.
        names = [name for name, bins in self.bins.items() if bins.kind == "category"]
        width = max((len(self.bins[name].names) for name in names), default=0)
        self._rows = np.zeros((len(names), width), dtype=np.int64)
        self._counts |= {name: row[: len(self.bins[name].names)] for name, row in zip(names, self._rows, strict=True)}
        self._starts = np.arange(len(names)).reshape(-1, 1) * width
        # A list takes single increments three times faster than an array, so that small requests have their own.
        self._levels = {
            name: (_Levels(bins.index, len(bins.names) - 2), [0] * len(bins.names))
            for name, bins in self.bins.items()
            if bins.kind == "category"
        }
        self._predicted = np.zeros(len(self.prediction_bins.names) if self.prediction_bins else 0, dtype=np.int64)
        self._numbers = list(self.out_of_range)
        self._dates = [name for name, bins in self.bins.items() if bins.kind in ("hour", "weekday")]
        self._low = np.array([self.bins[name].lowest for name in self._numbers]).reshape(-1, 1)
        self._high = np.array([self.bins[name].highest for name in self._numbers]).reshape(-1, 1)
        self._packed_numbers: list[NDArray[np.float64]] = []
        self._packed_dates: list[tuple[NDArray[np.int64], NDArray[np.bool_]]] = []
        self._packed_predictions: list[NDArray[np.generic]] = []
        self._waiting = 0

    def observe(self, feeds: Feeds, prediction: Prediction, rows: int, *, replay: bool = False) -> dict[str, list[int]]:
        """Count rows and their predictions; return, per feature, the rows whose number lies outside the training range.

        A `replay` is checked and not counted.
        """
        numbers = None
        outside: dict[str, list[int]] = {}
        if self._numbers:
            numbers = np.concatenate([feeds[name] for name in self._numbers]).reshape(-1, rows)
            beyond = (numbers < self._low) | (numbers > self._high)
            if beyond.any():
                features = np.flatnonzero(beyond.any(axis=1)).tolist()
                outside = {self._numbers[index]: np.flatnonzero(beyond[index]).tolist() for index in features}
        if not replay:
            for name, indices in outside.items():
                self.out_of_range[name] += len(indices)
            self._count(feeds, numbers, prediction, rows)
        return outside

    def counts(self, feature: str) -> NDArray[np.int64]:
        """Return the rows per bin of a feature."""
        if feature in self._levels:
            return self._counts[feature] + np.array(self._levels[feature][1], dtype=np.int64)
        self.settle()
        return self._counts[feature]

    def predicted(self) -> NDArray[np.int64]:
        """Return the predictions per bin; empty where the reference has none."""
        self.settle()
        return self._predicted

    def unknown(self) -> dict[str, int]:
        """Return, per category, how many values training had never seen, or hardly ever."""
        return {
            name: counts[levels.unseen] + int(self._counts[name][levels.unseen])
            for name, (levels, counts) in self._levels.items()
        }

    def _count(self, feeds: Feeds, numbers: NDArray[np.float64] | None, prediction: Prediction, rows: int) -> None:
        self.rows += rows
        if rows < MANY_ROWS:
            for name, (levels, counts) in self._levels.items():
                for text in feeds[name].tolist():
                    counts[levels[text]] += 1
        elif self._levels:
            found = b"".join([levels.bins_of(feeds[name].tolist()) for name, (levels, _) in self._levels.items()])
            indices = np.frombuffer(found, dtype=np.uint8).reshape(-1, rows) + self._starts
            self._rows += np.bincount(indices.ravel(), minlength=self._rows.size).reshape(self._rows.shape)
        if numbers is not None:
            self._packed_numbers.append(numbers)
        if self._dates:
            moments = np.concatenate([feeds[name] for name in self._dates]).reshape(-1, rows)
            missing = np.concatenate([feeds[name + MISSING] for name in self._dates]).reshape(-1, rows)
            self._packed_dates.append((moments, missing))
        if self.prediction_bins is not None:
            self._packed_predictions.append(prediction_values(self.signature, prediction))
        self._waiting += rows
        if self._waiting >= PACKED_ROWS:
            self.settle()

    def settle(self) -> None:
        """Count the rows that wait."""
        if not self._waiting:
            return
        self._waiting = 0
        if self._packed_numbers:
            numbers = np.concatenate(self._packed_numbers, axis=1)
            self._packed_numbers.clear()
            for name, values in zip(self._numbers, numbers, strict=True):
                self._counts[name] += count_bins(self.bins[name], values)
        if self._packed_dates:
            moments = np.concatenate([part for part, _ in self._packed_dates], axis=1)
            missing = np.concatenate([part for _, part in self._packed_dates], axis=1)
            self._packed_dates.clear()
            for name, values, flags in zip(self._dates, moments, missing, strict=True):
                self._counts[name] += count_bins(self.bins[name], values, flags)
        if self.prediction_bins is not None and self._packed_predictions:
            self._predicted += count_bins(self.prediction_bins, np.concatenate(self._packed_predictions))
            self._packed_predictions.clear()
