"""Two receivers that know nothing of each other, each with a journal of its own, hear of the same alert: one run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from runners import Unhindered

from sevenfold.monitoring.retrain.alertmanager import read_notification
from sevenfold.monitoring.retrain.decide import Action, Reason, Rules
from sevenfold.monitoring.retrain.journal import Journal, RunEntry
from sevenfold.monitoring.retrain.retrainer import Retrainer
from sevenfold.plan.monitoring import RetrainSection, Trigger

SECTION = RetrainSection(trigger=Trigger.DRIFT, cooldown_hours=1e-9, max_runs_per_day=100)
RULES = {"flights": Rules(name="flights", section=SECTION, namespace="team")}


@dataclass
class Kubeflow(Unhindered):
    """Knows its runs by title, whoever started them."""

    titles: list[str] = field(default_factory=list)

    def find(self, decided: RunEntry) -> str:
        return decided.cause if decided.cause in self.titles else ""

    def start(self, decided: RunEntry) -> str:
        self.titles.append(decided.cause)
        return decided.cause

    def ending(self, run: str) -> tuple[str, str]:
        return "refused", "It is no better."


def notification(status: str = "firing", model: str = "flights", bundle: str = "b1") -> bytes:
    moment = datetime(2026, 3, 1, tzinfo=UTC).isoformat()
    labels = f'{{"alertname":"SevenfoldFeatureDrift","namespace":"team","model":"{model}","bundle":"{bundle}"}}'
    alert = f'{{"status":"{status}","labels":{labels},"startsAt":"{moment}","fingerprint":"f1"}}'
    return f'{{"version":"4","alerts":[{alert}]}}'.encode()


def hears(retrainer: Retrainer, body: bytes) -> list[tuple[Action, Reason]]:
    """Decide about a notification as a receiver does."""
    read = read_notification(body, retrainer.journal.remember)
    told = [retrainer.resolve(cause) for cause in read.resolved] + [retrainer.take(cause) for cause in read.firing]
    return [(decided.action, decided.reason) for decided in told if decided is not None]


@pytest.fixture
def kubeflow() -> Kubeflow:
    return Kubeflow()


def retrainer(path: Path, kubeflow: Kubeflow, serving: str = "") -> Retrainer:
    return Retrainer(Journal(path), RULES, kubeflow, serving=lambda _: serving)


def test_the_second_finds_the_run_of_the_first(tmp_path: Path, kubeflow: Kubeflow) -> None:
    both = [retrainer(tmp_path / name / "retrain.db", kubeflow) for name in ("first", "second")]
    for one in both:
        assert hears(one, notification()) == [(Action.START, Reason.CAUSE)]
    for one in both:
        assert one.work() == []
    assert len(kubeflow.titles) == 1
    assert [[run.state for run in one.journal.runs("flights")] for one in both] == [["refused"], ["refused"]]


def test_what_is_resolved_before_its_run_starts_has_its_run(tmp_path: Path, kubeflow: Kubeflow) -> None:
    one = retrainer(tmp_path / "retrain.db", kubeflow)
    assert hears(one, notification()) == [(Action.START, Reason.CAUSE)]
    assert hears(one, notification("resolved")) == [(Action.NOTE, Reason.RESOLVED)]
    one.work()
    assert len(kubeflow.titles) == 1, "what was decided holds, whatever comes after it"


def test_what_was_over_before_anybody_heard_starts_nothing(tmp_path: Path, kubeflow: Kubeflow) -> None:
    one = retrainer(tmp_path / "retrain.db", kubeflow)
    assert hears(one, notification("resolved")) == [(Action.NOTE, Reason.RESOLVED)]
    one.work()
    assert kubeflow.titles == []


def test_another_model_and_a_version_that_serves_no_more_start_nothing(tmp_path: Path, kubeflow: Kubeflow) -> None:
    one = retrainer(tmp_path / "retrain.db", kubeflow, serving="b2")
    assert hears(one, notification(model="trains")) == []
    assert hears(one, notification(bundle="b1")) == [(Action.SUPPRESS, Reason.SUPERSEDED)]
    one.work()
    assert kubeflow.titles == []
