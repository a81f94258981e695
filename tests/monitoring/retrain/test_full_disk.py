"""A disk that takes no more: what came is refused for now and told, nothing is lost, and a decision is whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sevenfold.monitoring.retrain.decide import Action
from sevenfold.monitoring.retrain.journal import Journal

SCRIPT = """
import json, resource, signal, sys
from http.client import HTTPConnection
from pathlib import Path
from sevenfold.monitoring.retrain.decide import Rules
from sevenfold.monitoring.retrain.journal import Journal
from sevenfold.monitoring.retrain.receiver import Receiver
from sevenfold.monitoring.retrain.retrainer import Retrainer
from sevenfold.plan.monitoring import RetrainSection, Trigger

class Kubeflow:
    def find(self, decided): return ""
    def start(self, decided): return decided.cause
    def busy(self, decided): return ""
    def overtaken(self, decided): return ""
    def ending(self, run): return None

def ask(method, path, body=None):
    connection = HTTPConnection("127.0.0.1", receiver.port, timeout=10)
    connection.request(method, path, body, {"authorization": "Bearer a-credential"})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()

def notification(model):
    labels = {"alertname": "SevenfoldFeatureDrift", "namespace": "team", "model": model, "feature": "x" * 4000}
    alert = {"labels": labels, "annotations": {"summary": "y" * 4000}, "startsAt": "2026-03-01T00:00:00Z"}
    alert |= {"status": "firing", "fingerprint": model}
    return json.dumps({"version": "4", "alerts": [alert]}).encode()

path = Path(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit fails, as on a full disk
section = RetrainSection(trigger=Trigger.DRIFT)
rules = {name: Rules(name=name, section=section, namespace="team") for name in ("before", "meanwhile")}
said = []
retrainer = Retrainer(Journal(path), rules, Kubeflow())
with Receiver(retrainer, lambda: "a-credential", pause_seconds=0.05, on_message=said.append) as receiver:
    answers = [ask("POST", "/alerts", notification("before"))[0]]
    limit = path.stat().st_size if sys.argv[2] == "full" else 0
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    answers += [ask("POST", "/alerts", notification("meanwhile"))[0] for _ in range(3)]
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    page = ask("GET", "/metrics")[1]
    answers.append(ask("POST", "/alerts", notification("meanwhile"))[0])
print(json.dumps({"answers": answers, "said": said, "page": page}))
"""


@pytest.mark.parametrize("disk", ["full", "read-only"])
def test_what_cannot_be_kept_is_sent_again(tmp_path: Path, disk: str) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "retrain.db"), disk]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["answers"] == [204, 503, 503, 503, 204]
    assert 'sevenfold_retrain_decisions_total{action="refuse",reason="journal_busy"} 3\n' in told["page"]
    assert sum(text.startswith("a notification is refused: The journal must be writable") for text in told["said"]) == 3
    journal = Journal(tmp_path / "retrain.db")
    assert [(entry.name, entry.action, entry.times) for entry in journal.entries()] == [
        ("before", Action.START, 1),
        ("meanwhile", Action.START, 1),
    ]
