"""Columns and tables as feeds: what a client in Python and a dataset give."""

import numpy as np
import pyarrow as pa
import pytest

from sevenfold.contracts.errors import InputError
from sevenfold.contracts.schema import Column, Kind, Notation
from sevenfold.scoring.feeds import feeds_from_columns, feeds_from_rows, feeds_from_table

INPUTS = {
    "x": Column(kind=Kind.NUMBER),
    "n": Column(kind=Kind.INTEGER),
    "b": Column(kind=Kind.BOOLEAN),
    "c": Column(kind=Kind.CATEGORY),
    "d": Column(kind=Kind.DATETIME),
}
PLAIN = Notation()


def test_columns_may_be_arrays() -> None:
    columns = {
        "x": np.array([[1.5], [np.nan]], dtype=np.float32),
        "n": np.array([1, 2], dtype=np.uint8),
        "b": np.array([True, False]),
        "c": np.array(["UA", ""], dtype=object),
        "d": np.array([-1, 1]),
    }
    feeds = feeds_from_columns(columns, INPUTS, Notation())
    assert feeds["x"].tolist()[0] == 1.5
    assert np.isnan(feeds["x"][1])
    assert feeds["n"].tolist() == [1.0, 2.0]
    assert feeds["b"].tolist() == [1.0, 0.0]
    assert feeds["d"].tolist() == [-1, 1]
    assert feeds["d:missing"].tolist() == [False, False]


@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("x", np.array([True, False]), "wrong_type"),
        ("x", np.array([2**53 + 1, 0]), "integer_range"),
        ("x", np.array([2**63, 0], dtype=np.uint64), "integer_range"),
        ("x", np.array([np.inf, 0.0]), "nonfinite"),
        ("x", np.zeros((2, 2)), "shape"),
        ("x", np.zeros(()), "shape"),
        ("x", np.zeros(3), "shape"),
        ("x", np.array([1j, 2j]), "wrong_type"),
        ("n", np.array([0.5, 1.0]), "not_whole"),
        ("b", np.array([0.5, 1.0]), "wrong_type"),
        ("b", np.array([7, 1]), "wrong_type"),
        ("c", np.array([1.0, 2.0]), "wrong_type"),
        ("d", np.array([1.0, 2.0]), "wrong_type"),
        ("d", np.array([2**62, 0]), "date_range"),
        ("d", np.array([True, False]), "wrong_type"),
    ],
)
def test_an_array_of_another_kind_is_refused(name: str, values: np.ndarray, code: str) -> None:
    columns = {"n": [1, 2], "b": [True, False], "c": ["a", "b"], "d": [None, None], "x": [1.0, 2.0]}
    with pytest.raises(InputError) as refused:
        feeds_from_columns({**columns, name: values}, INPUTS, Notation())
    assert refused.value.code == code


def test_columns_must_all_be_there() -> None:
    with pytest.raises(InputError, match="'x'") as refused:
        feeds_from_columns({}, INPUTS, Notation())
    assert (refused.value.code, refused.value.field) == ("missing_field", "x")
    with pytest.raises(InputError) as refused:
        feeds_from_columns({name: [] for name in INPUTS}, INPUTS, Notation())
    assert refused.value.code == "shape"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Kind.NUMBER, pa.array([1, 2], pa.int8())),
        (Kind.NUMBER, pa.array([1.0, 2.0], pa.float32())),
        (Kind.NUMBER, pa.nulls(2)),
        (Kind.CATEGORY, pa.array(["a", None], pa.large_string())),
        (Kind.CATEGORY, pa.array(["a", None]).dictionary_encode()),
        (Kind.CATEGORY, pa.nulls(2)),
        (Kind.DATETIME, pa.array([0, None], pa.timestamp("ns"))),
        (Kind.DATETIME, pa.array([0, None], pa.timestamp("s", "Europe/Berlin"))),
        (Kind.DATETIME, pa.array([0, None], pa.date32())),
    ],
)
def test_a_table_may_hold_relatives_of_the_types(kind: Kind, values: pa.Array) -> None:
    feeds = feeds_from_table(pa.table({"v": values}), {"v": Column(kind=kind)})
    expected = feeds_from_rows(
        [{"v": value if kind is not Kind.DATETIME or value is None else "1970-01-01"} for value in values.to_pylist()],
        {"v": Column(kind=kind)},
        Notation(),
    )
    assert feeds.keys() == expected.keys()
    for name, values_read in feeds.items():
        assert values_read.dtype == expected[name].dtype
        np.testing.assert_array_equal(values_read, expected[name])


@pytest.mark.parametrize(
    ("kind", "values", "code"),
    [
        (Kind.NUMBER, pa.array(["1", "2"]), "wrong_type"),
        (Kind.NUMBER, pa.array([0], pa.timestamp("us")), "wrong_type"),
        (Kind.NUMBER, pa.array([[1.0]]), "wrong_type"),
        (Kind.NUMBER, pa.array([2**53 + 1]), "integer_range"),
        (Kind.NUMBER, pa.array([float("inf")]), "nonfinite"),
        (Kind.CATEGORY, pa.array([1]), "wrong_type"),
        (Kind.CATEGORY, pa.array([1]).dictionary_encode(), "wrong_type"),
        (Kind.CATEGORY, pa.array([b"x"]), "wrong_type"),
        (Kind.DATETIME, pa.array([1]), "wrong_type"),
        (Kind.DATETIME, pa.array(["1970-01-01"]), "wrong_type"),
        (Kind.DATETIME, pa.array([0], pa.time64("us")), "wrong_type"),
    ],
)
def test_a_table_of_other_types_is_refused(kind: Kind, values: pa.Array, code: str) -> None:
    with pytest.raises(InputError, match="v") as refused:
        feeds_from_table(pa.table({"v": values}), {"v": Column(kind=kind)})
    assert (refused.value.code, refused.value.field) == (code, "v")


def test_a_table_needs_each_column_once() -> None:
    doubled = pa.Table.from_arrays([pa.array([1.0])] * 2, ["x", "x"])
    for table in (pa.table({"y": [1.0]}), doubled):
        with pytest.raises(InputError) as refused:
            feeds_from_table(table, {"x": INPUTS["x"]})
        assert refused.value.code == "missing_field"


def test_a_table_may_have_no_rows() -> None:
    table = pa.table({"x": pa.array([], pa.float64()), "c": pa.array([], pa.string())})
    feeds = feeds_from_table(table, {"x": INPUTS["x"], "c": INPUTS["c"]})
    assert [len(values) for values in feeds.values()] == [0, 0]
