from __future__ import annotations

import json
from typing import Any

import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.pipelines.kubeflow.resubmit import RESUBMISSIONS, how_killed, pod_of, resubmit_reason

# As a real cluster printed them.
CHILD_KILLED = """\
Killed
I1123 22:36:55.829073      15 launcher_v2.go:206] publish success.
F1123 22:36:55.832221      15 main.go:59] failed to execute component: exit status 137
time=2026-11-23T22:36:56.753Z level=INFO msg="sub-process exited" argo=true error="exit status 1"
Error: exit status 1
"""
BAD_INPUT = json.dumps({"stage": "preparation", **DataError("no_rows", "Rows are needed.").to_dict()}) + (
    "\nF1123 22:36:55.832221      15 main.go:59] failed to execute component: exit status 1\nError: exit status 1\n"
)
SILENT = "I1123 launcher started\nepoch 3\n"


def pod(*, reason: str = "", code: int = 1, message: str = "", whole: str = "") -> dict[str, Any]:
    ended = {"terminated": {"reason": reason or "Error", "exitCode": code}}
    status: dict[str, Any] = {"containerStatuses": [{"name": "main", "state": ended}, {"name": "wait", "state": {}}]}
    return {"status": {**status, "reason": whole, "message": message}}


@pytest.mark.parametrize(
    ("log", "seen", "reason"),
    [
        (CHILD_KILLED, None, "was killed, most likely for its memory"),
        (CHILD_KILLED, pod(reason="OOMKilled"), "was killed for its memory"),
        (SILENT, pod(reason="OOMKilled", code=137), "was killed for its memory"),
        ("", pod(code=137, whole="Evicted", message="low on memory. "), "was evicted (low on memory.)"),
        (SILENT, pod(code=143), "was killed with its pod"),
        (BAD_INPUT, None, None),
        (BAD_INPUT, pod(), None),
        (SILENT, None, None),
        ("Killed\n" + "a line\n" * 20, None, None),
        ("", None, None),
    ],
)
def test_what_was_killed_is_distinguished_from_what_failed(
    log: str, seen: dict[str, Any] | None, reason: str | None
) -> None:
    assert how_killed(log, seen) == reason


def test_a_killed_stage_is_started_again_but_not_for_ever() -> None:
    states = {"prepare-data": "SUCCEEDED", "train-model": "FAILED"}
    reasons = [
        resubmit_reason(states, lambda task: (CHILD_KILLED, None), before) for before in range(RESUBMISSIONS + 1)
    ]
    assert reasons[0] == "train-model was killed, most likely for its memory: started again, 1 of 2 times"
    assert reasons[1] is not None
    assert reasons[2] is None


@pytest.mark.parametrize(
    "states",
    [
        {"train-model": "SUCCEEDED"},
        {"deploy-model": "FAILED"},
        {"explore-data": "FAILED", "prepare-data": "FAILED"},
        {},
    ],
)
def test_nothing_else_is(states: dict[str, str]) -> None:
    logs = {"explore-data": CHILD_KILLED, "prepare-data": BAD_INPUT, "deploy-model": CHILD_KILLED}
    assert resubmit_reason(states, lambda task: (logs[task], None), 0) is None


def test_without_a_cluster_there_is_no_pod(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    assert pod_of("name", "kubeflow") is None
