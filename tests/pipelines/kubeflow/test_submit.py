import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from sevenfold.contracts.errors import PolicyError
from sevenfold.contracts.manifest import seal
from sevenfold.pipelines.kubeflow.engine import Engine
from sevenfold.pipelines.kubeflow.follow import follow
from sevenfold.pipelines.kubeflow.schedules import Schedule
from sevenfold.pipelines.kubeflow.submit import Submission, find_run, schedule, submit
from sevenfold.pipelines.result import Result
from sevenfold.pipelines.store import Store
from sevenfold.pipelines.view import RunView
from sevenfold.plan import Plan
from sevenfold.report import Report
from sevenfold.report.page import write_report

CAUSE = {"stage": "preparation", "code": "no_rows", "message": "No rows.", "remedy": "Add some.", "exit_status": 2}


class Cluster:
    """A fake endpoint with a store in a folder, a plan beside it, and what a person saw."""

    def __init__(self, kubeflow, plan: Plan, folder: Path) -> None:
        self.kubeflow, self.plan, self.folder = kubeflow, plan, folder
        self.root = folder / "root"
        self.root.mkdir()
        (folder / "demo.csv").write_text("a,b,y\n1,0,p\n")
        (folder / "plan.yaml").write_text("version: 1\n")
        self.output = io.StringIO()

    def leave(self, run: str, task: str, decision: str = "", log: str = "") -> None:
        home = self.root / "demo" / run / task / "attempt"
        home.mkdir(parents=True)
        (home / "executor-logs-0").write_text(f"{log}\n[KFP Executor] done\n")
        if not log:
            report = Report(stage="testing", title=task, headline=f"{task} of {run}", level="good")
            write_report(report, home / "page.html")
            (home / "page.html").rename(home / "report")
        if decision:
            (home / "evaluation").mkdir()
            document = {"decision": decision, "sentence": "Because."}
            (home / "evaluation" / "evaluation.json").write_text(json.dumps(document))
            seal(home / "evaluation", expected=["evaluation.json"])

    def run(self, **changes: object) -> Result:
        asked = Submission(plan_path=self.folder / "plan.yaml", runs=self.folder / "runs", **changes)
        engine, store = Engine(self.kubeflow.url), Store(f"file://{self.root}")
        sent = submit(asked, self.plan, engine, store, lambda text: None)
        view = RunView(Console(file=self.output, width=200))
        self.kubeflow.asked = 0
        return follow(sent, engine, store, view, sleep=lambda seconds: None)


@pytest.fixture
def cluster(kubeflow, plan: Plan, tmp_path: Path) -> Cluster:
    return Cluster(kubeflow, plan, tmp_path)


def test_every_attempt_of_a_task_is_in_the_log_and_the_last_one_says_why(cluster: Cluster) -> None:
    cluster.leave("run0-0000", "prepare-data", log=json.dumps({**CAUSE, "code": "source_unreachable"}))
    second = cluster.root / "demo/run0-0000/prepare-data/attempt/executor-logs-1"
    second.write_text(f"{json.dumps(CAUSE)}\n[KFP Executor] done\n")
    cluster.kubeflow.script = [("FAILED", {"prepare-data": "FAILED"})]
    result = cluster.run()
    log = (result.folder / "log.txt").read_text()
    assert log.index("source_unreachable") < log.index("---- tried again") < log.index("no_rows")
    assert json.loads((result.folder / "error.json").read_text())["code"] == "no_rows"


def test_a_refused_run_ends_with_status_3_and_one_page(cluster: Cluster) -> None:
    cluster.leave("run0-0000", "prepare-data")
    cluster.leave("run0-0000", "test-model", decision="refuse")
    cluster.kubeflow.script = [
        ("RUNNING", {"prepare-data": "RUNNING"}),
        ("RUNNING", {"prepare-data": "SUCCEEDED", "test-model": "RUNNING"}),
        ("SUCCEEDED", {"prepare-data": "SUCCEEDED", "test-model": "SUCCEEDED", "executor": "SUCCEEDED"}),
    ]
    result = cluster.run()
    assert (result.state, result.exit_status, result.sentence) == ("refused", 3, "Because.")
    assert result.folder == (cluster.folder / "runs/demo/cluster-run0-000").resolve()
    page = (result.folder / "report.html").read_text()
    assert "prepare-data of run0-0000" in page
    assert "test-model of run0-0000" in page
    lines = cluster.output.getvalue().splitlines()
    assert [line.split()[:3] for line in lines] == [["✓", "2", "preparation"], ["✓", "5", "testing"]]


def test_a_failed_task_tells_its_cause_and_status(cluster: Cluster) -> None:
    cluster.leave("run0-0000", "prepare-data", log=json.dumps(CAUSE))
    cluster.kubeflow.script = [("FAILED", {"prepare-data": "FAILED"})]
    result = cluster.run()
    assert (result.state, result.exit_status) == ("failed", 2)
    assert result.sentence == "preparation failed (no_rows): No rows. Add some."
    assert "==== prepare-data: FAILED" in (result.folder / "log.txt").read_text()


def test_what_came_from_the_cache_is_of_the_run_that_made_it(cluster: Cluster) -> None:
    """A run with another number of trials had the same data prepared, but nothing of what comes after it."""
    tasks = {"prepare-data": "SUCCEEDED", "tune-model": "SUCCEEDED", "test-model": "SUCCEEDED"}
    cluster.kubeflow.script = [("SUCCEEDED", tasks)]
    for number, trials in enumerate((2, 5)):
        cluster.leave(f"run{number}-0000", "prepare-data")
        cluster.leave(f"run{number}-0000", "tune-model")
        cluster.leave(f"run{number}-0000", "test-model", decision="refuse")
        cluster.run(trials=trials)
    cluster.leave("run2-0000", "test-model", decision="refuse")
    page = (cluster.run(trials=2).folder / "report.html").read_text()
    assert "Changed for this run: trials 2." in page
    assert "prepare-data of run1-0000" in page
    assert "tune-model of run0-0000" in page
    assert "tune-model of run1-0000" not in page
    assert "test-model of run2-0000" in page


