"""Every hostile request, with the status it must get, against a real predictor; after each it still answers."""

from __future__ import annotations

import json
import pickle
import socket
import struct
import time
from http.client import HTTPConnection
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from metrics_page import parse_metrics

from sevenfold.contracts.service import REPLAY_HEADER, REPLAY_VALUE
from sevenfold.drift.telemetry import (
    EXTRA_FIELDS,
    OUT_OF_RANGE,
    PREDICTIONS,
    REQUESTS,
    UNKNOWN_CATEGORIES,
    Metric,
)
from sevenfold.scoring.client import InferenceClient
from sevenfold.scoring.tensors import HEADER_LENGTH, encode_tensors

V1 = "/v1/models/flights:predict"
V2 = "/v2/models/flights/infer"
JSON = {"content-type": "application/json"}


def total(server: Any, metric: Metric, **labels: str) -> float:
    """The sum over every series that has the labels."""
    samples = parse_metrics(server.request("GET", "/metrics")[2].decode())
    wanted = set(labels.items())
    return sum(value for (name, pairs), value in samples.items() if name == metric.name and wanted <= pairs)


def check_refusal(server: Any, status: int, body: bytes, expected: int, code: str | None = None) -> dict[str, str]:
    assert status == expected, body
    assert len(body) <= 2048
    error = json.loads(body)["error"]
    assert set(error) == {"code", "message", "field"}
    assert code is None or error["code"] == code
    assert "Traceback" not in error["message"]
    assert "/" not in error["message"].replace("application/", "").replace("/v1/models", "").replace("HTTP/1.1", "")
    assert server.process.poll() is None
    return error


