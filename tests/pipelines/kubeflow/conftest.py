"""A cluster's API server on this machine, whose answers a test changes, and a plan for that cluster."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cluster_answers import GONE, WELL
from kubeconfig import point_at

from sevenfold.contracts.schema import Column, Kind, Role, Task
from sevenfold.plan import DataSection, Plan


@pytest.fixture
def team_plan() -> Plan:
    columns = {"x": Column(kind=Kind.NUMBER), "y": Column(kind=Kind.CATEGORY, role=Role.TARGET)}
    data = DataSection(source="t.csv", target="y", task=Task.BINARY, columns=columns)
    given = {"version": 1, "name": "trains", "data": data, "secrets": {"storage": "store-keys"}}
    return Plan.model_validate({**given, "deployment": {"namespace": "team"}})


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    world: dict[str, Any] = {**WELL, "may": True, "rights": {}, "asked": [], "authorization": None}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path.startswith("/apis/v2beta1/") and self.headers["Authorization"] != world["authorization"]:
                self.respond(401)
                return
            world["asked"].append((path, self.headers["Accept"]))
            self.respond(world.get(path, GONE))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            verb, who = body["spec"]["resourceAttributes"]["verb"], body["spec"].get("user", "").rpartition(":")[2]
            review = "accessreviews" in self.path and verb in ("patch", "get", "list", "create", "delete")
            allowed = world["rights"].get((who, verb), world["may"])
            self.respond({"status": {"allowed": allowed}} if review else GONE)

        def respond(self, value: Any) -> None:
            body = json.dumps({} if isinstance(value, int) else value).encode()
            self.send_response(value if isinstance(value, int) else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        world["url"] = f"http://127.0.0.1:{http.server_port}"
        point_at(world["url"], tmp_path / "config", monkeypatch)
        yield world
        http.shutdown()
        thread.join()
