"""What Kubeflow costs beyond the work of a run's tasks: ``python -m benchmarks.cluster RUN [--endpoint URL]``.

From the times that a finished run's own record holds. Each task has three parts: its driver's pod, its own pod until
the program in it starts and after it ends, and the program. The critical path is the chain of tasks that the run
waited for: from its end back, always to the task that ended last before the next began. ``--quick`` takes a made-up
run of two tasks and asks no cluster.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from benchmarks.rows import Row, parser, report
from sevenfold.pipelines.kubeflow.engine import Engine
from sevenfold.pipelines.kubeflow.nodes import task_rows

DRIVER = "-driver"


@dataclass(frozen=True)
class Task:
    """One task: when its driver and its own pod were there, and the seconds its program ran."""

    name: str
    asked: datetime
    started: datetime
    ended: datetime
    worked: float

    @property
    def beyond(self) -> float:
        """Seconds beyond the work, the driver's included."""
        return (self.ended - self.asked).total_seconds() - self.worked


def tasks_of(run: Any) -> list[Task]:
    """Return the tasks of a run that had a pod, in the order they began."""
    rows = {row.display_name: row for row in task_rows(run)}
    programs = [row for row in run.run_details.task_details if not row.display_name and row.execution_id]
    pods = [row for row in task_rows(run) if row.display_name.startswith("executor(")]
    tasks = []
    for name, row in rows.items():
        driver = rows.get(f"{name}{DRIVER}")
        if driver is None or row.state != "SUCCEEDED" or name.startswith(("root", "condition")):
            continue
        inside = [part for part in (*programs, *pods) if _within(part, row)]
        own = inside[0] if inside else row
        # two tasks of the same moment share what ran in it, in the order both began
        programs, pods = [p for p in programs if p is not own], [p for p in pods if p is not own]
        worked = (own.end_time - own.start_time).total_seconds()
        tasks.append(Task(name, driver.start_time, row.start_time, row.end_time, worked))
    return sorted(tasks, key=lambda task: task.asked)


def _within(inner: Any, outer: Any) -> bool:
    return bool(outer.start_time <= inner.start_time and inner.end_time <= outer.end_time)


def critical_path(tasks: list[Task]) -> list[Task]:
    """Return the chain of tasks that the run waited for, first to last."""
    path = [max(tasks, key=lambda task: task.ended)]
    while True:
        before = [task for task in tasks if task.ended <= path[0].asked]
        if not before:
            return path
        path.insert(0, max(before, key=lambda task: (task.ended, task.worked)))


def made_up_run() -> Any:
    """Return the record of a run of two tasks, 10 s of work each, as Kubeflow writes one."""
    begin = datetime(2026, 1, 1)

    def row(name: str, start: int, end: int, execution: str = "") -> Any:
        moments = {"start_time": begin + timedelta(seconds=start), "end_time": begin + timedelta(seconds=end)}
        return SimpleNamespace(
            display_name=name,
            execution_id=execution,
            state="SUCCEEDED",
            create_time=moments["start_time"],
            child_tasks=[],
            error=None,
            **moments,
        )

    rows = []
    for number, name in enumerate(("prepare-data", "train-model")):
        start = number * 30
        rows += [row(f"{name}{DRIVER}", start, start + 5), row(name, start + 5, start + 25)]
        rows += [row("", start + 10, start + 20, execution=f"{number}")]
    return SimpleNamespace(
        created_at=begin,
        finished_at=begin + timedelta(seconds=60),
        run_details=SimpleNamespace(task_details=rows),
    )


def measure(run: Any, *, quick: bool) -> Iterator[Row]:
    """Print a line per task, and compare the whole run with the work on its critical path."""
    tasks = tasks_of(run)
    path = critical_path(tasks)
    print(f"{'task':<16}{'work s':>8}{'beyond s':>10}  on the critical path")
    for task in tasks:
        print(f"{task.name:<16}{task.worked:>8.0f}{task.beyond:>10.0f}  {'yes' if task in path else 'no'}")
    whole = (run.finished_at - run.created_at).total_seconds()
    worked = sum(task.worked for task in path)
    print(f"{'run':<16}{worked:>8.0f}{whole - worked:>10.0f}  {len(path)} tasks of {len(tasks)}")
    yield Row("Kubeflow run", [whole], [worked], quick=quick)


def main() -> None:
    """Measure the run that was named; without one, say that there is nothing to measure."""
    options = parser("cluster", __doc__)
    options.add_argument("run", nargs="?", help="The id of a finished run.")
    options.add_argument("--endpoint", default=os.environ.get("KF_PIPELINES_ENDPOINT", ""))
    given = options.parse_args()
    if given.quick:
        report(measure(made_up_run(), quick=True), given.rows)
    elif given.run and given.endpoint:
        report(measure(Engine(given.endpoint).run(given.run), quick=False), given.rows)
    else:
        report([Row("Kubeflow run", missing="needs the id of a run, and KF_PIPELINES_ENDPOINT")], given.rows)


if __name__ == "__main__":
    main()
