import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from demo_run import PLAN

from sevenfold.plan import Plan, parse_plan

BASE = "/apis/v2beta1"
MOMENT = "2026-01-01T00:00:{:02d}Z"


class FakeKubeflow:
    """Stands in for Kubeflow's API server: remembers pipelines, versions and runs, and runs nothing.

    `script` is the list of task states that a run goes through, one per question."""

    def __init__(self) -> None:
        self.pipelines: list[dict[str, Any]] = []
        self.versions: list[dict[str, Any]] = []
        self.runs: list[dict[str, Any]] = []
        self.uploads: list[bytes] = []
        self.schedules: list[dict[str, Any]] = []
        self.made_schedules: list[dict[str, Any]] = []
        self.terminated: list[str] = []
        self.headers: list[dict[str, str]] = []  # of every question
        self.script: list[tuple[str, dict[str, str]]] = []
        self.asked = 0
        self.pages = 0  # of runs
        self.faults = 0  # how many of the next questions get status 503
        self.url = ""
        self.page: tuple[int, str] = (0, "")  # status and text of whatever stands before it

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: bytes) -> tuple[int, Any]:
        if self.faults:
            self.faults -= 1
            return 503, {"error": "restarting"}
        name = _filtered(query)
        match method, path.removeprefix(BASE).strip("/").split("/"):
            case "GET", ["healthz"]:
                return 200, {"multi_user": False}
            case "GET", ["pipelines"]:
                return 200, {"pipelines": [p for p in self.pipelines if p["name"] == name]}
            case "GET", ["pipelines", one]:
                return 200, next(p for p in self.pipelines if p["pipeline_id"] == one)
            case "POST", ["pipelines"]:
                made = {**json.loads(body), "pipeline_id": f"p{len(self.pipelines)}"}
                self.pipelines.append(made)
                return 200, made
            case "GET", ["pipelines", _, "versions"]:
                return 200, {"pipeline_versions": [v for v in self.versions if v["name"] == name]}
            case "GET", ["pipelines", _, "versions", version]:
                return 200, next(v for v in self.versions if v["pipeline_version_id"] == version)
            case "POST", ["pipelines", "upload_version"]:
                self.uploads.append(body)
                number = f"v{len(self.versions)}"
                made = {"name": query["name"][0], "pipeline_version_id": number, "pipeline_spec": _uploaded(body)}
                self.versions.append(made)
                return 200, made
            case "GET", ["experiments"]:
                return 200, {"experiments": [{"experiment_id": "e0", "display_name": "demo"}]}
            case "POST", ["recurringruns"]:
                made = {**json.loads(body), "recurring_run_id": f"s{len(self.made_schedules)}", "status": "ENABLED"}
                self.made_schedules.append(made)
                self.schedules.append(made)
                return 200, made
            case "GET", ["recurringruns"]:
                return 200, {"recurringRuns": self.schedules}
            case "POST", ["recurringruns", known] if known.endswith(":disable"):
                for schedule in self.schedules:
                    if schedule["recurring_run_id"] == known.removesuffix(":disable"):
                        schedule["status"] = "DISABLED"
                return 200, {}
            case "DELETE", ["recurringruns", gone]:
                self.schedules = [known for known in self.schedules if known["recurring_run_id"] != gone]
                return 200, {}
            case "POST", ["runs"]:
                number = len(self.runs)
                made = {**json.loads(body), "run_id": f"run{number}-0000", "created_at": MOMENT.format(min(number, 59))}
                self.runs.append(made)
                return 200, made
            case "POST", ["runs", named] if named.endswith(":terminate"):
                self.terminated.append(named.removesuffix(":terminate"))
                return 200, {}
            case "GET", ["runs"]:
                return 200, self._page(query)
            case "GET", ["runs", run] if any(made["run_id"] == run for made in self.runs):
                return 200, self._described(next(made for made in self.runs if made["run_id"] == run))
        return 404, {"error": f"nothing at {method} {path}"}

    def _page(self, query: dict[str, list[str]]) -> dict[str, Any]:
        """A page of runs, newest first; as the real one, a page token brings filter and order with it."""
        self.pages += 1
        token = query.get("page_token", [""])[0]
        if token and ("filter" in query or "sort_by" in query):
            raise AssertionError("the token has filter and order of the first page")
        start, given = json.loads(token) if token else (0, query.get("filter", [""])[0])
        runs = [run for run in reversed(self.runs) if _fits(run, given)]
        end = start + min(int(query.get("page_size", ["10"])[0]), 200)
        more = {"next_page_token": json.dumps([end, given])} if end < len(runs) else {}
        return {"runs": runs[start:end], **more}

    def _described(self, run: dict[str, Any]) -> dict[str, Any]:
        state, tasks = self.script[min(self.asked, len(self.script) - 1)]
        self.asked += 1
        rows = [
            {"display_name": task, "state": state_of_task, "create_time": MOMENT.format(number)}
            for number, (task, state_of_task) in enumerate(tasks.items())
        ]
        return {**run, "state": state, "run_details": {"task_details": rows}}


def _uploaded(body: bytes) -> dict[str, Any]:
    """The documents of an upload, as Kubeflow gives them for a version."""
    text = body.partition(b"\r\n\r\n")[2].partition(b"\r\n--")[0]
    documents = list(yaml.safe_load_all(text))
    return {"pipeline_spec": documents[0], "platform_spec": documents[-1]}


def _fits(run: dict[str, Any], given: str) -> bool:
    """Whether a run passes a filter; Kubeflow 2.17 knows no key for the pipeline, and a broken one for the schedule."""
    predicates = json.loads(given)["predicates"] if given else []
    assert {(one["key"], one["operation"]) for one in predicates} <= {("state", "NOT_EQUALS")}
    return all(run.get("state") != one["stringValue"] for one in predicates)


def _filtered(query: dict[str, list[str]]) -> str:
    text = query.get("filter", [""])[0]
    return json.loads(text)["predicates"][0]["stringValue"] if text else ""


@contextmanager
def serving(fake: FakeKubeflow) -> Iterator[FakeKubeflow]:
    """Serve on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fake.headers.append(dict(self.headers))
            status, answer = fake.answer(self.command, parts.path, parse_qs(parts.query), body)
            status, text = fake.page[0] or status, fake.page[1].encode() or json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if fake.page[1] else "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_DELETE = respond

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def kubeflow() -> Iterator[FakeKubeflow]:
    """A Kubeflow endpoint on this machine that runs nothing."""
    with serving(FakeKubeflow()) as fake:
        yield fake


@pytest.fixture
def plan() -> Plan:
    return parse_plan(PLAN)
