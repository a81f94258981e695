"""What all tests share: settings of hypothesis, and a real Prometheus for the rooms that read it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from hypothesis import settings

pytest_plugins = ["networks", "openrefine", "table_files"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", type=int, default=1, help="How often to run the tests marked soak.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    count = metafunc.config.getoption("--soak")
    if count > 1 and metafunc.definition.get_closest_marker("soak"):
        metafunc.fixturenames.append("try_number")
        metafunc.parametrize("try_number", range(1, count + 1))


# A shared machine may pause any test for seconds: how long an example took says nothing about it.
settings.register_profile("sevenfold", deadline=None)
settings.load_profile("sevenfold")

RULES = Path(__file__).parents[1] / "manifests/components/monitoring/files/rules.yml"
SLOTS = 8  # pages that are scraped from the start: a target that joins later waits five seconds for its first scrape
CONFIG = """
global: {{scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: sevenfold-predictors
    honor_labels: true
    static_configs:
"""
SLOT = """
      - targets: ["{host}"]
        labels: {{namespace: team, pod: "pod-{number}", instance: "pod-{number}", __metrics_path__: "/{number}"}}
"""


@dataclass
class RunningPrometheus:
    """A Prometheus of this machine that scrapes a few pages every quarter of a second, each a pod of its own."""

    url: str
    process: subprocess.Popen[bytes]
    folder: Path
    pages: dict[str, Callable[[], str] | None]  # by path; None is a pod that is not there

    def expose(self, page: Callable[[], str]) -> str:
        """Let a page be scraped as the metrics of a pod in namespace `team`, from now on; return the pod's name."""
        path = next(path for path, taken in self.pages.items() if taken is None)
        self.pages[path] = page
        return f"pod-{path[1:]}"

    def forget(self, pod: str) -> None:
        self.pages[f"/{pod.removeprefix('pod-')}"] = None

    def forget_all(self) -> None:
        self.pages.update(dict.fromkeys(self.pages))

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session")
def running_prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPrometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    shutil.copy(RULES, folder / "rules.yml")
    yield from _running(folder)


@pytest.fixture
def prometheus(running_prometheus: RunningPrometheus) -> Iterator[RunningPrometheus]:
    """One process for all tests, with the rules we ship: each test exposes a model of its own name."""
    yield running_prometheus
    running_prometheus.forget_all()


@pytest.fixture
def own_prometheus(tmp_path: Path) -> Iterator[RunningPrometheus]:
    """One that a test may stop; it has no rules."""
    yield from _running(tmp_path)


@pytest.fixture(scope="session")
def start_prometheus() -> Callable[[Path], contextlib.AbstractContextManager[RunningPrometheus]]:
    """Start one on a folder, which may hold `rules.yml` and, under `data`, blocks of what it is to know already."""
    return contextlib.contextmanager(_running)


def _running(folder: Path) -> Iterator[RunningPrometheus]:
    program = os.environ.get("PROMETHEUS") or shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed (apt-get install prometheus)")
    pages: dict[str, Callable[[], str] | None] = dict.fromkeys(f"/{number}" for number in range(SLOTS))

    class Page(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            page = pages[self.path]
            body = page().encode() if page else b""
            with contextlib.suppress(OSError):  # Prometheus breaks off a scrape that takes too long
                self.send_response(200 if page else 503)
                self.send_header("content-type", "text/plain; version=0.0.4")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config, host = folder / "prometheus.yml", f"127.0.0.1:{server.server_port}"
    slots = "".join(SLOT.format(host=host, number=number) for number in range(SLOTS))
    config.write_text(CONFIG.format(rules=folder / "rules.yml") + slots)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    running = RunningPrometheus(f"http://127.0.0.1:{port}", process, folder, pages)
    try:
        _await_ready(running)
        yield running
    finally:
        running.stop()
        server.shutdown()
        thread.join()
        server.server_close()


def _await_ready(running: RunningPrometheus) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urlopen(f"{running.url}/-/ready", timeout=2):  # noqa: S310
                return
        except (URLError, OSError):
            assert running.process.poll() is None, (running.folder / "log").read_text()
            assert time.monotonic() < deadline, (running.folder / "log").read_text()
            time.sleep(0.05)
