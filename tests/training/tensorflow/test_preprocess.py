"""The transform in TensorFlow, against `encode` on hostile rows."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.contracts.signature import MISSING
from sevenfold.contracts.transform import CategoryFeature, DatetimeFeature, NumberFeature, Part, Target, Transform
from sevenfold.tables.moments import EARLIEST, LATEST
from sevenfold.tables.offsets import offset_table
from sevenfold.training.encode import encode

ROWS = 3_000
LEVELS = ("red", "é", "NaN", " ", "a\x00b", "日本", "x" * 300)


@pytest.fixture(scope="module")
def transform() -> Transform:
    changes, offsets = offset_table("America/St_Johns", 0, 0)
    parts = (Part.TIME_OF_DAY, Part.WEEKDAY, Part.DAY_OF_YEAR, Part.TREND)
    return Transform(
        features=(
            NumberFeature(name="cut", fill=3.5, center=1.25, scale=0.3, indicator=True),
            NumberFeature(name="free", center=-1e6, scale=1e-6, clip=None),
            CategoryFeature(name="code", levels=LEVELS),
            CategoryFeature(name="spread", encoding="onehot", levels=LEVELS[:3]),
            CategoryFeature(name="none", levels=()),
            DatetimeFeature(name="there", parts=parts, changes=changes, offsets=offsets, center=9e3, scale=77.0),
            DatetimeFeature(name="fixed", parts=(Part.TREND,), center=-5.0, indicator=True),
            DatetimeFeature(name="tokyo", parts=(Part.WEEKDAY,), offsets=(32_400_000_000,)),
        ),
        target=Target(),
    )


@pytest.fixture(scope="module")
def feeds(transform: Transform) -> dict[str, np.ndarray]:
    random = np.random.default_rng(11)
    numbers = np.array([np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324, -0.0, 0.0, 1.25, 3.4e38])
    texts = np.array(["", "unknown", "RED", "red ", *LEVELS], dtype=object)
    moments = [0, EARLIEST, LATEST]
    for feature in transform.datetimes:
        moments += [change + shift for change in feature.changes for shift in (-1, 0, 1)]
    feeds = {}
    for name in ("cut", "free"):
        feeds[name] = np.where(random.random(ROWS) < 0.5, random.choice(numbers, ROWS), random.normal(size=ROWS) * 10)
    for name in ("code", "spread", "none"):
        feeds[name] = random.choice(texts, ROWS)
    for name in ("there", "fixed", "tokyo"):
        anywhere = random.integers(EARLIEST, LATEST, ROWS)
        feeds[name] = np.where(random.random(ROWS) < 0.5, random.choice(np.array(moments), ROWS), anywhere)
        feeds[name + MISSING] = random.random(ROWS) < 0.2
    return feeds


def test_it_computes_what_encode_computes(transform: Transform, feeds: dict[str, np.ndarray]) -> None:
    from sevenfold.training.tensorflow.library import tensorflow
    from sevenfold.training.tensorflow.preprocess import Preprocessing

    tf = tensorflow()
    numeric, categorical = Preprocessing(transform)({name: tf.constant(values) for name, values in feeds.items()})
    expected = encode(transform, feeds)
    assert np.array_equal(numeric.numpy(), expected.numeric)
    assert np.array_equal(categorical.numpy(), expected.categorical)
    assert set(expected.categorical[:, 0]) == set(range(2 + len(LEVELS)))


def test_levels_with_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    from sevenfold.training.tensorflow import preprocess
    from sevenfold.training.tensorflow.library import tensorflow

    tf = tensorflow()
    monkeypatch.setattr(preprocess, "_hashes", lambda texts: tf.cast(tf.strings.length(texts), tf.int64))
    codes = preprocess._Codes(CategoryFeature(name="x", levels=("ab", "cd", "ef", "abc")))
    asked = ["cd", "zz", "ef", "", "abc", "ab", "q", "abcd"]
    assert codes(tf.constant(asked)).numpy().tolist() == [3, 1, 4, 0, 5, 2, 1, 1]


def test_no_rows_give_no_rows(transform: Transform, feeds: dict[str, np.ndarray]) -> None:
    from sevenfold.training.tensorflow.library import tensorflow
    from sevenfold.training.tensorflow.preprocess import Preprocessing

    kinds = {np.dtype(object): "string"}
    none = {
        name: tensorflow().constant(values[:0].tolist(), kinds.get(values.dtype, values.dtype))
        for name, values in feeds.items()
    }
    numeric, categorical = Preprocessing(transform)(none)
    assert (numeric.shape, categorical.shape) == ((0, len(transform.numeric_names)), (0, 2))
