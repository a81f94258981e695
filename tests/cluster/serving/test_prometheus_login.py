"""A judge and a Prometheus that lets in over TLS and with a token alone, as one behind a proxy does."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.extended]

NAME = "prometheus-login"
SECRET = "serving-test-prometheus"  # noqa: S105 — its name
TOKEN = "zq-planted-prometheus-token-2718"  # noqa: S105 — made for this test


@dataclass
class Guarded:
    """A proxy before the cluster's Prometheus: its address, its certificate, and what it answered."""

    url: str
    certificate: str
    answers: list[int]


@pytest.fixture
def guarded(team, node: str, tmp_path: Path) -> Iterator[Guarded]:
    where = ("get", "service", "prometheus", "-o", "jsonpath={.spec.clusterIP}")
    behind = f"http://{team.kubectl(*where, namespace='sevenfold-monitoring')}:9090"
    answers: list[int] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers["authorization"] != f"Bearer {TOKEN}":
                return self.answer(401, b"")
            kind = {"content-type": self.headers["content-type"]}
            with urllib.request.urlopen(urllib.request.Request(behind + self.path, body, kind), timeout=10) as upstream:  # noqa: S310
                self.answer(200, upstream.read())

        def answer(self, status: int, body: bytes) -> None:
            answers.append(status)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    made = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    files = ("-keyout", tmp_path / "key.pem", "-out", tmp_path / "certificate.pem", "-subj", "/CN=prometheus")
    command: list[Any] = ["openssl", *made, *files, "-addext", f"subjectAltName=IP:{node}"]
    subprocess.run(command, check=True, capture_output=True)
    with ThreadingHTTPServer((node, 0), Door) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url, certificate = f"https://{node}:{server.server_port}", (tmp_path / "certificate.pem").read_text()
        yield Guarded(url, certificate, answers)
        server.shutdown()


@pytest.fixture
def secret(team, guarded: Guarded) -> Iterator[str]:
    content = {"PROMETHEUS_TOKEN": TOKEN, "PROMETHEUS_CA": guarded.certificate}
    made = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}, "stringData": content}
    team.kubectl("apply", "-f", "-", given=json.dumps(made))
    yield SECRET
    team.kubectl("delete", "secret", SECRET)


def test_the_judge_is_let_in_with_the_secret_and_says_nothing_of_it(team, guarded: Guarded, secret: str) -> None:
    team.forget(NAME)
    first, second = team.version(NAME, seed=21), team.version(NAME, seed=22)
    asked = {"prometheus": guarded.url, "login": secret}
    assert team.release(NAME, first, **asked).wait().get("decision") == "promote"
    team.until(lambda: team.ask(NAME, first)[0] == 200, 30)
    with team.load(NAME, first) as users:
        release = team.release(NAME, second, **asked)
        team.until(lambda: release.phase() in ("Succeeded", "Failed"), 300)
        log = release.log()
        end = release.wait()
    assert (end.get("decision"), end.get("reason")) == ("promote", "good"), end
    assert set(guarded.answers) == {200}
    assert users.lost == 0, users.failures[:5]
    kept = team.kubectl("get", "inferenceservices,configmaps,events", "-o", "json")
    assert TOKEN not in log + kept + json.dumps(end)


def test_without_the_secret_nobody_gets_a_share(team, guarded: Guarded) -> None:
    third = team.version(NAME, seed=23)
    end = team.release(NAME, third, prometheus=guarded.url).wait()
    assert end.get("code") == "prometheus_untrusted", end
    assert "secrets.prometheus" in end["remedy"]
    assert not team.percent(NAME)
    assert not guarded.answers
