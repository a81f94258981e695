"""A table that is gone when an alert comes: tried again ever later, then a person, then it goes on.

Kubeflow stands in. The requests are real ones to a real receiver, and it fails where a run is submitted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from sevenfold.monitoring.retrain.clock import Clock
from sevenfold.monitoring.retrain.receiver import Receiver
from sevenfold.pipelines.decisions import LoopTarget, acknowledge_loop, loop_lines
from sevenfold.pipelines.kubeflow.engine import Engine
from sevenfold.pipelines.kubeflow.receive import Received, receiving
from sevenfold.plan import Plan
from sevenfold.plan.monitoring import RetrainSection, Trigger

HOUR = 3_600.0
CREDENTIAL = "0123456789abcdef"


def send(receiver: Receiver) -> None:
    labels = {"alertname": "SevenfoldFeatureDrift", "namespace": "team", "model": "demo", "feature": "a"}
    began = datetime(2026, 3, 1, tzinfo=UTC).isoformat()
    alert = {"status": "firing", "labels": labels, "startsAt": began, "fingerprint": "f1"}
    body = json.dumps({"version": "4", "alerts": [alert]}).encode()
    headers = {"authorization": f"Bearer {CREDENTIAL}"}
    with urlopen(Request(f"http://127.0.0.1:{receiver.port}/alerts", body, headers), timeout=10) as answer:
        assert answer.status == 204


def page(receiver: Receiver) -> str:
    with urlopen(f"http://127.0.0.1:{receiver.port}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


def until(holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_calls_a_person_once_and_goes_on_after_the_repair(plan: Plan, kubeflow: Any, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    table = tmp_path / "demo.csv"
    table.write_text("a,b,y\n1,0,p\n")
    (tmp_path / "plan.yaml").write_text("version: 1\n")
    (tmp_path / "credential").write_text(CREDENTIAL)
    section = RetrainSection(trigger=Trigger.DRIFT, max_runs_per_day=9)
    data = plan.data.model_copy(update={"source": str(table), "digest": ""})
    deployed = plan.deployment.model_copy(update={"namespace": "team"})
    drifting = plan.model_copy(update={"retrain": section, "data": data, "deployment": deployed})
    given = Received(
        plans=((tmp_path / "plan.yaml", drifting),),
        credential=tmp_path / "credential",
        folder=tmp_path / "journal",
        port=0,
        root=f"file://{tmp_path / 'root'}",
    )
    hours = 0.0
    with receiving(given, lambda text: None, lambda: Engine(kubeflow.url)) as receiver:
        receiver.retrainer.clock = Clock(monotonic=lambda: hours * HOUR)
        there = LoopTarget(receiver=f"http://127.0.0.1:{receiver.port}", credential=given.credential)
        runs = receiver.retrainer.journal
        table.unlink()
        for count in (1, 2, 3):
            send(receiver)
            until(lambda count=count: [run.state for run in runs.runs("demo")] == ["failed"] * count)
            send(receiver)
            hours += 2.5
        lines = loop_lines("demo", there)
        assert sum("  a person " in line for line in lines) == 1, lines
        assert sum("  backoff " in line for line in lines) == 1, lines
        assert 'sevenfold_retrain_person_needed{model="demo"} 1' in page(receiver)
        assert kubeflow.runs == []
        table.write_text("a,b,y\n1,0,p\n")
        send(receiver)
        assert len(runs.runs("demo")) == 3, "nobody has said that it is mended"
        acknowledge_loop("demo", there, "the table is back")
        assert 'sevenfold_retrain_person_needed{model="demo"} 0' in page(receiver)
        kubeflow.script = [("RUNNING", {})]
        send(receiver)
        until(lambda: kubeflow.runs)
        [start] = [run for run in runs.runs("demo") if run.state != "failed"]
        assert kubeflow.runs[0]["display_name"] == f"demo retrain {start.cause}"
        assert start.cause.endswith("-4")
