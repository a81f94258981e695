"""Requests that name no field of the model, or some that it does not have: refused with the names that are meant."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from predictor_requests import JSON, V1, V2, check_refusal, v1_body, v2_body

from sevenfold.serving.predictor.fields import extra_fields, nearest_field
from sevenfold.serving.predictor.refusal import Refusal, refusal_body

FIELDS = frozenset({"age", "hours_per_week", "workclass"})
FLAGS = frozenset({"born:missing"})


def refusal(rows: list[Any], *, strict: bool = False) -> Refusal:
    with pytest.raises(Refusal) as caught:
        extra_fields(rows, FIELDS, strict=strict, besides=FLAGS)
    return caught.value


def test_a_name_written_in_another_way_is_near() -> None:
    for name in ("AGE", "Age", "agee", "age "):
        assert nearest_field(name, FIELDS) == "age"
    assert nearest_field("hours-per-week", FIELDS) == "hours_per_week"
    assert nearest_field("input-0", FIELDS) == ""


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({}, "A row must name a field of the model, such as 'age', but names none."),
        ({"AGE": 51}, "names only 'AGE' (nearest: 'age')."),
        ({"Work Class": "x", "input-0": 1}, "names only 'Work Class' (nearest: 'workclass'), 'input-0'."),
        ({"born:missing": True}, "names only 'born:missing'."),
        ({"x" * 500: 1, "y": 2}, f"names only '{'x' * 64}', 1 more."),
        ({"y": 2, "x" * 500: 1}, "names only 'y', 1 more."),
    ],
)
@pytest.mark.parametrize("strict", [False, True])
def test_a_row_without_any_field_is_refused(row: dict[str, Any], message: str, strict: bool) -> None:
    for rows in ([row], [{"age": 5}, row]):
        refused = refusal(rows, strict=strict)
        assert (refused.status, refused.code) == (422, "unknown_fields")
        assert str(refused).endswith(message)
        assert refused.field == next(iter(row), "")


def test_a_row_with_some_fields_goes_by_strict() -> None:
    rows = [{"age": 5, "AGE": 5, "b": 1, "born:missing": True}, {"workclass": "x"}, {"age": 1, "c": 2}]
    assert extra_fields(rows, FIELDS, strict=False, besides=FLAGS) == 3
    refused = refusal(rows, strict=True)
    assert (refused.status, refused.code, refused.field) == (422, "extra_field", "AGE")
    assert extra_fields(rows[1:2], FIELDS, strict=True) == 0


@given(st.dictionaries(st.text(max_size=200), st.none(), max_size=30), st.booleans())
def test_a_refusal_repeats_little_of_a_request(row: dict[str, None], strict: bool) -> None:
    row = {name: None for name in row if name not in FIELDS}
    refused = refusal([row], strict=strict)
    assert len(refusal_body(refused.code, str(refused), refused.field)) <= 2048
    assert not any(len(name) > 64 and name[:65] in str(refused) for name in row)


@pytest.mark.parametrize(("row", "near"), [({}, "'air_time'"), ({"DISTANCE": 700.0}, "nearest: 'distance'")])
def test_both_protocols_say_the_same(server: Any, good_row: dict[str, Any], row: dict[str, Any], near: str) -> None:
    status, _, body = server.request("POST", V1, {"instances": [good_row, row]}, JSON)
    first = check_refusal(server, status, body, 422, "unknown_fields")
    assert near in first["message"]
    if row:
        status, _, body = server.request("POST", V2, v2_body(row), JSON)
        assert check_refusal(server, status, body, 422, "unknown_fields") == first


def test_a_tensor_of_a_client_that_knows_no_columns(server: Any) -> None:
    matrix = {"name": "input-0", "shape": [1, 1], "datatype": "FP32", "data": [1.0]}
    status, _, body = server.request("POST", V2, {"inputs": [matrix]}, JSON)
    assert check_refusal(server, status, body, 422, "unknown_fields")["field"] == "input-0"


def test_a_field_that_is_not_sent_is_missing_in_both_protocols(server: Any, good_row: dict[str, Any]) -> None:
    row = {"distance": good_row["distance"]}
    status, answer = server.predict(v1_body(row), JSON)
    assert status == 200
    nothing = dict.fromkeys(good_row)
    assert answer == server.predict(v1_body({**nothing, **row}), JSON)[1]
    status, _, body = server.request("POST", V2, v2_body(row), JSON)
    assert status == 200
    outputs = {output["name"]: output["data"] for output in json.loads(body)["outputs"]}
    assert outputs["label"] == [answer["predictions"][0]["label"]]
