"""A thousand notifications of one alert, by many senders at once, while the receiver is restarted: one run."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from runners import Unhindered

from sevenfold.monitoring.retrain.decide import Action, Reason, Rules
from sevenfold.monitoring.retrain.journal import Journal, RunEntry
from sevenfold.monitoring.retrain.receiver import Receiver
from sevenfold.monitoring.retrain.retrainer import Retrainer
from sevenfold.plan.monitoring import RetrainSection, Trigger

COUNT, SENDERS = 1_000, 16
CREDENTIAL = "a-credential-of-the-tests"
# Neither cooldown nor budget hides a second run.
SECTION = RetrainSection(trigger=Trigger.DRIFT, cooldown_hours=1e-9, max_runs_per_day=100)
RULES = {"flights": Rules(name="flights", section=SECTION, namespace="team")}


class Kubeflow(Unhindered):
    """Stands in for what trains: a run is there from its start on, and ends at once."""

    def __init__(self) -> None:
        self.started: list[str] = []

    def find(self, decided: RunEntry) -> str:
        return next((cause for cause in self.started if cause == decided.cause), "")

    def start(self, decided: RunEntry) -> str:
        self.started.append(decided.cause)
        return decided.cause

    def ending(self, run: str) -> tuple[str, str]:
        return "refused", "It is no better."


class Sender:
    """Sends as Alertmanager does: again, until the answer is 2xx."""

    def __init__(self) -> None:
        self.port, self.there = 0, threading.Event()
        labels = {"alertname": "SevenfoldFeatureDrift", "namespace": "team", "model": "flights", "feature": "wind"}
        alert = {"labels": labels, "startsAt": datetime(2026, 3, 1, tzinfo=UTC).isoformat(), "fingerprint": "f1"}
        self.body = json.dumps({"version": "4", "alerts": [{**alert, "status": "firing"}]}).encode()

    def send(self, _: int) -> int:
        """Return after how many attempts it was taken."""
        for attempt in range(1, 10_000):
            self.there.wait(30)
            connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
            try:
                connection.request("POST", "/alerts", self.body, {"authorization": f"Bearer {CREDENTIAL}"})
                if connection.getresponse().status == 204:
                    return attempt
            except (OSError, HTTPException):
                pass
            finally:
                connection.close()
        raise AssertionError("it was never taken")

    @contextmanager
    def receiver(self, journal: Path, kubeflow: Kubeflow) -> Iterator[None]:
        retrainer = Retrainer(Journal(journal), RULES, kubeflow)
        with Receiver(retrainer, lambda: CREDENTIAL, pause_seconds=0.01) as running:
            self.port = running.port
            self.there.set()
            yield
            self.there.clear()


@pytest.fixture
def path() -> Iterator[Path]:
    """The journal, where thousands of commits need no disk."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:  # noqa: S108
        yield Path(folder) / "retrain.db"


def test_a_thousand_at_once_over_two_restarts_give_one_run(path: Path) -> None:
    sender, kubeflow = Sender(), Kubeflow()
    parts = [range(0, 300), range(300, 600), range(600, COUNT)]
    with ThreadPoolExecutor(SENDERS) as senders:
        for part in parts[:-1]:
            with sender.receiver(path, kubeflow):
                sent = [senders.submit(sender.send, number) for number in part]
                for future in sent[: len(sent) // 2]:
                    future.result()
            # the other half is on its way while nobody is there
        with sender.receiver(path, kubeflow):
            for future in [*sent, *(senders.submit(sender.send, number) for number in parts[-1])]:
                future.result()
    assert len(kubeflow.started) == 1
    entries = Journal(path).entries("flights")
    assert [entry.times for entry in entries if entry.reason is Reason.CAUSE] == [1]
    assert [entry.action for entry in entries].count(Action.START) == 1
    repeated = sum(entry.times for entry in entries if entry.action is Action.SUPPRESS)
    assert repeated >= COUNT - 1, "each was decided, those whose answer was lost twice"
