"""Hostile rows and tensors, with the status each must get from a real predictor; it goes on answering."""

from __future__ import annotations

import json
import pickle
import struct
from typing import Any

import numpy as np
import pytest
from predictor_requests import JSON, V1, V2, check_refusal, read_metrics, total, v1_body, v2_body

from sevenfold.contracts.service import REPLAY_HEADER, REPLAY_VALUE
from sevenfold.drift.telemetry import (
    EXTRA_FIELDS,
    OUT_OF_RANGE,
    PREDICTIONS,
    REQUESTS,
    UNKNOWN_CATEGORIES,
)
from sevenfold.scoring.tensors import HEADER_LENGTH, encode_tensors


@pytest.fixture(autouse=True)
def _still_serving(server: Any, good_row: dict[str, Any]) -> Any:
    yield
    assert server.predict(v1_body(good_row), JSON)[0] == 200


class TestRows:
    """Cases 20 to 28: rows that are not what the signature says."""

    def test_20_missing_required_field(self, server: Any, good_row: dict[str, Any]) -> None:
        row = {name: value for name, value in good_row.items() if name != "distance"}
        status, _, answer = server.request("POST", V1, v1_body(row), JSON)
        assert check_refusal(server, status, answer, 422)["field"] == "distance"
        status, _, answer = server.request("POST", V2, v2_body(row), JSON)
        assert check_refusal(server, status, answer, 422)["field"] == "distance"

    def test_20_missing_optional_field_is_a_missing_value(self, server: Any, good_row: dict[str, Any]) -> None:
        row = {name: value for name, value in good_row.items() if name != "air_time"}
        left_out = server.predict(v1_body(row), JSON)
        assert left_out[0] == 200
        assert left_out == server.predict(v1_body(good_row, air_time=None), JSON)
        assert server.request("POST", V2, v2_body(row), JSON)[0] == 200

    def test_21_extra_field_is_counted(self, server: Any, good_row: dict[str, Any]) -> None:
        before = total(server, EXTRA_FIELDS)
        plain = server.predict(v1_body(good_row), JSON)
        assert server.predict(v1_body(good_row, colour="red", size=2), JSON) == plain
        assert total(server, EXTRA_FIELDS) == before + 2
        extra = {"name": "colour", "shape": [1], "datatype": "BYTES", "data": ["red"]}
        assert server.request("POST", V2, v2_body(good_row, colour=extra), JSON)[0] == 200
        assert total(server, EXTRA_FIELDS) == before + 3

    def test_22_order_of_columns(self, server: Any, good_row: dict[str, Any]) -> None:
        turned = dict(reversed(good_row.items()))
        assert server.predict(v1_body(turned), JSON) == server.predict(v1_body(good_row), JSON)
        first, second = (server.request("POST", V2, v2_body(row), JSON)[2] for row in (good_row, turned))
        assert json.loads(first) == json.loads(second)

    def test_23_positions_instead_of_names(self, server: Any, good_row: dict[str, Any]) -> None:
        status, _, answer = server.request("POST", V1, {"instances": [list(good_row.values())]}, JSON)
        check_refusal(server, status, answer, 422, "shape")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("distance", True),  # 24
            ("distance", "far"),
            ("distance", [1.0]),
            ("distance", {}),
            ("distance", None),  # 25
            ("seats", 1.5),
            ("seats", 2**53 + 1),
            ("seats", True),
            ("international", "perhaps"),
            ("international", 2),
            ("carrier", 5),
            ("carrier", "x" * (1 << 20)),  # 27
            ("departure", "yesterday"),
            ("departure", 1_367_000_000),
            ("departure", "9999-01-01"),
        ],
    )
    def test_24_25_27_wrong_values(self, server: Any, good_row: dict[str, Any], field: str, value: Any) -> None:
        status, _, answer = server.request("POST", V1, v1_body(good_row, **{field: value}), JSON)
        error = check_refusal(server, status, answer, 422)
        assert error["field"] == field
        assert len(error["message"]) < 400

    @pytest.mark.parametrize("digits", ["12345678901234567890", str(2**64), str(-(2**63) - 1), "9" * 300])
    @pytest.mark.parametrize("field", ["distance", "air_time", "seats"])
    @pytest.mark.parametrize("rows", [1, 3])
    def test_24_an_integer_that_a_float_cannot_hold(
        self, server: Any, good_row: dict[str, Any], field: str, digits: str, rows: int
    ) -> None:
        body = v1_body(good_row, **{field: "?"}).replace(b'"?"', digits.encode())
        body = body.replace(b"[", b"[" + json.dumps(good_row).encode() + b"," if rows == 3 else b"[", 1)
        status, _, answer = server.request("POST", V1, body, JSON)
        assert check_refusal(server, status, answer, 422, "integer_range")["field"] == field
        tensor = {"name": field, "shape": [1], "datatype": "FP64", "data": ["?"]}
        body = json.dumps(v2_body(good_row, **{field: tensor})).encode().replace(b'"?"', digits.encode())
        status, _, answer = server.request("POST", V2, body, JSON)
        assert check_refusal(server, status, answer, 422, "integer_range")["field"] == field

    @pytest.mark.parametrize("literal", ["1.8e19", "18446744073709551616.0", "-1e300", "1.8446744073709552e+19"])
    def test_a_large_float_is_a_number_beside_a_text_of_digits(
        self, server: Any, good_row: dict[str, Any], literal: str
    ) -> None:
        odd = v1_body(good_row, distance="?", carrier=" 18446744073709551616").replace(b'"?"', literal.encode())
        assert server.predict(odd, JSON)[0] == 200
        tensor = {"name": "distance", "shape": [1], "datatype": "FP64", "data": ["?"]}
        body = json.dumps(v2_body(good_row, distance=tensor)).encode().replace(b'"?"', literal.encode())
        assert server.request("POST", V2, body, JSON)[0] == 200

    @pytest.mark.parametrize("text", ["U\0A", "\0", "AA\0", "\0AA", "ü\0"])
    @pytest.mark.parametrize("field", ["carrier", "tail"])
    def test_a_text_with_a_nul_is_refused_in_every_form(
        self, server: Any, good_row: dict[str, Any], field: str, text: str
    ) -> None:
        row = good_row | {field: text}
        for path, body in ((V1, {"instances": [row]}), (V1, {"instances": [good_row, row]}), (V2, v2_body(row))):
            status, _, answer = server.request("POST", path, body, JSON)
            error = check_refusal(server, status, answer, 422, "encoding")
            assert error["field"] == field
        feeds = {
            name: np.array([value], dtype=object if isinstance(value, str) else None) for name, value in row.items()
        }
        body, length = encode_tensors(feeds, key="inputs", head={}, binary=True)
        status, _, answer = server.request("POST", V2, body, {HEADER_LENGTH: str(length)})
        assert check_refusal(server, status, answer, 422, "encoding") == error

    def test_other_control_signs_are_text_as_in_a_table(self, server: Any, good_row: dict[str, Any]) -> None:
        for sign in map(chr, range(1, 32)):
            assert server.predict(v1_body(good_row, carrier=f"U{sign}A"), JSON)[0] == 200

    def test_24_flag_for_number_in_v2(self, server: Any, good_row: dict[str, Any]) -> None:
        flag = {"name": "distance", "shape": [1], "datatype": "BOOL", "data": [True]}
        status, _, answer = server.request("POST", V2, v2_body(good_row, distance=flag), JSON)
        assert check_refusal(server, status, answer, 422)["field"] == "distance"

    def test_a_sensitive_value_is_never_repeated(self, server: Any, good_row: dict[str, Any]) -> None:
        status, _, answer = server.request("POST", V1, v1_body(good_row, tail=12345), JSON)
        check_refusal(server, status, answer, 422)
        assert b"12345" not in answer

    def test_26_unseen_category(self, server: Any, good_row: dict[str, Any]) -> None:
        before = total(server, UNKNOWN_CATEGORIES, feature="carrier")
        series = len(read_metrics(server.request("GET", "/metrics")[2].decode()))
        for text in ("ZZ", 'quote"', "new\nline", "\\"):
            assert server.predict(v1_body(good_row, carrier=text), JSON)[0] == 200
        assert total(server, UNKNOWN_CATEGORIES, feature="carrier") == before + 4
        after = server.request("GET", "/metrics")[2].decode()
        assert len(read_metrics(after)) == series
        assert "ZZ" not in after

    def test_28_far_outside_the_training_range(self, server: Any, good_row: dict[str, Any]) -> None:
        before = total(server, OUT_OF_RANGE, feature="distance")
        status, answer = server.predict({"instances": [good_row, {**good_row, "distance": 1e9}]}, JSON)
        assert status == 200
        assert answer["out_of_range"] == {"distance": [1]}
        assert total(server, OUT_OF_RANGE, feature="distance") == before + 1
        far = {"name": "distance", "shape": [1], "datatype": "FP64", "data": [-1e9]}
        _, _, body = server.request("POST", V2, v2_body(good_row, distance=far), JSON)
        assert json.loads(body)["parameters"] == {"out_of_range": "distance"}


