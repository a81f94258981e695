import pytest
from pydantic import ValidationError

from sevenfold.contracts.schema import Kind
from sevenfold.contracts.transform import CategoryFeature, DatetimeFeature, NumberFeature, Part, Target, Transform

TRANSFORM = Transform(
    features=(
        CategoryFeature(name="carrier", levels=("UA", "B6")),
        NumberFeature(name="distance", kind=Kind.INTEGER, fill=872.0, center=1040.0, scale=733.0, indicator=True),
        DatetimeFeature(name="due", parts=(Part.TREND, Part.WEEKDAY), center=15_000.0, scale=100.0, indicator=True),
        CategoryFeature(name="origin", encoding="onehot", levels=("JFK",)),
        NumberFeature(name="wind", kind=Kind.NUMBER),
    ),
    target=Target(classes=("on time", "late")),
)


def test_inputs_are_named_in_the_documented_order() -> None:
    assert TRANSFORM.numeric_names == [
        "distance",
        "wind",
        "due:trend",
        "due:weekday:sin",
        "due:weekday:cos",
        "due:weekday:phase",
        "origin=(missing)",
        "origin=(unknown)",
        "origin=JFK",
        "distance:missing",
        "due:missing",
    ]
    assert TRANSFORM.categorical_names == ["carrier"]
    assert TRANSFORM.cardinalities == [4]


def test_the_order_of_parts_as_written_does_not_count() -> None:
    forward = DatetimeFeature(name="due", parts=(Part.TIME_OF_DAY, Part.DAY_OF_YEAR))
    backward = DatetimeFeature(name="due", parts=(Part.DAY_OF_YEAR, Part.TIME_OF_DAY))
    assert forward.cycles == backward.cycles == [Part.TIME_OF_DAY, Part.DAY_OF_YEAR]


def test_json_keeps_everything() -> None:
    assert Transform.model_validate_json(TRANSFORM.model_dump_json()) == TRANSFORM


@pytest.mark.parametrize(
    "feature",
    [
        {"kind": "number", "name": "x", "scale": 0.0},
        {"kind": "number", "name": "x", "scale": -1.0},
        {"kind": "number", "name": "x", "fill": float("nan")},
        {"kind": "number", "name": "x", "center": float("inf")},
        {"kind": "number", "name": "x", "clip": 0.0},
        {"kind": "category", "name": "x", "levels": ["a", "a"]},
        {"kind": "category", "name": "x", "levels": ["a", ""]},
        {"kind": "category", "name": "x", "encoding": "hash"},
        {"kind": "datetime", "name": "x", "parts": ["century"]},
        {"kind": "datetime", "name": "x", "changes": [5]},
        {"kind": "datetime", "name": "x", "changes": [5, 5], "offsets": [0, 1, 2]},
        {"kind": "complex", "name": "x"},
        {"kind": "number", "name": "x", "levels": ["a"]},
    ],
)
def test_what_cannot_be_applied_is_refused(feature: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Transform.model_validate({"features": [feature], "target": {}})


def test_a_feature_stands_once() -> None:
    with pytest.raises(ValidationError, match="must stand once"):
        Transform(features=(NumberFeature(name="x"), CategoryFeature(name="x")), target=Target())
