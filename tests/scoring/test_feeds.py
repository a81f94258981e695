from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
ROW = {"x": 1.5, "n": 2, "b": True, "c": "UA", "d": "1970-01-01T00:00:01"}

WHOLE = st.integers(-(2**53), 2**53)
CLEAN = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6).map(str.strip)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "x": st.none() | st.floats(allow_infinity=False) | WHOLE,
            "n": st.none() | WHOLE,
            "b": st.none() | st.booleans(),
            "c": st.none() | CLEAN,
            "d": st.none() | st.integers(-(10**15), 10**15),
        }
    ),
    min_size=1,
    max_size=5,
)


def same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    return first.keys() == second.keys() and all(
        first[name].dtype == second[name].dtype
        and (
            first[name].tolist() == second[name].tolist()
            if first[name].dtype == object
            else np.array_equal(first[name], second[name], equal_nan=first[name].dtype == np.float64)
        )
        for name in first
    )


def refusal(
    rows: list[Any], inputs: dict[str, Column] = INPUTS, notation: Notation = PLAIN, **options: Any
) -> InputError:
    with pytest.raises(InputError) as refused:
        feeds_from_rows(rows, inputs, notation, **options)
    return refused.value


def test_a_row_becomes_one_array_per_input() -> None:
    feeds = feeds_from_rows([ROW], INPUTS, Notation())
    assert {name: values.tolist() for name, values in feeds.items()} == {
        "x": [1.5],
        "n": [2.0],
        "b": [1.0],
        "c": ["UA"],
        "d": [1_000_000],
        "d:missing": [False],
    }
    kinds = {name: values.dtype.str for name, values in feeds.items()}
    assert kinds == {"x": "<f8", "n": "<f8", "b": "<f8", "c": "|O", "d": "<i8", "d:missing": "|b1"}


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_names_and_extra_names_do_not_count(rows: list[dict[str, Any]], shuffle: Any) -> None:
    rows = [{**row, "d": None} for row in rows]
    mixed = []
    for row in rows:
        items = [*row.items(), ("extra", object())]
        shuffle.shuffle(items)
        mixed.append(dict(items))
    assert same(feeds_from_rows(rows, INPUTS, Notation()), feeds_from_rows(mixed, INPUTS, Notation()))


@given(ROWS)
def test_rows_columns_and_tables_give_the_same_feeds(rows: list[dict[str, Any]]) -> None:
    moments = [None if row["d"] is None else np.datetime64(row["d"], "us").item() for row in rows]
    texts = [{**row, "d": moment and moment.isoformat()} for row, moment in zip(rows, moments, strict=True)]
    expected = feeds_from_rows(texts, INPUTS, Notation())
    columns = {name: [row[name] for row in texts] for name in INPUTS}
    assert same(feeds_from_columns(columns, INPUTS, Notation()), expected)
    table = pa.table(
        {
            "d": pa.array(moments, pa.timestamp("us", "UTC")),
            "c": pa.array([row["c"] for row in rows], pa.string()),
            "b": pa.array([row["b"] for row in rows], pa.bool_()),
            "n": pa.array([row["n"] for row in rows], pa.int64()),
            "x": pa.array([None if row["x"] is None else float(row["x"]) for row in rows], pa.float64()),
        }
    )
    assert same(feeds_from_table(table, INPUTS), expected)


@given(ROWS)
def test_rows_read_together_are_rows_read_alone(rows: list[dict[str, Any]]) -> None:
    rows = [{**row, "d": None} for row in rows]
    together = feeds_from_rows(rows, INPUTS, Notation())
    for index, row in enumerate(rows):
        alone = {name: values[index : index + 1] for name, values in together.items()}
        assert same(feeds_from_rows([row], INPUTS, Notation()), alone)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=3,
)