class TestTensors:
    """Cases 29 to 31: V2 messages that contradict themselves."""

    @pytest.mark.parametrize(
        ("tensor", "status", "code"),
        [
            ({"shape": [3], "datatype": "FP64", "data": [1.0]}, 422, "shape"),  # 29
            ({"shape": [-1], "datatype": "FP64", "data": [1.0]}, 422, "shape"),
            ({"shape": [1, 3], "datatype": "FP64", "data": [1.0, 2.0, 3.0]}, 422, "shape"),
            ({"shape": [2**31], "datatype": "FP64", "data": [1.0]}, 422, "shape"),
            ({"shape": [True], "datatype": "FP64", "data": [1.0]}, 422, "shape"),
            ({"shape": "1", "datatype": "FP64", "data": [1.0]}, 422, "shape"),
            ({"shape": [1], "datatype": "FP64"}, 422, "shape"),
            ({"shape": [2], "datatype": "FP64", "data": [[1.0], 2.0]}, 422, "shape"),
            ({"shape": [1], "datatype": "FP65", "data": [1.0]}, 422, "datatype"),  # 30
            ({"shape": [1], "datatype": ["FP64"], "data": [1.0]}, 422, "datatype"),
            ({"shape": [1], "datatype": "FP64", "data": ["1.0"]}, 422, "datatype"),
            ({"shape": [1], "datatype": "BYTES", "data": ["1.0"]}, 422, "datatype"),
            ({"shape": [1], "datatype": "INT64", "data": [2**60]}, 422, None),
            ({"shape": [1], "datatype": "FP64", "parameters": {"binary_data_size": 8}}, 400, "binary"),
        ],
    )
    def test_29_30(
        self, server: Any, good_row: dict[str, Any], tensor: dict[str, Any], status: int, code: str | None
    ) -> None:
        body = v2_body(good_row, distance={"name": "distance", **tensor})
        got, _, answer = server.request("POST", V2, body, JSON)
        error = check_refusal(server, got, answer, status, code) if status == 422 else json.loads(answer)["error"]
        assert got == status
        assert error["field"] == "distance"

    def test_29_columns_of_unequal_length(self, server: Any, good_row: dict[str, Any]) -> None:
        two = {"name": "air_time", "shape": [2], "datatype": "FP64", "data": [1.0, 2.0]}
        status, _, answer = server.request("POST", V2, v2_body(good_row, air_time=two), JSON)
        assert check_refusal(server, status, answer, 422, "shape")["field"] == "air_time"

    def test_30_a_pickle_is_only_bytes(self, server: Any, good_row: dict[str, Any]) -> None:
        payload = pickle.dumps(ValueError("x"))
        for raw in (payload, struct.pack("<I", len(payload)) + payload):
            head = v2_body(good_row)
            for tensor in head["inputs"]:
                if tensor["name"] == "carrier":
                    del tensor["data"]
                    tensor["parameters"] = {"binary_data_size": len(raw)}
            header = json.dumps(head).encode()
            headers = {"content-type": "application/octet-stream", HEADER_LENGTH: str(len(header))}
            status, _, answer = server.request("POST", V2, header + raw, headers)
            assert check_refusal(server, status, answer, 422)["field"] == "carrier"

    @pytest.mark.parametrize("length", ["1", "999999", "-1", "x", "", "1e3", "9" * 40])
    def test_31_wrong_header_length(self, server: Any, good_row: dict[str, Any], length: str) -> None:
        body = json.dumps(v2_body(good_row)).encode()
        status, _, answer = server.request("POST", V2, body, {HEADER_LENGTH: length})
        check_refusal(server, status, answer, 400)

    def test_31_too_many_raw_bytes(self, server: Any, good_row: dict[str, Any]) -> None:
        header = json.dumps(v2_body(good_row)).encode()
        status, _, answer = server.request("POST", V2, header + b"more", {HEADER_LENGTH: str(len(header))})
        check_refusal(server, status, answer, 400, "binary")

    def test_a_tensor_twice(self, server: Any, good_row: dict[str, Any]) -> None:
        body = v2_body(good_row)
        body["inputs"].append(body["inputs"][0])
        status, _, answer = server.request("POST", V2, body, JSON)
        check_refusal(server, status, answer, 400, "duplicate_key")

    def test_wanted_outputs(self, server: Any, good_row: dict[str, Any]) -> None:
        wanted = {**v2_body(good_row), "id": "a-1", "outputs": [{"name": "label"}]}
        status, _, answer = server.request("POST", V2, wanted, JSON)
        document = json.loads(answer)
        assert (status, document["id"], [output["name"] for output in document["outputs"]]) == (200, "a-1", ["label"])
        wanted["outputs"] = [{"name": "secret"}]
        status, _, answer = server.request("POST", V2, wanted, JSON)
        check_refusal(server, status, answer, 422, "unknown_output")

    def test_dates_as_microseconds_with_flags(self, server: Any, good_row: dict[str, Any]) -> None:
        def ask(**changes: Any) -> Any:
            status, _, body = server.request("POST", V2, v2_body(good_row, **changes), JSON)
            assert status == 200, body
            return json.loads(body)["outputs"]

        moment = {"name": "departure", "shape": [1], "datatype": "INT64", "data": [1_367_403_300_000_000]}
        assert ask(departure=moment) == ask()
        absent = {"name": "departure", "shape": [1], "datatype": "BYTES", "data": [None]}
        flag = {"name": "departure:missing", "shape": [1], "datatype": "BOOL", "data": [True]}
        assert ask(departure=moment, flag=flag) == ask(departure=absent) != ask()


def test_a_replay_is_answered_and_counted_nowhere(server: Any, good_row: dict[str, Any]) -> None:
    watched = (REQUESTS, PREDICTIONS, EXTRA_FIELDS, OUT_OF_RANGE, UNKNOWN_CATEGORIES)
    before = [total(server, metric) for metric in watched]
    odd = v1_body(good_row, distance=1e9, carrier="ZZ", colour="red")
    status, answer = server.predict(odd, {**JSON, REPLAY_HEADER: REPLAY_VALUE})
    assert (status, answer["out_of_range"]) == (200, {"distance": [0]})
    assert server.predict(b"", {**JSON, REPLAY_HEADER: REPLAY_VALUE})[0] == 400
    assert [total(server, metric) for metric in watched] == before
    assert server.predict(odd, JSON)[0] == 200
    assert [total(server, metric) - was for metric, was in zip(watched, before, strict=True)] == [1, 1, 1, 1, 1]
