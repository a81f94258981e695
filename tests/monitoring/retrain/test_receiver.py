"""The receiver over HTTP: who is let in, what is refused, and that a decision is on disk before the answer."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from runners import Unhindered

from sevenfold.contracts.errors import DataError, PolicyError, TemporaryError
from sevenfold.monitoring.retrain.cause import Cause
from sevenfold.monitoring.retrain.decide import Action, Decision, Reason, Rules
from sevenfold.monitoring.retrain.journal import Journal, RunEntry
from sevenfold.monitoring.retrain.metrics import metrics_page
from sevenfold.monitoring.retrain.receiver import MOST_BYTES, Receiver
from sevenfold.monitoring.retrain.retrainer import Retrainer
from sevenfold.plan.monitoring import RetrainSection, Trigger

CREDENTIAL = "a-credential-of-the-tests"
RULES = {"flights": Rules(name="flights", section=RetrainSection(trigger=Trigger.DRIFT), namespace="team")}


@dataclass
class Kubeflow(Unhindered):
    """Stands in for what trains; `away` is an endpoint that does not answer."""

    started: list[str] = field(default_factory=list)
    away: bool = False
    go: threading.Event = field(default_factory=threading.Event)

    def find(self, decided: RunEntry) -> str:
        if self.away:
            raise TemporaryError("endpoint_unreachable", "It does not answer.")
        return next((cause for cause in self.started if cause == decided.cause), "")

    def start(self, decided: RunEntry) -> str:
        self.go.wait(10)
        self.started.append(decided.cause)
        return decided.cause

    def ending(self, run: str) -> None:
        return None


@pytest.fixture
def kubeflow() -> Iterator[Kubeflow]:
    made = Kubeflow()
    made.go.set()
    yield made
    made.go.set()


@pytest.fixture
def receiver(tmp_path: Path, kubeflow: Kubeflow) -> Iterator[Receiver]:
    retrainer = Retrainer(Journal(tmp_path / "retrain.db"), RULES, kubeflow)
    with Receiver(retrainer, lambda: CREDENTIAL, pause_seconds=0.05) as running:
        yield running


def notification(*, name: str = "SevenfoldFeatureDrift", model: str = "flights", status: str = "firing") -> bytes:
    labels = {"alertname": name, "namespace": "team", "model": model, "bundle": "b1", "feature": "wind"}
    alert = {
        "status": status,
        "labels": labels,
        "annotations": {"summary": "wind of flights has drifted."},
        "startsAt": datetime(2026, 3, 1, tzinfo=UTC).isoformat(),
        "fingerprint": "f1",
    }
    return json.dumps({"version": "4", "alerts": [alert]}).encode()


def ask(
    receiver: Receiver,
    method: str = "POST",
    path: str = "/alerts",
    body: bytes | None = None,
    credential: str = CREDENTIAL,
    **headers: str,
) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", receiver.port, timeout=10)
    given = {"authorization": f"Bearer {credential}"} if credential else {}
    try:
        connection.request(method, path, body, {**given, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def until(holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_decision_is_on_disk_before_the_answer(receiver: Receiver, kubeflow: Kubeflow) -> None:
    kubeflow.go.clear()  # nothing can be started yet
    assert ask(receiver, body=notification()) == (204, "")
    (entry,) = Journal(receiver.retrainer.journal.path).entries("flights")
    assert entry.action is Action.START
    assert kubeflow.started == []
    kubeflow.go.set()
    until(lambda: kubeflow.started)


def test_a_storm_gives_one_run(receiver: Receiver, kubeflow: Kubeflow) -> None:
    for _ in range(50):
        assert ask(receiver, body=notification())[0] == 204
    until(lambda: kubeflow.started)
    status, text = ask(receiver, "GET", "/decisions")
    assert status == 200
    assert {(one["action"], one["times"]) for one in json.loads(text)} == {("start", 1), ("suppress", 49)}
    assert len(kubeflow.started) == 1


def test_what_cannot_be_started_now_is_started_later(receiver: Receiver, kubeflow: Kubeflow) -> None:
    kubeflow.away = True
    assert ask(receiver, body=notification())[0] == 204
    time.sleep(0.2)
    assert kubeflow.started == []
    kubeflow.away = False
    until(lambda: kubeflow.started)


@pytest.mark.parametrize("credential", ["", "another", CREDENTIAL + "x", CREDENTIAL[:-1]])
def test_without_the_credential_nobody_is_let_in(receiver: Receiver, credential: str) -> None:
    assert ask(receiver, body=notification(), credential=credential)[0] == 401
    assert ask(receiver, "GET", "/decisions", credential=credential)[0] == 401
    assert receiver.retrainer.journal.entries() == []


def test_a_credential_that_cannot_be_read_lets_nobody_in(tmp_path: Path, kubeflow: Kubeflow) -> None:
    def missing() -> str:
        raise DataError("bad_credential", "It is gone.")

    retrainer = Retrainer(Journal(tmp_path / "retrain.db"), RULES, kubeflow)
    messages: list[str] = []
    with Receiver(retrainer, missing, on_message=messages.append) as running:
        assert ask(running, body=notification())[0] == 401
        assert ask(running, body=notification(), credential="")[0] == 401
    assert messages == ["nobody is admitted: It is gone."] * 2


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"body": b"{}"}, 400),
        ({"body": b"not JSON"}, 400),
        ({"path": "/"}, 404),
        ({"method": "GET", "path": "/alerts"}, 404),
        ({"method": "PUT"}, 501),
        ({"content__length": str(MOST_BYTES + 1)}, 413),
        ({"content__length": "9" * 40}, 413),
        ({"content__length": "-1"}, 411),
        ({"content__length": "many"}, 411),
    ],
)
def test_what_is_no_notification_is_refused(receiver: Receiver, given: dict[str, Any], status: int) -> None:
    headers = {"content-length": given.pop("content__length")} if "content__length" in given else {}
    assert ask(receiver, **given, **headers)[0] == status
    assert ask(receiver, body=notification())[0] == 204, "the next one is served"


def test_who_sends_half_a_body_keeps_nobody_from_being_served(receiver: Receiver) -> None:
    with socket.create_connection(("127.0.0.1", receiver.port)) as slow:
        head = f"POST /alerts HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {CREDENTIAL}\r\ncontent-length: 99\r\n\r\n{{"
        slow.sendall(head.encode())
        assert ask(receiver, body=notification())[0] == 204


def test_a_journal_that_cannot_be_written_is_answered_503(receiver: Receiver) -> None:
    path = receiver.retrainer.journal.path
    moved = path.with_suffix(".moved")
    with receiver.retrainer.journal.sole_worker():  # else its turn may make a new file in between
        path.rename(moved)
        path.mkdir()
    assert ask(receiver, body=notification())[0] == 503, "so that Alertmanager sends it again"
    assert ask(receiver, "GET", "/healthz")[0] == 503
    path.rmdir()
    moved.rename(path)
    assert ask(receiver, body=notification())[0] == 204
    assert ask(receiver, "GET", "/healthz")[0] == 200


def test_the_metrics_count_decisions_and_call_for_a_person(receiver: Receiver) -> None:
    ask(receiver, body=notification())
    ask(receiver, body=notification())
    ask(receiver, body=notification(model="trains"))
    ask(receiver, body=notification(name="SevenfoldWatchdog"))
    status, text = ask(receiver, "GET", "/metrics", credential="")
    assert status == 200
    values = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert values["sevenfold_retrain_decisions_total", "cause", "start"] == 1
    assert values["sevenfold_retrain_decisions_total", "duplicate", "suppress"] == 1
    assert values["sevenfold_retrain_decisions_total", "not_ours", "suppress"] == 1
    recorded = "sevenfold_retrain_recorded_decisions_total"
    assert values[recorded, "cause", "flights", "start"] == 1
    assert values[recorded, "duplicate", "flights", "suppress"] == 1
    assert values[recorded, "flights", "note", "promoted"] == 0, "its first time must be an increase"
    decided = "sevenfold_retrain_decided_timestamp_seconds"
    assert values[decided, "cause", "flights", "start"] == pytest.approx(time.time(), abs=60)
    assert (decided, "flights", "note", "promoted") not in values, "what never was has no moment"
    assert values["sevenfold_retrain_unfinished_runs", "flights"] == 1
    assert values["sevenfold_retrain_person_needed", "flights"] == 0
    assert values["sevenfold_retrain_watchdog_timestamp_seconds",] == pytest.approx(time.time(), abs=60)


def test_a_restart_keeps_what_is_recorded(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    decision = Decision(Action.SUPPRESS, Reason.FEW_ROWS, "Too few.")
    for moment in (10.0, 20.0):
        journal.decide(Cause(name="flights", keys=("a",), since=0.0, evidence="x"), lambda _: decision, moment)
    page = metrics_page({}, Journal(journal.path), ["flights"], 0.0)
    labels = '{model="flights",action="suppress",reason="few_rows"}'
    assert f"sevenfold_retrain_recorded_decisions_total{labels} 2\n" in page
    assert f"sevenfold_retrain_decided_timestamp_seconds{labels} 20.000\n" in page


def test_what_is_over_is_noted(receiver: Receiver) -> None:
    assert ask(receiver, body=notification(status="resolved"))[0] == 204
    assert [entry.action for entry in receiver.retrainer.journal.entries()] == [Action.NOTE]


@pytest.mark.parametrize("address", ["/decisions", "/metrics"])
def test_a_journal_that_is_spoilt_is_an_answer_and_no_silence(receiver: Receiver, address: str) -> None:
    with receiver.retrainer.journal.sole_worker():
        receiver.retrainer.journal.path.write_bytes(b"no journal" * 100)
    headers = {"authorization": f"Bearer {CREDENTIAL}"}
    for method, path, body in (("GET", address, None), ("POST", "/alerts", notification())):
        connection = HTTPConnection("127.0.0.1", receiver.port, timeout=10)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        assert answer.status == 503, f"{method} {path}"
        assert json.loads(answer.read())["code"] == "unknown_format"
        connection.close()


def test_the_worker_outlives_a_fault_that_nobody_expected(tmp_path: Path, kubeflow: Kubeflow) -> None:
    heard: list[str] = []
    retrainer = Retrainer(Journal(tmp_path / "retrain.db"), RULES, kubeflow)
    (tmp_path / "retrain.lock").mkdir()  # opening it raises an OSError
    with Receiver(retrainer, lambda: CREDENTIAL, pause_seconds=0.02, on_message=heard.append) as running:
        running.take(notification())
        deadline = time.monotonic() + 10
        while not any("IsADirectoryError" in text for text in heard) and time.monotonic() < deadline:
            time.sleep(0.02)
        (tmp_path / "retrain.lock").rmdir()
        while not kubeflow.started and time.monotonic() < deadline:
            time.sleep(0.02)
    assert any(text.startswith("waits: IsADirectoryError") for text in heard)
    assert len(kubeflow.started) == 1


def test_a_port_in_use_is_named(tmp_path: Path, receiver: Receiver) -> None:
    other = Retrainer(Journal(tmp_path / "other.db"), RULES, Kubeflow())
    with pytest.raises(PolicyError) as caught:
        Receiver(other, lambda: CREDENTIAL, port=receiver.port)
    assert caught.value.code == "address_in_use"
    assert str(receiver.port) in str(caught.value)
