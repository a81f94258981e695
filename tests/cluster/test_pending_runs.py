"""Runs whose pod no node can take: a retraining waits for a person's, and its own is terminated at the limit.

Real are Kubeflow and its runs, and the requests; the receiver is a process of this machine, restarted in between.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from sevenfold.cli.compile import load_with_images
from sevenfold.contracts.errors import PolicyError
from sevenfold.monitoring.retrain.receiver import Receiver
from sevenfold.pipelines.decisions import LoopTarget, acknowledge_loop, loop_lines
from sevenfold.pipelines.kubeflow.engine import FINAL, Engine
from sevenfold.pipelines.kubeflow.receive import Received, receiving
from sevenfold.pipelines.store import DEFAULT_ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.extended]

NODE = "{node_selector: {sevenfold.example/none: here}}"
NOWHERE = f"resources: {{design: {NODE}, preparation: {NODE}}}\n"
LIMIT_SECONDS = 20.0


@dataclass
class World:
    kubeflow: Any
    home: Path
    name: str
    began: datetime

    def runs(self) -> list[Any]:
        """The plan's runs, oldest first."""
        found = (run for run in Engine(self.kubeflow.url).runs() if run.display_name.startswith(self.name))
        return list(reversed(list(found)))

    @contextlib.contextmanager
    def receiver(self) -> Iterator[Receiver]:
        """A receiver as a new process would have it, whose limit is that of this test; Kubeflow's is a day."""
        path, credential = self.home / "plan.yaml", self.home / "credential"
        plan = load_with_images(path, self.kubeflow.images)
        given = Received(
            plans=((path, plan),),
            credential=credential,
            folder=self.home / "journal",
            port=0,
            endpoint=self.kubeflow.url,
            account="pipeline-runner",
            root=DEFAULT_ROOT,
        )
        with receiving(given, lambda text: None) as made:
            rules = made.retrainer.rules
            rules[self.name] = replace(rules[self.name], hours=LIMIT_SECONDS / 3_600)
            made._pause = 1.0
            yield made

    def target(self, receiver: Receiver) -> LoopTarget:
        return LoopTarget(receiver=f"http://127.0.0.1:{receiver.port}", credential=self.home / "credential")

    def alert(self, receiver: Receiver) -> None:
        labels = {"alertname": "SevenfoldFeatureDrift", "namespace": "sevenfold", "model": self.name, "feature": "a"}
        alert = {"status": "firing", "labels": labels, "startsAt": self.began.isoformat(), "fingerprint": "f1"}
        body = json.dumps({"version": "4", "alerts": [alert]}).encode()
        headers = {"authorization": f"Bearer {(self.home / 'credential').read_text()}"}
        with urlopen(Request(f"{self.target(receiver).receiver}/alerts", body, headers), timeout=20) as answer:  # noqa: S310
            assert answer.status == 204


@pytest.fixture
def world(kubeflow: Any, tmp_path: Path) -> Iterator[World]:
    name = f"pends-{secrets.token_hex(3)}"
    project = kubeflow.write_project(tmp_path, f"{NOWHERE}retrain: {{trigger: drift}}\n")
    plan = project / "plan.yaml"
    plan.write_text(re.sub(r"(?m)^name: trains$", f"name: {name}", plan.read_text()))
    (project / "credential").write_text(secrets.token_hex(16))
    made = World(kubeflow, project, name, datetime.now(UTC) - timedelta(minutes=1))
    yield made
    for run in made.runs():
        with contextlib.suppress(PolicyError):  # it is over
            Engine(kubeflow.url).terminate(str(run.run_id))
        kubeflow.kubectl("delete", "workflows", "-l", f"pipeline/runid={run.run_id}", "--wait=false")


def until(holds: Callable[[], Any], seconds: float = 120.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (result := holds()):
        assert time.monotonic() < deadline
        time.sleep(1.0)
    return result


def test_what_pends_is_awaited_or_terminated_and_nothing_is_lost(world: World) -> None:
    sent = world.kubeflow.submit(world.home, "--no-wait")
    assert sent.returncode == 0, sent.stdout + sent.stderr
    [by_hand] = world.runs()

    def told(word: str) -> list[str]:
        return [line for line in loop_lines(world.name, world.target(receiver)) if f"  {word} " in line]

    with world.receiver() as receiver:
        world.alert(receiver)
        until(lambda: told("releasing"))
        assert len(world.runs()) == 1, "no second release beside a person's"
        Engine(world.kubeflow.url).terminate(str(by_hand.run_id))
        _, ours = until(lambda: found if len(found := world.runs()) == 2 else None)
        started = time.monotonic()
    with world.receiver() as receiver:  # another process: the limit goes on
        [page] = until(lambda: told("overdue"))
        assert time.monotonic() - started < LIMIT_SECONDS + 30
        assert "a person" in page and "it is terminated" in page
        until(lambda: Engine(world.kubeflow.url).run(str(ours.run_id)).state in FINAL)
        until(lambda: receiver.retrainer.journal.runs(world.name)[0].state == "overdue")
        world.alert(receiver)
        assert told("duplicate"), "it would hang again"
        acknowledge_loop(world.name, world.target(receiver), "the node is back")
        world.alert(receiver)
        until(lambda: len(world.runs()) == 3)
        assert len(told("releasing")) == 1
        lines = loop_lines(world.name, world.target(receiver))
    assert sum("  a person " in line for line in lines) == 1, lines