def v1_body(row: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps({"instances": [{**row, **changes}]}).encode()


def v2_body(row: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A V2 JSON request of one row; `changes` replace whole tensors."""
    kinds = {str: "BYTES", float: "FP64", int: "INT64", bool: "BOOL"}
    tensors = {
        name: {"name": name, "shape": [1], "datatype": kinds[type(value)], "data": [value]}
        for name, value in row.items()
    }
    return {"inputs": list({**tensors, **changes}.values())}


@pytest.fixture(autouse=True)
def _still_serving(server: Any, good_row: dict[str, Any]) -> Any:
    yield
    assert server.predict(v1_body(good_row), JSON)[0] == 200


class TestBodies:
    """Cases 1 to 13: what is not a JSON object of the right form."""

    def test_01_valid(self, server: Any, good_row: dict[str, Any]) -> None:
        status, first = server.predict(v1_body(good_row), JSON)
        assert status == 200
        prediction = first["predictions"][0]
        assert prediction["label"] in ("no", "yes")
        assert list(prediction["probabilities"]) == ["no", "yes"]
        assert sum(prediction["probabilities"].values()) == pytest.approx(1, abs=1e-6)
        status, headers, body = server.request("POST", V2, v2_body(good_row), JSON)
        assert status == 200
        outputs = {output["name"]: output for output in json.loads(body)["outputs"]}
        assert outputs["label"]["data"] == [prediction["label"]]
        assert outputs["probabilities"]["shape"] == [1, 2]
        np.testing.assert_allclose(
            outputs["probabilities"]["data"], list(prediction["probabilities"].values()), atol=1e-7
        )
        assert headers["x-sevenfold-bundle"].startswith("sha256:")

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            pytest.param(b"", "empty_body", id="02 empty"),
            pytest.param(b"not json", "not_json", id="03 not JSON"),
            pytest.param(b'{"instances": []} x', "not_json", id="04 trailing garbage"),
            pytest.param(b'{"instances": [{"distance": NaN}]}', "not_json", id="05 NaN"),
            pytest.param(b'{"instances": [{"distance": 1e400}]}', "not_json", id="06 1e400"),
            pytest.param(b'{"instances": [{"distance": -1e400}]}', "not_json", id="06 -1e400"),
            pytest.param(b'{"instances": [{"distance": Infinity}]}', "not_json", id="05 Infinity"),
            pytest.param(b'{"instances": [{"distance": ' + b"9" * 5000 + b"}]}", "not_json", id="07 5000 digits"),
            pytest.param(b"[" * 100_000, "not_json", id="08 depth 100000"),
            pytest.param(b'{"a":' * 100_000, "not_json", id="08 depth 100000 of objects"),
            pytest.param(b'{"instances": [], "instances": []}', "duplicate_key", id="10 duplicate at the top"),
            pytest.param(b'{"instances": [{"distance": 1, "distance": 2}]}', "duplicate_key", id="10 in a row"),
            pytest.param(b'{"x": {"y": [{"z": 1, "z" : 1}]}}', "duplicate_key", id="10 deep"),
            pytest.param(b'{"a:b": ":", "c\\":d": 1, "c\\":d": 2}', "duplicate_key", id="10 with colons in texts"),
            pytest.param(b'{"a": 1, "\\u0061": 2}', "duplicate_key", id="10 by an escape"),
            pytest.param(b'\xef\xbb\xbf{"instances": []}', "not_json", id="11 BOM"),
            pytest.param(b'{"instances": [{"carrier": "\xff"}]}', "not_json", id="12 invalid UTF-8"),
            pytest.param(b'{"instances": [{"carrier": "\\ud800"}]}', "not_json", id="12 lone surrogate"),
        ],
    )
    @pytest.mark.parametrize("path", [V1, V2])
    def test_02_to_12_are_400(self, server: Any, path: str, body: bytes, code: str) -> None:
        status, _, answer = server.request("POST", path, body, JSON)
        check_refusal(server, status, answer, 400, code)

    @pytest.mark.parametrize("path", [V1, V2])
    def test_09_deep_but_legal(self, server: Any, path: str) -> None:
        status, _, answer = server.request("POST", path, b"[" * 900 + b"]" * 900, JSON)
        check_refusal(server, status, answer, 422, "shape")
        row = b'{"instances": [' + b"[" * 900 + b"]" * 900 + b"]}"
        status, _, answer = server.request("POST", V1, row, JSON)
        check_refusal(server, status, answer, 422, "shape")

    @pytest.mark.parametrize("body", [b"[]", b'"text"', b"null", b"1", b"true", b"{}", b'{"instances": {}}'])
    @pytest.mark.parametrize("path", [V1, V2])
    def test_13_not_an_object_of_the_form(self, server: Any, path: str, body: bytes) -> None:
        status, _, answer = server.request("POST", path, body, JSON)
        check_refusal(server, status, answer, 422, "shape")

    def test_colons_in_texts_are_no_duplicates(self, server: Any, good_row: dict[str, Any]) -> None:
        assert server.predict(v1_body(good_row, carrier='a:b":\\c"::'), JSON)[0] == 200


class TestSizes:
    """Cases 14 to 18: too few, too many, too much, too slow."""

    def test_14_no_rows(self, server: Any) -> None:
        status, _, answer = server.request("POST", V1, {"instances": []}, JSON)
        check_refusal(server, status, answer, 422, "shape")
        empty = {"name": "distance", "shape": [0], "datatype": "FP64", "data": []}
        status, _, answer = server.request("POST", V2, {"inputs": [empty]}, JSON)
        check_refusal(server, status, answer, 422, "shape")

    def test_15_too_many_rows(self, server: Any, good_row: dict[str, Any]) -> None:
        assert server.request("POST", V1, {"instances": [good_row] * 1024}, JSON)[0] == 200
        status, _, answer = server.request("POST", V1, {"instances": [good_row] * 1025}, JSON)
        check_refusal(server, status, answer, 413, "too_many_rows")
        many = {"name": "distance", "shape": [1025], "datatype": "FP64", "data": [1.0] * 1025}
        status, _, answer = server.request("POST", V2, {"inputs": [many]}, JSON)
        check_refusal(server, status, answer, 413, "too_many_rows")

    def test_16_a_byte_over_the_limit_is_refused_before_it_is_read(self, server: Any) -> None:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
            head = f"POST {V1} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {(4 << 20) + 1}"
            client.sendall(head.encode() + b"\r\n\r\n")
            answer = client.recv(4096)  # nothing of the body was sent
            assert answer.startswith(b"HTTP/1.1 413")
        status, _, answer = server.request("POST", V1, b" " * ((4 << 20) + 1), JSON)
        check_refusal(server, status, answer, 413, "too_large")
        status, _, answer = server.request("POST", V1, b" " * (4 << 20), JSON)
        check_refusal(server, status, answer, 400, "not_json")

    def test_17_chunks_without_a_length(self, server: Any) -> None:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
        chunks = (b" " * 65536 for _ in range(80))
        connection.request("POST", V1, body=chunks, headers=JSON, encode_chunked=True)
        answer = connection.getresponse()
        check_refusal(server, answer.status, answer.read(), 413, "too_large")
        connection.close()

    def test_18_a_slow_body(self, server: Any) -> None:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
            head = f"POST {V1} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100"
            client.sendall(head.encode() + b"\r\n\r\n")
            started, answer = time.monotonic(), b""
            client.settimeout(0.2)
            while not answer and time.monotonic() < started + 8:
                client.sendall(b" ")
                try:
                    answer = client.recv(4096)
                except TimeoutError:
                    continue
            while part := client.recv(4096):
                answer += part
        assert answer.startswith(b"HTTP/1.1 408"), answer
        assert b'"too_slow"' in answer
        assert time.monotonic() - started < 6  # the limit of this server is 1 s

    def test_a_body_cut_off_is_nobodys_error(self, server: Any) -> None:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
            client.sendall(f"POST {V1} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{{".encode())
        time.sleep(0.2)
        assert "internal error" not in server.log.read_text()


class TestAddresses:
    """Cases 19 and 32: content types, names, methods."""

    @pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "application/x-www-form-urlencoded"])
    @pytest.mark.parametrize("path", [V1, V2])
    def test_19_wrong_content_type(self, server: Any, good_row: dict[str, Any], path: str, kind: str) -> None:
        status, _, answer = server.request("POST", path, v1_body(good_row), {"content-type": kind})
        error = check_refusal(server, status, answer, 415, "content_type")
        assert HEADER_LENGTH in error["message"]

    def test_19_json_with_a_charset(self, server: Any, good_row: dict[str, Any]) -> None:
        assert server.predict(v1_body(good_row), {"content-type": "Application/JSON; charset=utf-8"})[0] == 200

    def test_19_compressed(self, server: Any, good_row: dict[str, Any]) -> None:
        headers = {**JSON, "content-encoding": "gzip"}
        status, _, answer = server.request("POST", V1, v1_body(good_row), headers)
        check_refusal(server, status, answer, 415, "encoding")

    @pytest.mark.parametrize(
        "path",
        [
            "/v1/models/other:predict",
            "/v2/models/other/infer",
            "/v1/models/../../etc/passwd:predict",
            "/v1/models/..%2f..%2fetc%2fpasswd:predict",
            "/v2/models/%2e%2e%2f%2e%2e%2fetc/infer",
            "/v2/models/flights%00/infer",
            "/v2/models/flights/versions/99/infer",
            "/v1/models/flights:explain",
            "/v2/repository/models/flights/load",
            "/v1/models/" + "a" * 5000 + ":predict",
            "/etc/passwd",
            "//v1/models/flights:predict",
        ],
    )
    def test_32_unknown_names(self, server: Any, good_row: dict[str, Any], path: str) -> None:
        status, _, answer = server.request("POST", path, v1_body(good_row), JSON)
        check_refusal(server, status, answer, 404, "not_found")

    def test_32_encoded_but_right(self, server: Any, good_row: dict[str, Any]) -> None:
        assert server.request("POST", "/v1/models/flights%3Apredict", v1_body(good_row), JSON)[0] == 200

    def test_other_methods(self, server: Any) -> None:
        status, headers, answer = server.request("GET", V1)
        check_refusal(server, status, answer, 405, "method")
        assert headers["allow"] == "POST"
        status, headers, _ = server.request("POST", "/v2", b"{}", JSON)
        assert (status, headers["allow"]) == (405, "GET, HEAD")

    @pytest.mark.parametrize("junk", [b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST " + b"/" * 40_000])
    def test_not_http(self, server: Any, junk: bytes) -> None:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
            client.sendall(junk)
            answer = client.recv(4096)
        assert answer.startswith(b"HTTP/1.1 400")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "not_http"

    def test_health(self, server: Any) -> None:
        for path in ("/", "/v2/health/live", "/v2/health/ready", "/v2", "/v1/models", "/v2/models"):
            assert server.request("GET", path)[0] == 200, path
        assert json.loads(server.request("GET", "/v1/models/flights")[2]) == {"name": "flights", "ready": True}
        assert server.request("GET", "/v2/models/flights/ready")[0] == 200
        described = json.loads(server.request("GET", "/v2/models/flights")[2])
        assert {tensor["name"]: tensor["datatype"] for tensor in described["outputs"]} == {
            "label": "BYTES",
            "probabilities": "FP32",
        }
        version = described["versions"][0]
        assert server.request("GET", f"/v2/models/flights/versions/{version}/ready")[0] == 200


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
            ("distance", "700"),
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
        series = len(parse_metrics(server.request("GET", "/metrics")[2].decode()))
        for text in ("ZZ", 'quote"', "new\nline", "\\"):
            assert server.predict(v1_body(good_row, carrier=text), JSON)[0] == 200
        assert total(server, UNKNOWN_CATEGORIES, feature="carrier") == before + 4
        after = server.request("GET", "/metrics")[2].decode()
        assert len(parse_metrics(after)) == series
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
            ({"shape": [1], "datatype": "BYTES", "data": ["1.0"]}, 422, None),
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
        found = json.loads(answer)
        assert (status, found["id"], [output["name"] for output in found["outputs"]]) == (200, "a-1", ["label"])
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


values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
documents = st.recursive(
    values, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
columns = st.sampled_from(
    ["distance", "air_time", "seats", "international", "carrier", "tail", "departure", "departure:missing", "x"]
)
tensor = st.fixed_dictionaries(
    {},
    optional={
        "name": columns | documents,
        "shape": st.lists(st.integers(-1, 4), max_size=3) | documents,
        "datatype": st.sampled_from(["FP64", "INT64", "BOOL", "BYTES", "FP16", "UINT8"]) | documents,
        "data": st.lists(values, max_size=4) | documents,
        "parameters": st.fixed_dictionaries({"binary_data_size": st.integers(-1, 40)}) | documents,
    },
)
MANY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class TestAnything:
    """Whatever is sent, the answer is 200 or a refusal, never a 5xx."""

    def ask(self, server: Any, path: str, body: bytes, headers: dict[str, str]) -> None:
        status, _, answer = server.request("POST", path, body, headers)
        assert status in (200, 400, 413, 415, 422), (status, answer, body)
        json.loads(answer[: int(_.get(HEADER_LENGTH, len(answer)))])

    @MANY
    @given(body=st.binary(max_size=200))
    def test_bytes(self, server: Any, body: bytes) -> None:
        self.ask(server, V1, body, JSON)
        self.ask(server, V2, body, {HEADER_LENGTH: str(len(body) // 2)})

    @MANY
    @given(document=documents)
    def test_documents(self, server: Any, document: Any) -> None:
        body = json.dumps(document).encode()
        self.ask(server, V1, body, JSON)
        self.ask(server, V2, json.dumps({"inputs": document}).encode(), JSON)

    @MANY
    @given(rows=st.lists(st.dictionaries(columns, values), min_size=1, max_size=4))
    def test_rows(self, server: Any, rows: list[dict[str, Any]]) -> None:
        self.ask(server, V1, json.dumps({"instances": rows}).encode(), JSON)

    @MANY
    @given(tensors=st.lists(tensor, max_size=9), raw=st.binary(max_size=80), parameters=documents)
    def test_tensors(self, server: Any, tensors: list[Any], raw: bytes, parameters: Any) -> None:
        header = json.dumps({"inputs": tensors, "parameters": parameters, "outputs": parameters}).encode()
        self.ask(server, V2, header + raw, {HEADER_LENGTH: str(len(header))})


def test_json_and_binary_say_the_same(server: Any, sample: Any) -> None:
    from sevenfold.scoring.feeds import feeds_from_table
    from sevenfold.scoring.scorer import Scorer

    feeds = feeds_from_table(sample.dataset.table("test"), sample.bundle.signature.inputs)
    expected = Scorer(sample.bundle.model_path, sample.bundle.signature).predict(feeds)
    with InferenceClient(server.url, "flights") as client:
        for binary in (True, False):
            found = client.infer(feeds, binary=binary, headers={REPLAY_HEADER: REPLAY_VALUE})
            assert found["label"].tolist() == expected.labels.tolist()
            np.testing.assert_array_equal(found["probabilities"], expected.probabilities)
        assert client.bundle == sample.bundle.digest
        body, length = encode_tensors(feeds, key="inputs", head={}, binary=True)
        status, headers, _ = client.request("POST", V2, body, {HEADER_LENGTH: str(length)})
        assert (status, HEADER_LENGTH in headers) == (200, False)  # raw in, JSON out, unless asked for