def test_what_came_from_the_cache_may_be_of_an_old_run(cluster: Cluster) -> None:
    cluster.kubeflow.script = [("SUCCEEDED", {"prepare-data": "SUCCEEDED", "test-model": "SUCCEEDED"})]
    for task in ("prepare-data", "test-model"):
        cluster.leave("run0-0000", task, decision="refuse" if task == "test-model" else "")
    cluster.run()
    first = cluster.kubeflow.runs[0]
    between = [{**first, "run_id": f"r{number}", "runtime_config": {"parameters": {"trials": 9, "data_digest": ""}}}
               for number in range(250)]  # fmt: skip
    cluster.kubeflow.runs += between
    number = len(cluster.kubeflow.runs)
    cluster.leave(f"run{number}-0000", "test-model", decision="refuse")
    cluster.kubeflow.pages = 0
    page = (cluster.run().folder / "report.html").read_text()
    assert "prepare-data of run0-0000" in page
    assert cluster.kubeflow.pages == 3, "no page is asked for twice"


def test_a_green_run_that_left_no_evaluation_has_failed(cluster: Cluster) -> None:
    cluster.leave("run0-0000", "test-model")
    cluster.kubeflow.script = [("SUCCEEDED", {"test-model": "SUCCEEDED"})]
    result = cluster.run()
    assert (result.state, result.exit_status) == ("failed", 1)
    assert "evaluation" in result.sentence


def test_the_run_knows_its_data_by_digest_and_its_changes(cluster: Cluster) -> None:
    cluster.kubeflow.script = [("FAILED", {})]
    other = cluster.folder / "other.csv"
    other.write_text("a,b,y\n2,0,q\n")
    cluster.run(trials=3, data=str(other))
    parameters = cluster.kubeflow.runs[0]["runtime_config"]["parameters"]
    assert parameters["trials"] == 3
    assert Path(parameters["data"].removeprefix("file://")).read_text() == other.read_text()
    assert parameters["data_digest"].removeprefix("sha256:") in parameters["data"]
    record = json.loads(next((cluster.folder / "runs/demo").glob("cluster-*/run.json")).read_text())
    assert record["arguments"] == parameters
    # what stands in the pipeline is the plan's table in the store, and no path of this machine
    uploaded = cluster.kubeflow.uploads[0].decode()
    assert "sevenfold-inputs" in uploaded


def test_a_run_is_found_again_by_the_first_letters_of_its_id(cluster: Cluster) -> None:
    cluster.kubeflow.script = [("FAILED", {})]
    folder = cluster.run().folder
    runs = cluster.folder / "runs"
    for wanted in ("run0-0000", "run0", str(folder)):
        known = find_run(wanted, runs)
        assert known is not None
        sent, endpoint, root = known
        assert (sent.run, sent.name, sent.folder.path) == ("run0-0000", "demo", folder)
        assert (endpoint, root) == (cluster.kubeflow.url, f"file://{cluster.root}")
    assert find_run("other", runs) is None
    cluster.run()
    with pytest.raises(PolicyError, match="2 begin so"):
        find_run("run", runs)


def test_a_repeated_run_of_data_that_may_change_is_not_cached(cluster: Cluster) -> None:
    remote = cluster.plan.model_copy(
        update={"data": cluster.plan.data.model_copy(update={"source": "s3://ours/a.csv"})}
    )
    asked = Submission(plan_path=cluster.folder / "plan.yaml", runs=cluster.folder / "runs")
    engine, store = Engine(cluster.kubeflow.url), Store(f"file://{cluster.root}")
    schedule(asked, remote, Schedule("demo", every=60), engine, store, lambda text: None)
    assert cluster.kubeflow.made_schedules[0]["runtime_config"]["parameters"] == {"data_digest": ""}
    assert b"enableCache: true" not in cluster.kubeflow.uploads[0]
    schedule(asked, cluster.plan, Schedule("demo", every=60), engine, store, lambda text: None)
    assert b"enableCache: true" in cluster.kubeflow.uploads[1]


def test_a_task_that_ended_without_a_word_is_named(cluster: Cluster) -> None:
    cluster.leave("run0-0000", "train-model", log="I1123 of Kubeflow\nKilled\nF1123 of it too")
    cluster.kubeflow.script = [("FAILED", {"train-model": "FAILED"})]
    result = cluster.run()
    assert (result.state, result.exit_status) == ("failed", 1)
    assert result.sentence.startswith(
        "train-model failed (no_cause): It ended without saying why; its last words: Killed"
    )
    error = json.loads((result.folder / "error.json").read_text())
    assert error["task"] == "train-model"
    assert error["link"].endswith("/#/runs/details/run0-0000")


def test_what_kubeflow_forgot_to_tell_is_brought_all_the_same(cluster: Cluster) -> None:
    cluster.leave("run0-0000", "prepare-data")
    cluster.leave("run0-0000", "test-model", decision="refuse")
    cluster.kubeflow.script = [
        ("RUNNING", {"prepare-data": "SUCCEEDED"}),
        ("SUCCEEDED", {"prepare-data": "SUCCEEDED", "tune-model": "PENDING"}),  # its API server began anew
    ]
    result = cluster.run()
    assert (result.state, result.sentence) == ("refused", "Because.")
    assert [line.split()[2] for line in cluster.output.getvalue().splitlines()] == ["preparation", "testing"]
