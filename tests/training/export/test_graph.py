from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Column, Kind
from sevenfold.contracts.signature import MISSING
from sevenfold.contracts.transform import CategoryFeature, DatetimeFeature, NumberFeature, Part, Target, Transform
from sevenfold.scoring.feeds import Feeds
from sevenfold.tables.moments import EARLIEST, LATEST
from sevenfold.tables.offsets import offset_table
from sevenfold.training.encode import encode
from sevenfold.training.export.graph import model_bytes, preprocessing_graph

TEXTS = st.text(max_size=5)
LEVELS = st.lists(TEXTS.filter(bool), max_size=4, unique=True).map(tuple)
# ONNX Runtime 1.32 takes a double constant that float32 would round to 0 for another constant that is 0.
SMALL = st.floats(-1e6, 1e6).map(lambda value: value if abs(value) > 1e-30 else 0.0)
OFFSETS = {zone: offset_table(zone, 0, 0) for zone in ("", "Europe/Oslo", "America/St_Johns", "Asia/Tokyo")}
SCALES = st.floats(1e-6, 1e6)
NAMES = st.text(max_size=8).filter(bool) | st.sampled_from(
    ["numeric", "categorical", "label", "pre:0", "pre:c1", "x/y"]
)


def _feature(name: str) -> st.SearchStrategy[object]:
    number = st.builds(
        NumberFeature,
        name=st.just(name),
        fill=SMALL,
        center=SMALL,
        scale=SCALES,
        clip=st.none() | st.floats(0.1, 100.0),
        indicator=st.booleans(),
    )
    encoding = st.sampled_from(["embedding", "onehot"])
    category = st.builds(CategoryFeature, name=st.just(name), encoding=encoding, levels=LEVELS)
    parts = st.lists(st.sampled_from(list(Part)), unique=True).map(tuple)
    zone = st.sampled_from(sorted(OFFSETS))
    moment = st.builds(
        _moment_feature, st.just(name), zone, parts=parts, center=SMALL, scale=SCALES, indicator=st.booleans()
    )
    return number | category | moment


def _moment_feature(name: str, zone: str, **settings: Any) -> DatetimeFeature:
    changes, offsets = OFFSETS[zone]
    return DatetimeFeature(name=name, changes=changes, offsets=offsets, **settings)


TRANSFORMS = (
    st.lists(NAMES, min_size=1, max_size=7, unique=True)
    .filter(lambda names: not any(name + MISSING in names for name in names))
    .flatmap(lambda names: st.tuples(*map(_feature, names)))
    .map(lambda features: Transform(features=features, target=Target()))
)


def _values(feature: object, rows: int) -> st.SearchStrategy[object]:
    if isinstance(feature, NumberFeature):
        return st.lists(st.floats(), min_size=rows, max_size=rows)
    if isinstance(feature, CategoryFeature):
        known = st.sampled_from(["", *feature.levels])
        return st.lists(known | TEXTS, min_size=rows, max_size=rows)
    near = st.sampled_from([0, *feature.changes]).flatmap(lambda change: st.integers(change - 1, change + 1))
    return st.lists(st.none() | near | st.integers(EARLIEST, LATEST), min_size=rows, max_size=rows)


def _inputs(transform: Transform) -> dict[str, Column]:
    return {feature.name: Column(kind=feature.kind) for feature in transform.features}


def _feeds(transform: Transform, values: Sequence[list[object]]) -> Feeds:
    feeds: Feeds = {}
    for feature, column in zip(transform.features, values, strict=True):
        if feature.kind is Kind.DATETIME:
            feeds[feature.name] = np.array([value or 0 for value in column], dtype=np.int64)
            feeds[feature.name + MISSING] = np.array([value is None for value in column])
        else:
            feeds[feature.name] = np.array(column, dtype=object if feature.kind is Kind.CATEGORY else np.float64)
    return feeds


def _run(model: onnx.ModelProto, feeds: Feeds) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model_bytes(model), providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


@given(st.data(), TRANSFORMS, st.integers(1, 6))
@settings(max_examples=150)
def test_the_graph_computes_what_encode_computes(data: st.DataObject, transform: Transform, rows: int) -> None:
    feeds = _feeds(transform, [data.draw(_values(feature, rows)) for feature in transform.features])
    model = preprocessing_graph(transform, _inputs(transform))
    onnx.checker.check_model(model)
    numeric, categorical = _run(model, feeds)
    expected = encode(transform, feeds)
    assert numeric.dtype == np.float32
    assert np.isfinite(numeric).all()
    assert numeric.shape == (rows, len(transform.numeric_names))
    assert np.array_equal(numeric, expected.numeric)
    assert np.array_equal(categorical, expected.categorical)


def test_rows_do_not_touch_each_other(transform: Transform, inputs: dict[str, Column]) -> None:
    feeds: Feeds = {
        "distance": np.array([np.nan, 5.0, 1e9]),
        "seats": np.array([1.0, np.nan, 3.0]),
        "carrier": np.array(["UA", "", "é"], dtype=object),
        "due": np.array([-1, 0, 86_399_999_999]),
        "due:missing": np.array([False, True, False]),
    }
    model = preprocessing_graph(transform, inputs)
    together = _run(model, feeds)
    for row in range(3):
        alone = _run(model, {name: values[row : row + 1] for name, values in feeds.items()})
        assert np.array_equal(alone[0][0], together[0][row])
        assert np.array_equal(alone[1][0], together[1][row])


def test_no_rows_give_no_rows(transform: Transform, inputs: dict[str, Column]) -> None:
    feeds: Feeds = {
        "distance": np.zeros(0),
        "seats": np.zeros(0),
        "carrier": np.zeros(0, dtype=object),
        "due": np.zeros(0, dtype=np.int64),
        "due:missing": np.zeros(0, dtype=np.bool_),
    }
    numeric, categorical = _run(preprocessing_graph(transform, inputs), feeds)
    assert numeric.shape == (0, len(transform.numeric_names))
    assert categorical.shape == (0, 1)


def test_an_input_that_the_transform_dropped_is_still_taken(transform: Transform, inputs: dict[str, Column]) -> None:
    model = preprocessing_graph(transform, {**inputs, "constant": Column(kind=Kind.NUMBER)})
    assert "constant" in [entry.name for entry in model.graph.input]


def test_one_row_needs_few_nodes() -> None:
    # 14 numbers and 6 texts: one look-up per text, and a fixed number of nodes for all the rest
    numbers = [NumberFeature(name=f"n{index}") for index in range(14)]
    texts = [CategoryFeature(name=f"t{index}", levels=("a",)) for index in range(6)]
    transform = Transform(features=(*numbers, *texts), target=Target())
    assert len(preprocessing_graph(transform, _inputs(transform)).graph.node) <= 6 + 14


def test_equal_transforms_give_equal_bytes(transform: Transform, inputs: dict[str, Column]) -> None:
    again = Transform.model_validate_json(transform.model_dump_json())
    assert model_bytes(preprocessing_graph(transform, inputs)) == model_bytes(preprocessing_graph(again, inputs))


@pytest.mark.parametrize(
    ("change", "code"),
    [({"distance": None}, "missing_column"), ({"due:missing": Column(kind=Kind.NUMBER)}, "duplicate_column")],
)
def test_columns_that_do_not_fit_are_refused(
    transform: Transform, inputs: dict[str, Column], change: dict[str, Column | None], code: str
) -> None:
    changed = {name: column for name, column in {**inputs, **change}.items() if column is not None}
    with pytest.raises(DataError) as refused:
        preprocessing_graph(transform, changed)
    assert refused.value.code == code
