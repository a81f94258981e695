"""A real Alertmanager posts to the receiver: firing, repeated, away, resolved."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
from runners import Unhindered

from sevenfold.monitoring.retrain.decide import Action, Reason, Rules
from sevenfold.monitoring.retrain.journal import Journal, RunEntry
from sevenfold.monitoring.retrain.receiver import Receiver
from sevenfold.monitoring.retrain.retrainer import Retrainer
from sevenfold.plan.monitoring import RetrainSection, Trigger

CREDENTIAL = "a-credential-of-the-tests"
RULES = {"flights": Rules(name="flights", section=RetrainSection(trigger=Trigger.DRIFT), namespace="team")}
CONFIG = """
route:
  receiver: retrain
  group_by: [namespace, model, alertname]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1s
receivers:
  - name: retrain
    webhook_configs:
      - url: http://127.0.0.1:{port}/alerts
        send_resolved: true
        http_config: {{authorization: {{type: Bearer, credentials_file: {credential}}}}}
"""


class Kubeflow(Unhindered):
    started: list[str]

    def __init__(self) -> None:
        self.started = []

    def find(self, decided: RunEntry) -> str:
        return ""

    def start(self, decided: RunEntry) -> str:
        self.started.append(decided.cause)
        return decided.cause

    def ending(self, run: str) -> None:
        return None


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def until(holds: Callable[[], Any], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def alertmanager(tmp_path: Path, port: int) -> Iterator[str]:
    """The address of an Alertmanager that sends to the receiver's port."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        pytest.skip("Alertmanager is not installed (apt-get install prometheus-alertmanager)")
    credential = tmp_path / "credential"
    credential.write_text(CREDENTIAL)
    (tmp_path / "alertmanager.yml").write_text(CONFIG.format(port=port, credential=credential))
    own = free_port()
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={tmp_path / 'alertmanager.yml'}",
                f"--storage.path={tmp_path / 'data'}",
                f"--web.listen-address=127.0.0.1:{own}",
                "--cluster.listen-address=",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{own}"

    def ready() -> bool:
        assert process.poll() is None, (tmp_path / "log").read_text()
        try:
            with urlopen(f"{address}/-/ready", timeout=2):  # noqa: S310
                return True
        except (URLError, OSError):
            return False

    try:
        until(ready)
        yield address
    finally:
        process.kill()
        process.wait()


def post(address: str, *, began: datetime, ended: datetime | None = None) -> None:
    labels = {"alertname": "SevenfoldFeatureDrift", "namespace": "team", "model": "flights", "bundle": "b1"}
    alerts = [
        {
            "labels": {**labels, "feature": feature},
            "annotations": {"summary": f"{feature} of flights has drifted."},
            "startsAt": began.isoformat(),
            **({"endsAt": ended.isoformat()} if ended else {}),
        }
        for feature in ("wind", "rain")
    ]
    request = Request(  # noqa: S310
        f"{address}/api/v2/alerts", json.dumps(alerts).encode(), {"content-type": "application/json"}
    )
    with urlopen(request, timeout=10):  # noqa: S310
        pass


def test_one_run_however_often_it_is_sent_also_after_an_outage(tmp_path: Path, alertmanager: str, port: int) -> None:
    kubeflow, journal = Kubeflow(), Journal(tmp_path / "retrain.db")
    began = datetime.now(UTC) - timedelta(minutes=5)
    post(alertmanager, began=began)  # nobody listens yet: Alertmanager tries again
    time.sleep(1)
    for _ in range(2):  # two processes, one after the other
        retrainer = Retrainer(Journal(journal.path), RULES, kubeflow)
        with Receiver(retrainer, lambda: CREDENTIAL, port=port, pause_seconds=0.05):
            seen = sum(entry.times for entry in journal.entries())
            until(lambda seen=seen: sum(entry.times for entry in journal.entries()) > seen)  # type: ignore[misc]
            until(lambda: kubeflow.started)
    assert len(kubeflow.started) == 1
    starts = [entry for entry in journal.entries() if entry.action is Action.START]
    assert [entry.times for entry in starts] == [1]
    # a busy machine may have been notified of the first before the second came
    assert starts[0].evidence in {
        "rain of flights has drifted. wind of flights has drifted",
        "rain of flights has drifted",
        "wind of flights has drifted",
    }
    with Receiver(Retrainer(Journal(journal.path), RULES, kubeflow), lambda: CREDENTIAL, port=port):
        post(alertmanager, began=began, ended=datetime.now(UTC))
        until(lambda: Reason.RESOLVED in {entry.reason for entry in journal.entries()})
    assert len(kubeflow.started) == 1
    assert not [thread for thread in threading.enumerate() if thread.name in ("receiver", "worker")]
