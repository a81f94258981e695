"""Whether a failed run is worth starting again: a task that was killed may get through, one that failed will not.

Kubeflow's API does not say why a task failed, and its engine, as it ships, repeats only tasks whose pod was deleted. A
stage that failed by itself says so in its last line. One that was killed says nothing: the shell around it prints
``Killed``, the launcher ``exit status 137``, and the pod, where it can be read, has the reason. Started again, the
run takes its finished tasks from the cache and goes on from the killed one's checkpoint.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sevenfold.pipelines.kubeflow.engine import task_states

if TYPE_CHECKING:
    from sevenfold.pipelines.kubeflow.engine import Engine

__all__ = ["RESUBMISSIONS", "how_killed", "pod_of", "resubmit_reason", "why_again"]

RESUBMISSIONS = 2
# What comes after the decision acts on the serving version; a person looks before that is done again.
REPEATABLE = ("explore-data", "prepare-data", "tune-model", "train-model", "test-model", "hand-over")
TAIL_LINES = 12
_KILLED = re.compile(r"^Killed$|failed to execute component: (exit status 137|signal: killed)", re.MULTILINE)
_CAUSE = re.compile(r'^\{.*"exit_status":', re.MULTILINE)

Look = Callable[[str], tuple[str, Mapping[str, Any] | None]]


def why_again(engine: Engine, run: str, before: int, context: str = "") -> str | None:
    """Return why a run that failed on an endpoint should be started again, or None; as `resubmit_reason`.

    Args:
        engine: the endpoint.
        run: the run's id.
        before: how often it was started again already.
        context: of kubectl's configuration, for a look at the pods; it is not needed.
    """
    failed = engine.run(run)

    def look(task: str) -> tuple[str, Mapping[str, Any] | None]:
        pod, log = engine.log(failed, task)
        return log, pod_of(pod, engine.namespace or "kubeflow", context) if pod else None

    return resubmit_reason(task_states(failed), look, before)


def resubmit_reason(states: Mapping[str, str], look: Look, before: int) -> str | None:
    """Return why a failed run should be started again, in a sentence, or None.

    Args:
        states: task to state, as `task_states` gives them.
        look: gives a task's log and its pod (None where it cannot be read).
        before: how often this run was started again already.
    """
    failed = [task for task, state in states.items() if state == "FAILED" and task in REPEATABLE]
    if not failed or before >= RESUBMISSIONS:
        return None
    reasons = {task: how_killed(*look(task)) for task in failed}
    if not all(reasons.values()):  # one of them failed by itself, and would again
        return None
    killed = "; ".join(f"{task} {reason}" for task, reason in reasons.items())
    return f"{killed}: started again, {before + 1} of {RESUBMISSIONS} times"


def how_killed(log: str, pod: Mapping[str, Any] | None) -> str | None:
    """Return how a task was killed, in words, or None if it failed by itself or nothing can be known.

    Args:
        log: what the task's pod printed.
        pod: the pod as the API server describes it, or None.
    """
    status = (pod or {}).get("status", {})
    ends = [ended for name in ("state", "lastState") for ended in _ends(status, name)]
    if any(end.get("reason") == "OOMKilled" for end in ends):
        return "was killed for its memory"
    if status.get("reason") == "Evicted":
        return f"was evicted ({str(status.get('message', ''))[:100].strip()})"
    tail = "\n".join(log.rstrip().splitlines()[-TAIL_LINES:])
    if _CAUSE.search(tail):
        return None
    if _KILLED.search(tail):
        return "was killed, most likely for its memory"
    if any(end.get("exitCode") in (137, 143) for end in ends):
        return "was killed with its pod"
    return None


def _ends(status: Mapping[str, Any], name: str) -> Iterable[Mapping[str, Any]]:
    for container in status.get("containerStatuses") or ():
        ended = (container.get(name) or {}).get("terminated")
        if container.get("name") == "main" and ended:
            yield ended


def pod_of(name: str, namespace: str, context: str = "") -> Mapping[str, Any] | None:
    """Return a pod as the API server describes it, or None without a cluster, the right to look, or the pod."""
    from sevenfold.cluster.reader import ClusterReader

    try:
        pod = ClusterReader(context).get(f"/api/v1/namespaces/{namespace}/pods/{name}")
    except Exception:  # many kinds, none of which changes how the run ended: the log is what remains
        return None
    return pod or None
