from datetime import UTC, datetime, timedelta
from types import SimpleNamespace as Told

import pytest

from sevenfold.pipelines.kubeflow.nodes import executor_node, run_nodes, task_seconds

# Names and ids as a real workflow had them.
REAL = {
    "trains-62ckg(0).root(0)": 168754810,
    "trains-62ckg(0).root(0).exit-handler-1(0)": 2101566214,
    "trains-62ckg(0).root(0).exit-handler-1(0).train-model(0)": 4249995921,
    "trains-62ckg(0).root(0).exit-handler-1(0).train-model(0).executor": 683863396,
    "trains-62ckg(0).root(0).exit-handler-1(0).train-model(0).executor(0)": 1344783695,
    "trains-62ckg(0).root(0).exit-handler-1(0).prepare-data(0)": 408074537,
    "trains-62ckg(0).root(0).exit-handler-1(0).prepare-data(0).executor": 3857582716,
    "trains-62ckg(0).root(0).exit-handler-1(0).prepare-data(0).executor(0)": 905358007,
}


@pytest.fixture
def run() -> Told:
    labels = {name.rsplit(".", 1)[-1] for name in REAL}
    children = [Told(pod_name=f"trains-62ckg-{number}") for number in REAL.values()]
    rows = [
        Told(display_name=label, state="SUCCEEDED", start_time=1, create_time=1, child_tasks=children)
        for label in sorted(labels)
    ]
    return Told(run_details=Told(task_details=rows))


def test_every_node_is_found_by_the_hash_of_its_name(run: Told) -> None:
    assert {node.name: int(node.node_id.rpartition("-")[2]) for node in run_nodes(run)} == REAL


def test_a_task_is_found_with_its_pod(run: Told) -> None:
    nodes = run_nodes(run)
    executors = {task: executor_node(nodes, task) for task in ("train-model", "prepare-data", "deploy-model")}
    assert executors["train-model"].pod == "trains-62ckg-system-container-impl-1344783695"
    assert executors["prepare-data"].pod == "trains-62ckg-system-container-impl-905358007"
    assert executors["deploy-model"] is None


def test_a_run_that_has_not_begun_has_no_nodes() -> None:
    assert run_nodes(Told(run_details=None)) == []


def row(task: str, start: datetime | None, end: datetime | None) -> Told:
    return Told(display_name=task, state="SUCCEEDED", start_time=start, end_time=end, create_time=start)


def test_a_task_took_as_long_as_its_last_attempt_that_ended() -> None:
    start = datetime(2026, 11, 26, 18, tzinfo=UTC)
    rows = [
        row("train-model", start, start + timedelta(seconds=40)),
        row("train-model", start + timedelta(seconds=60), start + timedelta(seconds=75)),
        row("test-model", start, datetime(1970, 1, 1, tzinfo=UTC)),
        row("tune-model", start, None),
    ]
    run = Told(run_details=Told(task_details=rows))
    tasks = ("train-model", "test-model", "tune-model", "deploy-model")
    assert [task_seconds(run, task) for task in tasks] == [15.0, None, None, None]
