"""Prometheus, Alertmanager and the receiver go away in turn, each for longer than its alerts last, and come back.

The programs are the real ones. An alert lasts four evaluations, here four seconds instead of four minutes, so that an
outage of some seconds does what one of a quarter of an hour does.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from runners import Unhindered

from sevenfold.monitoring.retrain.decide import Action, Reason, Rules
from sevenfold.monitoring.retrain.journal import Entry, Journal, RunEntry
from sevenfold.monitoring.retrain.receiver import Receiver
from sevenfold.monitoring.retrain.retrainer import Retrainer
from sevenfold.plan.monitoring import RetrainSection, Trigger

CREDENTIAL = "a-credential-of-the-tests"
# Neither cooldown nor budget hides a second run.
SECTION = RetrainSection(trigger=Trigger.DRIFT, cooldown_hours=1e-9, max_runs_per_day=100)
RULES = {"flights": Rules(name="flights", section=SECTION, namespace="team")}
PROMETHEUS = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]}}
scrape_configs:
  - job_name: predictors
    static_configs: [{{targets: ["127.0.0.1:{page}"]}}]
"""
ALERTS = """
groups:
  - name: drift
    rules:
      - {alert: SevenfoldFeatureDrift, expr: drifted == 1, annotations: {summary: "{{ $labels.feature }} has drifted."}}
"""
ALERTMANAGER = """
route: {{receiver: retrain, group_by: [namespace, model], group_wait: 0s, group_interval: 1s, repeat_interval: 2s}}
receivers:
  - name: retrain
    webhook_configs:
      - url: http://127.0.0.1:{receiver}/alerts
        http_config: {{authorization: {{type: Bearer, credentials_file: credential}}}}
"""


@dataclass
class Refusing(Unhindered):
    """Stands in for Kubeflow: every run ends at once, and the old model stays."""

    started: list[str] = field(default_factory=list)

    def find(self, decided: RunEntry) -> str:
        return ""

    def start(self, decided: RunEntry) -> str:
        self.started.append(decided.cause)
        return decided.cause

    def ending(self, run: str) -> tuple[str, str]:
        return "refused", "It is no better."


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def until(holds: Callable[[], Any], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def page(port: int, drifting: set[str]) -> Iterator[None]:
    """What a predictor would show: which features drift."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shared = 'namespace="team",model="flights",bundle="b1"'
            lines = [f'drifted{{{shared},feature="{name}"}} {int(name in drifting)}' for name in ("wind", "rain")]
            body = "\n".join([*lines, ""]).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Page)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def program(folder: Path, port: int, *command: str) -> Iterator[None]:
    """A program that is killed at the end; `port` is where it says that it is ready."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def ready() -> bool:
        assert process.poll() is None, (folder / "log").read_text()
        try:
            with urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=2):
                return True
        except (URLError, OSError):
            return False

    try:
        until(ready)
        yield
    finally:
        process.kill()
        process.wait()


class World:
    """The three of them, each of which can be away."""

    def __init__(self, folder: Path, prometheus: str, alertmanager: str) -> None:
        self.folder, self._programs = folder, (prometheus, alertmanager)
        self.prometheus_port, self.alertmanager_port, self.receiver_port, self.page_port = (
            free_port() for _ in range(4)
        )
        (folder / "credential").write_text(CREDENTIAL)
        (folder / "rules.yml").write_text(ALERTS)
        config = PROMETHEUS.format(alertmanager=self.alertmanager_port, page=self.page_port)
        (folder / "prometheus.yml").write_text(config)
        (folder / "alertmanager.yml").write_text(ALERTMANAGER.format(receiver=self.receiver_port))
        self.drifting: set[str] = set()
        self.kubeflow = Refusing()
        self.journal = Journal(folder / "retrain.db")

    def prometheus(self) -> Any:
        return program(
            self.folder,
            self.prometheus_port,
            self._programs[0],
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=series",
            f"--web.listen-address=127.0.0.1:{self.prometheus_port}",
            "--rules.alert.resend-delay=1s",
        )

    def alertmanager(self) -> Any:
        return program(
            self.folder,
            self.alertmanager_port,
            self._programs[1],
            "--config.file=alertmanager.yml",
            "--storage.path=silences",
            f"--web.listen-address=127.0.0.1:{self.alertmanager_port}",
            "--cluster.listen-address=",
        )

    def receiver(self) -> Receiver:
        retrainer = Retrainer(Journal(self.journal.path), RULES, self.kubeflow)
        return Receiver(retrainer, lambda: CREDENTIAL, port=self.receiver_port, pause_seconds=0.1)

    def entries(self, reason: Reason) -> list[Entry]:
        return [entry for entry in self.journal.entries("flights") if entry.reason is reason]

    def times(self, reason: Reason) -> int:
        return sum(entry.times for entry in self.entries(reason))

    def heard_again(self) -> None:
        """Wait until the receiver has heard of the alerts once more, and has had the time to start a run."""
        before = self.times(Reason.DUPLICATE)
        until(lambda: self.times(Reason.DUPLICATE) >= before + 2)


@pytest.fixture
def world(tmp_path: Path) -> World:
    prometheus = shutil.which("prometheus")
    alertmanager = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if prometheus is None or alertmanager is None:
        pytest.skip("needs both: apt-get install prometheus prometheus-alertmanager")
    return World(tmp_path, prometheus, alertmanager)


@pytest.mark.slow
@pytest.mark.soak
def test_no_outage_gives_a_second_run_and_none_loses_a_cause(world: World) -> None:
    with ExitStack() as there, page(world.page_port, world.drifting):
        receiver = there.enter_context(ExitStack())
        alertmanager = there.enter_context(ExitStack())
        prometheus = there.enter_context(ExitStack())
        receiver.enter_context(world.receiver())
        alertmanager.enter_context(world.alertmanager())
        prometheus.enter_context(world.prometheus())
        world.drifting.add("wind")
        until(lambda: world.entries(Reason.NOT_PROMOTED))
        world.heard_again()

        prometheus.close()  # Alertmanager takes its alerts for over …
        until(lambda: world.entries(Reason.RESOLVED))
        prometheus.enter_context(world.prometheus())  # … and then for new ones
        world.heard_again()
        assert len(world.kubeflow.started) == 1

        alertmanager.close()
        time.sleep(6)
        alertmanager.enter_context(world.alertmanager())
        world.heard_again()
        assert len(world.kubeflow.started) == 1

        receiver.close()
        time.sleep(6)
        receiver.enter_context(world.receiver())
        world.heard_again()
        assert len(world.kubeflow.started) == 1

        alertmanager.close()
        world.drifting.clear()
        world.drifting.add("rain")  # what begins while nobody hears it is heard later
        time.sleep(6)
        alertmanager.enter_context(world.alertmanager())
        until(lambda: len(world.kubeflow.started) == 2)
    assert [entry.evidence for entry in world.entries(Reason.CAUSE)] == ["wind has drifted", "rain has drifted"]
    assert all(entry.action is Action.START for entry in world.entries(Reason.CAUSE))
