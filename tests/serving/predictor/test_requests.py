"""Hostile bodies, sizes and addresses, with the status each must get from a real predictor; it goes on answering."""

from __future__ import annotations

import json
import socket
import time
from http.client import HTTPConnection
from typing import Any

import numpy as np
import pytest
from predictor_requests import JSON, V1, V2, check_refusal, v1_body, v2_body

from sevenfold.scoring.tensors import HEADER_LENGTH


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
