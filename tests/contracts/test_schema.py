import pytest
from pydantic import ValidationError

from sevenfold.contracts.schema import Column, Kind, Role, Schema, Task


@pytest.mark.parametrize(
    ("role", "also_feature", "expected"),
    [
        (Role.FEATURE, False, True),
        (Role.TARGET, False, False),
        (Role.TARGET, True, False),
        (Role.TIME, False, False),
        (Role.TIME, True, True),
        (Role.GROUP, True, True),
        (Role.IDENTIFIER, True, False),
        (Role.IGNORE, True, False),
    ],
)
def test_only_features_enter_the_model(role: Role, also_feature: bool, expected: bool) -> None:
    assert Column(kind=Kind.NUMBER, role=role, also_feature=also_feature).is_feature is expected


def test_features_keep_the_order_of_the_columns() -> None:
    columns = {
        "z": Column(kind=Kind.NUMBER),
        "y": Column(kind=Kind.CATEGORY, role=Role.TARGET),
        "a": Column(kind=Kind.DATETIME, role=Role.TIME, also_feature=True),
    }
    schema = Schema(task=Task.BINARY, target="y", classes=("no", "yes"), columns=columns)
    assert list(schema.features) == ["z", "a"]
    again = Schema.model_validate_json(schema.model_dump_json())
    assert again == schema
    assert list(again.columns) == ["z", "y", "a"]


@pytest.mark.parametrize("extra", [{"knd": "number"}, {"kind": "tensor"}, {"kind": "number", "role": "boss"}])
def test_a_column_has_known_keys_and_values(extra: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Column.model_validate({"kind": "number", **extra})
