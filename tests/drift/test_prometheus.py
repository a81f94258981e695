"""The client of Prometheus against an endpoint that answers whatever a test says."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from sevenfold.contracts.errors import MonitoringError, TemporaryError
from sevenfold.drift.prometheus import PrometheusClient, Series, selector
from sevenfold.runtime.prometheus import PrometheusLogin


class Endpoint(BaseHTTPRequestHandler):
    status, body, headers_sent, asked, logins = 200, b"", {}, [], []
    pause = 0.0

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        type(self).asked.append((self.path, {key: values[0] for key, values in form.items()}))
        type(self).logins.append(self.headers["authorization"])
        self._answer()

    def do_GET(self) -> None:
        type(self).asked.append((self.path, {}))
        type(self).logins.append(self.headers["authorization"])
        self._answer()

    def _answer(self) -> None:
        self.send_response(self.status)
        for name, value in {"content-length": str(len(self.body)), **self.headers_sent}.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):  # who asked may have gone
            for byte in range(0, len(self.body), 50):
                time.sleep(self.pause)
                self.wfile.write(self.body[byte : byte + 50])

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[tuple[type[Endpoint], str]]:
    kind = type("OwnEndpoint", (Endpoint,), {"asked": [], "logins": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield kind, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def says(kind: type[Endpoint], result_type: str, result: Any) -> None:
    kind.body = json.dumps({"status": "success", "data": {"resultType": result_type, "result": result}}).encode()


def test_vectors_matrices_and_scalars_are_read(endpoint: tuple[type[Endpoint], str]) -> None:
    kind, url = endpoint
    client = PrometheusClient(url + "/prom/")
    says(kind, "vector", [{"metric": {"pod": "p"}, "value": [12.5, "+Inf"]}, {"metric": {}, "histogram": [1, {}]}])
    assert client.query('up{pod="p"}', at=12.5) == [Series({"pod": "p"}, ((12.5, float("inf")),))]
    path, form = kind.asked[-1]
    assert path == "/prom/api/v1/query"
    assert (form["query"], form["time"]) == ('up{pod="p"}', "12.500")
    says(kind, "scalar", [99.5, "99.5"])
    assert client.now() == 99.5
    says(kind, "matrix", [{"metric": {"a": "b"}, "values": [[1, "2"], [3, "4"]]}, {"metric": {}, "values": []}])
    assert client.samples("up", since=0, until=99.5) == [Series({"a": "b"}, ((1.0, 2.0), (3.0, 4.0)))]
    assert kind.asked[-1][1]["query"] == "up[100s]"


def test_rules_of_all_groups_are_read(endpoint: tuple[type[Endpoint], str]) -> None:
    kind, url = endpoint
    groups = [{"rules": [{"name": "one"}]}, {"rules": [{"name": "two"}, {"name": "three"}]}]
    kind.body = json.dumps({"status": "success", "data": {"groups": groups}}).encode()
    assert [rule["name"] for rule in PrometheusClient(url).rules()] == ["one", "two", "three"]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_what_may_pass_is_temporary(endpoint: tuple[type[Endpoint], str], status: int) -> None:
    kind, url = endpoint
    kind.status = status
    with pytest.raises(TemporaryError) as caught:
        PrometheusClient(url).query("up")
    assert caught.value.code == "prometheus_unreachable"


def test_a_refusal_says_what_prometheus_said(endpoint: tuple[type[Endpoint], str]) -> None:
    kind, url = endpoint
    kind.status, kind.body = 400, json.dumps({"status": "error", "error": "parse error at char 3"}).encode()
    with pytest.raises(MonitoringError, match="parse error at char 3") as caught:
        PrometheusClient(url).query("u{")
    assert caught.value.code == "prometheus_refused"


def test_a_login_goes_with_every_question(endpoint: tuple[type[Endpoint], str]) -> None:
    kind, url = endpoint
    says(kind, "scalar", [99.5, "99.5"])
    client = PrometheusClient(url, PrometheusLogin(token="zq-token"))  # noqa: S106 — made for this test
    client.now()
    kind.body = json.dumps({"status": "success", "data": {"groups": []}}).encode()
    client.rules()
    PrometheusClient(url).rules()
    assert kind.logins == ["Bearer zq-token", "Bearer zq-token", None]


@pytest.mark.parametrize("status", [401, 403])
def test_a_login_that_is_refused_is_not_shown(endpoint: tuple[type[Endpoint], str], status: int) -> None:
    kind, url = endpoint
    kind.status = status
    with pytest.raises(MonitoringError) as caught:
        PrometheusClient(url, PrometheusLogin(token="zq-token")).now()  # noqa: S106 — made for this test
    assert "secrets.prometheus" in caught.value.remedy
    assert "zq-token" not in f"{caught.value} {caught.value.remedy}"


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_to_a_login_is_not_followed(endpoint: tuple[type[Endpoint], str], status: int) -> None:
    kind, url = endpoint
    kind.status, kind.headers_sent = status, {"location": f"{url}/login"}
    with pytest.raises(MonitoringError) as caught:
        PrometheusClient(url).query("up")
    assert caught.value.code == "prometheus_refused"
    assert [path for path, _ in kind.asked] == ["/api/v1/query"]


def test_no_proxy_of_the_environment_is_asked_and_no_question_is_logged(
    endpoint: tuple[type[Endpoint], str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kind, url = endpoint
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    caplog.set_level("INFO")
    says(kind, "scalar", [99.5, "99.5"])
    assert PrometheusClient(url).now() == 99.5
    assert caplog.records == []


@pytest.mark.parametrize(
    "body",
    [
        b"<html>hello</html>",
        b"[]",
        b'{"status": "error"}',
        b'{"status": "success", "data": {"resultType": "vector"}}',
        b'{"status": "success", "data": {"resultType": "string", "result": [1, "a"]}}',
        b'{"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1]}]}}',
    ],
)
def test_another_kind_of_answer_is_no_prometheus(endpoint: tuple[type[Endpoint], str], body: bytes) -> None:
    kind, url = endpoint
    kind.body = body
    with pytest.raises(MonitoringError) as caught:
        PrometheusClient(url).query("up")
    assert caught.value.code == "not_prometheus"


def test_an_answer_is_bounded_in_size_and_time(endpoint: tuple[type[Endpoint], str]) -> None:
    kind, url = endpoint
    kind.body = b" " * 10_000
    with pytest.raises(MonitoringError) as caught:
        PrometheusClient(url, max_bytes=9_999).query("up")
    assert caught.value.code == "answer_too_large"
    kind.pause = 0.05  # ten seconds in all, and never silent for long
    started = time.monotonic()
    with pytest.raises(TemporaryError):
        PrometheusClient(url, timeout_seconds=0.3).query("up")
    assert time.monotonic() - started < 3


def test_an_answer_that_breaks_off_is_no_answer(endpoint: tuple[type[Endpoint], str]) -> None:
    kind, url = endpoint
    kind.body, kind.headers_sent = b'{"status":', {"content-length": "5000"}
    with pytest.raises(TemporaryError):
        PrometheusClient(url).query("up")


def test_nobody_there() -> None:
    with pytest.raises(TemporaryError, match=r"127\.0\.0\.1") as caught:
        PrometheusClient("http://127.0.0.1:9").query("up")
    assert caught.value.code == "prometheus_unreachable"


def test_a_selector_quotes_what_it_is_given() -> None:
    assert selector(("a", "b"), {"x": 'q"\\\n'}) == '{__name__=~"a|b",x="q\\"\\\\\\n"}'