@given(st.lists(st.dictionaries(st.sampled_from([*INPUTS, "?"]), VALUES), max_size=3), st.booleans())
def test_any_value_is_read_or_refused_by_name(rows: list[Any], nullable: bool) -> None:
    inputs = {name: column.model_copy(update={"nullable": nullable}) for name, column in INPUTS.items()}
    try:
        feeds = feeds_from_rows(rows, inputs, Notation())
    except InputError as refused:
        assert refused.field in INPUTS or refused.code == "shape"
        assert len(refused.to_json()) < 1_000
    else:
        assert all(len(values) == len(rows) for values in feeds.values())


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("x", True, "wrong_type"),
        ("x", "1,5", "wrong_type"),
        ("x", [1.5], "wrong_type"),
        ("x", {"y": 1}, "wrong_type"),
        ("x", float("inf"), "nonfinite"),
        ("x", float("-inf"), "nonfinite"),
        ("x", 2**53 + 1, "integer_range"),
        pytest.param("x", 10**5_000, "integer_range", id="x-5000 digits"),
        ("n", 1.5, "not_whole"),
        ("n", -(2**53) - 1, "integer_range"),
        ("n", 1e300, "not_whole"),
        ("n", False, "wrong_type"),
        ("b", 2, "wrong_type"),
        ("b", "maybe", "wrong_type"),
        ("b", 0.5, "wrong_type"),
        ("c", 5, "wrong_type"),
        ("c", b"UA", "wrong_type"),
        ("c", ["UA"], "wrong_type"),
        ("c", "\ud800", "encoding"),
        ("c", "U\0A", "encoding"),
        ("c", "ü\0", "encoding"),
        ("c", "x" * 65_537, "too_long"),
        ("d", 5, "wrong_type"),
        ("d", True, "wrong_type"),
        ("d", "soon", "not_a_moment"),
        ("d", "1500-01-01", "date_range"),
        ("d", "x" * 1_000_000, "not_a_moment"),
    ],
)
@pytest.mark.parametrize("rows_before", [0, 2])
def test_a_wrong_value_is_refused_by_field(name: str, value: object, code: str, rows_before: int) -> None:
    refused = refusal([ROW] * rows_before + [{**ROW, name: value}])
    assert (refused.code, refused.field) == (code, name)
    assert repr(name) in refused.message
    assert len(refused.message) < 250


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("how", ["null", "absent", "nan or blank"])
@pytest.mark.parametrize("rows_before", [0, 1])
def test_a_required_value_must_be_there(name: str, how: str, rows_before: int) -> None:
    row: dict[str, Any] = {**ROW, name: None}
    if how == "absent":
        del row[name]
    elif how == "nan or blank":
        row[name] = " " if INPUTS[name].kind in (Kind.CATEGORY, Kind.DATETIME) else float("nan")
    required = {**INPUTS, name: INPUTS[name].model_copy(update={"nullable": False})}
    refused = refusal([ROW] * rows_before + [row], required)
    assert (refused.code, refused.field) == ("missing_value", name)
    feeds = feeds_from_rows([row], INPUTS, Notation())  # where it may be missing, it is
    assert feeds.get("d:missing" if name == "d" else name) in (np.array([True]), np.array([""])) or np.isnan(
        feeds[name][0]
    )


@pytest.mark.parametrize("rows", [[], [[1.5]], [None], ["x"], [ROW, 5]])
def test_rows_must_be_objects(rows: list[Any]) -> None:
    assert refusal(rows).code == "shape"


def test_texts_lose_white_space_around_and_keep_the_rest() -> None:
    rows = [{"c": text} for text in ("  UA\t", "None", "NaN", "a\1b", "é", "")]
    texts = feeds_from_rows(rows, {"c": INPUTS["c"]}, Notation())["c"].tolist()
    assert texts == ["UA", "None", "NaN", "a\1b", "é", ""]


def test_a_boolean_takes_its_declared_texts() -> None:
    inputs = {"b": Column(kind=Kind.BOOLEAN, true_values=("yes",), false_values=("no",))}
    rows = [{"b": "yes"}, {"b": " no "}, {"b": 1}, {"b": 0.0}]
    assert feeds_from_rows(rows, inputs, Notation())["b"].tolist() == [1, 0, 1, 0]
    assert refusal([{"b": "true"}], inputs).code == "wrong_type"


def test_a_date_is_read_in_its_own_format() -> None:
    inputs = {"d": Column(kind=Kind.DATETIME, date_format="%d.%m.%Y")}
    assert feeds_from_rows([{"d": "02.01.1970"}], inputs, Notation())["d"].tolist() == [86_400_000_000]
    assert refusal([{"d": "1970-01-02"}], inputs).code == "not_a_moment"


def test_the_length_of_a_text_has_a_limit() -> None:
    inputs = {"c": INPUTS["c"]}
    assert feeds_from_rows([{"c": "abcd"}] * 9, inputs, Notation(), max_text=4)["c"].tolist() == ["abcd"] * 9
    assert refusal([{"c": "abcde"}], inputs, max_text=4).code == "too_long"


PRIVATE = "jane@example.org"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.NUMBER, PRIVATE),
        (Kind.INTEGER, 1234.5678),
        (Kind.BOOLEAN, PRIVATE),
        (Kind.CATEGORY, PRIVATE + "\ud800"),
        (Kind.CATEGORY, 1234.5678),
        (Kind.DATETIME, PRIVATE),
        (Kind.DATETIME, 1234.5678),
    ],
)
def test_a_sensitive_value_stays_out_of_the_error(kind: Kind, value: object) -> None:
    refused = refusal([{"s": value}], {"s": Column(kind=kind, sensitive=True)})
    assert PRIVATE not in refused.to_json()
    assert "1234" not in refused.to_json()
    assert refused.__cause__ is None
