"""`sevenfold receive` as a process: it says where it listens, keeps decisions over a kill, and ends at SIGTERM."""

from __future__ import annotations

import contextlib
import io
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.monitoring.retrain.journal import Journal
from sevenfold.pipelines.releases import JOURNAL

CREDENTIAL = "a-credential-of-the-tests"
PLAN = """\
version: 1
name: flights
data:
  source: s3://bucket/flights.csv
  target: y
  task: binary
  columns:
    a: {kind: number}
    y: {kind: category, role: target}
retrain: {trigger: drift}
deployment: {namespace: team}
"""


@contextmanager
def running(home: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    program = [sys.executable, "-c", "from sevenfold.cli.main import main; main()"]
    command = [*program, "receive", "plan.yaml", "--credential", "credential"]
    given = [*command, "--port", "0", "--endpoint", "http://127.0.0.1:9", "--root", f"file://{home / 'root'}"]
    process = subprocess.Popen(given, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        while line.startswith("waits: "):  # of a decision on disk, which another thread tries
            line = process.stdout.readline()
        found = re.fullmatch(r"receiving alerts at http://127\.0\.0\.1:(\d+)/alerts\n", line)
        assert found, line
        yield process, int(found[1])
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "credential").write_text(f"{CREDENTIAL}\n")
    return tmp_path


def post(port: int) -> int:
    alert = {
        "status": "firing",
        "labels": {"alertname": "SevenfoldFeatureDrift", "namespace": "team", "model": "flights", "feature": "a"},
        "startsAt": datetime(2026, 3, 1, tzinfo=UTC).isoformat(),
        "fingerprint": "f1",
    }
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    body = json.dumps({"version": "4", "alerts": [alert]})
    connection.request("POST", "/alerts", body, {"authorization": f"Bearer {CREDENTIAL}"})
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_decision_outlives_the_process(home: Path) -> None:
    with running(home) as (process, port):
        assert post(port) == 204
        process.kill()
        process.wait()
    journal = Journal(home / "runs" / JOURNAL)
    assert [run.state for run in journal.unfinished()] == ["decided"], "nothing could be started: no endpoint answers"
    with running(home) as (process, port):
        assert post(port) == 204
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    assert [(entry.reason.value, entry.times) for entry in journal.entries()] == [("cause", 1), ("duplicate", 1)]


def test_what_is_said_is_not_lost_while_another_thread_silences_kfp(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(given: object, on_message: Callable[[str], None]) -> None:
        with contextlib.redirect_stdout(io.StringIO()):  # as for a moment in every thread
            on_message("receiving alerts")

    monkeypatch.chdir(home)
    monkeypatch.setattr("sevenfold.pipelines.kubeflow.receive.serve_receiver", serve)
    result = CliRunner().invoke(app, ["receive", "plan.yaml", "--credential", "credential"])
    assert result.output == "receiving alerts\n", result.exception
