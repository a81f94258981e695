"""The transform as TensorFlow operations: raw columns to the inputs of a network, as `encode` computes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from sevenfold.contracts.signature import MISSING
from sevenfold.contracts.transform import (
    CLIP,
    FIRST_LEVEL,
    MISSING_CODE,
    UNKNOWN_CODE,
    CategoryFeature,
    DatetimeFeature,
    Part,
    Transform,
)
from sevenfold.tables.moment_parts import DAY, DAY_PARTS, MINUTE, MONDAY, YEAR_PARTS
from sevenfold.training.encode import FIRST_ROW, LARGEST, MISSING_ROW, phase_table
from sevenfold.training.tensorflow.library import tensorflow

__all__ = ["Preprocessing"]


class Preprocessing:
    """Turns columns into ``numeric`` float32 ``[rows, N]`` and ``categorical`` int64 ``[rows, C]``.

    It holds no resource, such as a table, so a graph of it needs no start and shares nothing with another.
    """

    def __init__(self, transform: Transform) -> None:
        self._transform = transform
        self._codes = {
            feature.name: _Codes(feature) for feature in transform.features if isinstance(feature, CategoryFeature)
        }

    def __call__(self, columns: Mapping[str, Any]) -> tuple[Any, Any]:
        """Return the two inputs for columns ``[rows]`` by the names of the graph's inputs, all of float64 or int64."""
        tf, rows = tensorflow(), tensorflow().shape(next(iter(columns.values())))[0]
        blocks = [tf.cast(block, tf.float32) for block in self._blocks(columns)]
        numeric = tf.stack(blocks, axis=1) if blocks else tf.zeros([rows, 0], tf.float32)
        codes = [self._code(feature, columns) for feature in self._transform.embedded]
        return numeric, tf.stack(codes, axis=1) if codes else tf.zeros([rows, 0], tf.int64)

    def _blocks(self, columns: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the numeric inputs one by one, in the order of `Transform.numeric_names`."""
        tf, transform = tensorflow(), self._transform
        for number in transform.numbers:
            clip = LARGEST if number.clip is None else number.clip
            yield _standard(columns[number.name], number.fill, number.center, number.scale, clip)
        for moment in transform.datetimes:
            if Part.TREND in moment.parts:
                days = tf.cast(columns[moment.name], tf.float64) / float(DAY)
                days = tf.where(columns[moment.name + MISSING], np.float64(np.nan), days)
                yield _standard(days, moment.center, moment.center, moment.scale, CLIP)
        for moment in transform.datetimes:
            for part in moment.cycles:
                yield from tf.unstack(tf.gather(phase_table(), _phase_rows(moment, part, columns)), num=3, axis=1)
        for category in transform.onehot:
            code = self._code(category, columns)
            for level in range(category.size):
                yield tf.equal(code, level)
        for number in transform.numbers:
            if number.indicator:
                yield tf.math.is_nan(columns[number.name])
        for moment in transform.datetimes:
            if moment.indicator:
                yield columns[moment.name + MISSING]

    def _code(self, feature: CategoryFeature, columns: Mapping[str, Any]) -> Any:
        return self._codes[feature.name](columns[feature.name])


class _Codes:
    """The codes of texts: each is looked up by its 64-bit FarmHash, and must then be the level itself."""

    def __init__(self, feature: CategoryFeature) -> None:
        levels = np.array(["", *feature.levels], dtype=object)
        codes = np.array([MISSING_CODE, *range(FIRST_LEVEL, feature.size)], dtype=np.int64)
        hashes = _hashes(levels).numpy()
        order = np.argsort(hashes, kind="stable")
        self._levels, self._codes, self._hashes = levels[order], codes[order], hashes[order]
        self._alike = int(np.unique(hashes, return_counts=True)[1].max())  # levels that share a hash

    def __call__(self, texts: Any) -> Any:
        """Return int64 codes ``[rows]``."""
        tf = tensorflow()
        first = tf.searchsorted(tf.constant(self._hashes), _hashes(texts))
        codes = tf.fill(tf.shape(texts), np.int64(UNKNOWN_CODE))
        for shift in range(self._alike):
            at = tf.minimum(first + shift, len(self._hashes) - 1)
            same = tf.equal(tf.gather(tf.constant(self._levels), at), texts)
            codes = tf.where(same, tf.gather(tf.constant(self._codes), at), codes)
        return codes


def _hashes(texts: Any) -> Any:
    return tensorflow().strings.to_hash_bucket_fast(texts, np.iinfo(np.int64).max)


def _standard(values: Any, fill: float, center: float, scale: float, clip: float) -> Any:
    tf = tensorflow()
    filled = tf.where(tf.math.is_nan(values), np.float64(fill), values)
    return tf.clip_by_value((filled - np.float64(center)) / np.float64(scale), np.float64(-clip), np.float64(clip))


def _phase_rows(feature: DatetimeFeature, part: Part, columns: Mapping[str, Any]) -> Any:
    """Return the rows of the phase table; remainders are floored, as before 1970."""
    tf = tensorflow()
    local = _local(feature, columns[feature.name])
    of_day = tf.math.floormod(local, np.int64(DAY))
    days = (local - of_day) // np.int64(DAY)
    if part is Part.TIME_OF_DAY:
        steps = of_day // np.int64(MINUTE)
    elif part is Part.WEEKDAY:
        steps = tf.math.floormod(days + np.int64(MONDAY), np.int64(7))
    else:
        steps = tf.math.floormod(days * np.int64(DAY_PARTS), np.int64(YEAR_PARTS)) // np.int64(DAY_PARTS)
    return tf.where(columns[feature.name + MISSING], np.int64(MISSING_ROW), steps + np.int64(FIRST_ROW[part]))


def _local(feature: DatetimeFeature, moments: Any) -> Any:
    if not feature.is_local:
        return moments
    tf = tensorflow()
    changes = tf.constant(feature.changes, tf.int64)
    begun = tf.searchsorted(changes, moments, side="right") if feature.changes else tf.zeros_like(moments, tf.int32)
    return moments + tf.gather(tf.constant(feature.offsets, tf.int64), begun)
