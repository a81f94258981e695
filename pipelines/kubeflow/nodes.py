"""Which pod a task ran in, by what Kubeflow's API says of a run.

The API names a task's children by Argo's node ids, and gives a row no id of its own. An id is a hash of the node's
whole name, so the names are rebuilt from the top and each one is known by its id among the children. The rows' own
``create_time`` is the run's for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Node", "executor_node", "run_nodes", "task_rows", "task_seconds"]

EXECUTOR = "executor"


@dataclass(frozen=True)
class Node:
    """One node of the workflow: its names from the top, joined by dots, and its id."""

    name: str
    node_id: str

    @property
    def pod(self) -> str:
        """Name of the pod, where the node is one: Argo puts the template's name before the hash."""
        workflow, _, number = self.node_id.rpartition("-")
        return f"{workflow}-system-container-impl-{number}"


def task_rows(run: Any) -> list[Any]:
    """Return the named rows of a run in the order they began."""
    rows = (run.run_details.task_details if run.run_details else None) or ()
    named = [row for row in rows if row.display_name and row.state]
    return sorted(named, key=lambda row: row.start_time or row.create_time)


def task_seconds(run: Any, task: str) -> float | None:
    """Return how long a task took, its driver included; None where Kubeflow does not say."""
    rows = [row for row in task_rows(run) if row.display_name == task and row.start_time and row.end_time]
    # a task that goes on ends in the year 1 or in 1970
    lasted = [(row.end_time - row.start_time).total_seconds() for row in rows]
    return next((seconds for seconds in reversed(lasted) if seconds >= 0), None)


def run_nodes(run: Any) -> list[Node]:
    """Return every node whose position in the workflow is known for sure."""
    rows = task_rows(run)
    ids = {child.pod_name for row in rows for child in row.child_tasks or () if child.pod_name}
    labels = {row.display_name for row in rows}
    workflow = next(iter(ids), "").rpartition("-")[0]
    nodes: dict[str, Node] = {}
    parents = [workflow, f"{workflow}(0)"] if workflow else []
    while parents:
        parent = parents.pop()
        for name in (f"{parent}.{label}" for label in labels):
            node_id = f"{workflow}-{_fnv(name)}"
            if node_id in ids and name not in nodes:
                nodes[name] = Node(name, node_id)
                parents.append(name)
    return list(nodes.values())


def executor_node(nodes: list[Node], task: str) -> Node | None:
    """Return the last attempt of a task's own work, or None where it never began."""
    own = [node for node in nodes if _plain(node.name).endswith(f".{task}.{EXECUTOR}")]
    attempts = [node for node in own if node.name.endswith(")")] or own
    return max(attempts, key=lambda node: node.name, default=None)


def _plain(name: str) -> str:
    return ".".join(part.split("(")[0] for part in name.split("."))


def _fnv(text: str) -> int:
    """FNV-1a with 32 bits."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value
