from __future__ import annotations

import importlib.metadata
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from sevenfold.pipelines import ray_checks as module
from sevenfold.pipelines.check import Check
from sevenfold.pipelines.ray_checks import ray_checks
from sevenfold.plan import Plan

TOKEN = "t" * 32


class Ray(BaseHTTPRequestHandler):
    """The two pages of Ray's HTTP servers that are asked for."""

    version, token = "2.60.0", ""

    def do_GET(self) -> None:
        refused = self.token and self.headers.get("Authorization") != f"Bearer {self.token}"
        body = json.dumps({"ray_version": self.version}).encode() if self.path == "/api/version" else b"success"
        self.send_response(401 if refused and self.path == "/api/version" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *given: object) -> None:
        pass


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Ray)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    port = server.server_port
    monkeypatch.setattr(module, "DASHBOARD_PORT", port)
    monkeypatch.setattr(module, "AGENT_PORT", port)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "2.60.0")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    yield port
    server.shutdown()
    server.server_close()
    thread.join()


def checks(plan: Plan, address: str = "") -> dict[str, Check]:
    tuning = plan.tuning.replaced(engine="ray", ray={"address": address})
    return {check.name: check for check in ray_checks(plan.model_copy(update={"tuning": tuning}))}


def test_another_engine_asks_nothing_of_ray(plan: Plan) -> None:
    assert list(ray_checks(plan)) == list(ray_checks(None)) == []


@pytest.mark.parametrize("stage", ["preparation", "tuning"])
def test_a_cluster_that_kuberay_makes_needs_nothing_here(plan: Plan, stage: str) -> None:
    section = getattr(plan, stage).replaced(engine="ray", ray={"cluster": {"workers": 1}})
    assert list(ray_checks(plan.model_copy(update={stage: section}))) == []


def test_a_missing_package_names_the_command(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    (check,) = checks(plan, "127.0.0.1:1").values()
    assert (check.fine, check.remedy) == (False, "pip install 'sevenfold[ray]'")


def test_a_cluster_that_lacks_nothing(plan: Plan, port: int) -> None:
    found = checks(plan, f"127.0.0.1:{port}")
    assert all(check.fine for check in found.values())
    assert list(found) == ["ray", "Ray's address", "dashboard agent", "Ray's token", "Ray's version"]


def test_an_address_that_does_not_answer(plan: Plan, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    check = list(checks(plan, "127.0.0.1:1").values())[-1]
    assert (check.name, check.fine) == ("Ray's address", False)
    assert "ray start --head --port=1" in check.remedy


def test_a_token_that_is_missing_wrong_or_right(plan: Plan, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ray, "token", TOKEN)
    address = f"127.0.0.1:{port}"
    missing = checks(plan, address)["Ray's token"]
    assert (missing.fine, missing.finding) == (False, "asked for, but there is none here")
    assert "RAY_AUTH_TOKEN_PATH" in missing.remedy
    monkeypatch.setenv("RAY_AUTH_TOKEN", "wrong")
    assert checks(plan, address)["Ray's token"].finding == "refused"
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)
    assert checks(plan, address)["Ray's token"].fine
    assert TOKEN not in repr(checks(plan, address))


def test_another_version_and_no_agent(plan: Plan, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ray, "version", "2.50.1")
    monkeypatch.setattr(module, "AGENT_PORT", 1)
    found = checks(plan, f"127.0.0.1:{port}")
    version, agent = found["Ray's version"], found["dashboard agent"]
    assert (version.fine, version.finding) == (False, "2.50.1 there, 2.60.0 here")
    assert version.remedy == "pip install 'ray[default,tune]==2.50.1'"
    assert (agent.fine, agent.remedy) == (None, "On 127.0.0.1: pip install 'ray[default]==2.60.0'")


def test_a_dashboard_that_does_not_answer_is_unknown(plan: Plan, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DASHBOARD_PORT", 1)
    check = checks(plan, f"127.0.0.1:{port}")["Ray's version"]
    assert check.fine is None and "include-dashboard" in check.remedy


def test_preparation_asks_for_its_own_address(plan: Plan, port: int) -> None:
    preparation = plan.preparation.replaced(engine="ray", ray={"address": f"127.0.0.1:{port}"})
    found = {check.name: check for check in ray_checks(plan.model_copy(update={"preparation": preparation}))}
    assert found["ray"].fine is True
    assert found["Ray's address"].finding == f"127.0.0.1:{port}"
    tuning = plan.tuning.replaced(engine="ray", ray={"address": f"127.0.0.1:{port}"})
    both = plan.model_copy(update={"preparation": preparation, "tuning": tuning})
    assert [check.name for check in ray_checks(both)] == list(found), "each address once"
