import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.errors import IntegrityError, PolicyError
from sevenfold.contracts.evaluation import Evaluation
from sevenfold.contracts.manifest import seal, verify
from sevenfold.pipelines.kubeflow.cluster_target import ClusterTarget
from sevenfold.pipelines.kubeflow.engine import Engine
from sevenfold.pipelines.kubeflow.follow import follow
from sevenfold.pipelines.kubeflow.handover import hand_over
from sevenfold.pipelines.kubeflow.resubmit import RESUBMISSIONS
from sevenfold.pipelines.kubeflow.split import awaits_release, refuse_release, release, split_target
from sevenfold.pipelines.kubeflow.submit import Submission, Submitted, submit
from sevenfold.pipelines.kubeflow.watch import watch
from sevenfold.pipelines.result import Result
from sevenfold.pipelines.store import Store
from sevenfold.pipelines.view import RunView
from sevenfold.plan import Plan
from sevenfold.report import Report
from sevenfold.report.page import write_report

BUNDLE = f"sha256:{'b' * 64}"
ADDRESS = "minio://mlpipeline/v2/artifacts/demo/run0-0000"
TESTED = {"test-model": "SUCCEEDED", "hand-over": "SUCCEEDED"}
RELEASED = {"deploy-model": "SUCCEEDED", "judge-canary": "SUCCEEDED", "monitor-model": "SUCCEEDED"}


class Cluster:
    """A fake endpoint and a store in a folder, with what the tasks of both runs leave there."""

    def __init__(self, kubeflow: Any, plan: Plan, folder: Path) -> None:
        self.kubeflow, self.plan, self.folder, self.root = kubeflow, plan, folder, folder / "root"
        self.root.mkdir()
        self.output = io.StringIO()
        (folder / "demo.csv").write_text("a,b,y\n1,0,p\n")
        (folder / "plan.yaml").write_text("version: 1\n")
        self.engine, self.store = Engine(kubeflow.url), Store(f"file://{self.root}")

    def submit(self, **changes: Any) -> Submitted:
        given = {"split": True, "account": "tester", "release_account": "releaser", **changes}
        asked = Submission(plan_path=self.folder / "plan.yaml", runs=self.folder / "runs", **given)
        return submit(asked, self.plan, self.engine, self.store, lambda text: None)

    def follow(self, sent: Submitted, tasks: dict[str, str], state: str = "SUCCEEDED") -> Result:
        self.kubeflow.script, self.kubeflow.asked = [(state, tasks)], 0
        view = RunView(Console(file=self.output, width=200))
        return follow(sent, self.engine, self.store, view, sleep=lambda seconds: None)

    def leave(self, key: str, output: str = "", log: str = "done", **files: Any) -> Path:
        home = self.root / key / "attempt"
        home.mkdir(parents=True, exist_ok=True)
        (home / "executor-logs-0").write_text(f"{log} of {key}\n")
        folder = home / output
        if files:
            folder.mkdir()
            for name, document in files.items():
                (folder / f"{name}.json").write_text(json.dumps(document))
            seal(folder, expected=[f"{name}.json" for name in files])
        if output != "handover":
            write_report(Report(stage="testing", title=key, headline=key, level="good"), home / "page.html")
            (home / "page.html").rename(home / "report")
        return folder

    def leave_tested(self, run: str, decision: str = "promote", **changes: str) -> dict[str, str]:
        home = self.root / "demo" / run / "test-model" / "attempt"
        home.mkdir(parents=True)
        tested = evaluation(home / "evaluation", decision)
        self.leave(f"demo/{run}/test-model")
        arguments = {key: f"{ADDRESS}/task/1/{key}" for key in ("dataset", "bundle", "evaluation")}
        arguments |= {"bundle_digest": BUNDLE, "evaluation_digest": verify(tested).digest}
        if decision == "promote":
            self.leave(f"demo/{run}/hand-over", "handover", handover={**arguments, **changes})
        return arguments

    def leave_released(self, run: str, decision: str = "promote") -> None:
        verdict = {"decision": decision, "sentence": "Users saw errors."}
        self.leave(f"demo-release/{run}/deploy-model", "service", service={})
        self.leave(f"demo-release/{run}/judge-canary", "verdict", verdict=verdict)
        self.leave(f"demo-release/{run}/monitor-model", "watch", drift={})


def evaluation(folder: Path, decision: str = "promote") -> Path:
    folder.mkdir()
    (folder / "predictions.parquet").write_bytes(b"rows")
    digests = {"bundle": BUNDLE, "dataset": f"sha256:{'d' * 64}"}
    values = {"name": "demo", "task": "binary", "metric": "roc_auc", "decision": decision, "sentence": "It is good."}
    Evaluation(**values, digests=digests, rows={"test": 1}, scores={"roc_auc": 0.9}).save(folder, rows=1)
    return folder


@pytest.fixture
def cluster(kubeflow: Any, plan: Plan, tmp_path: Path) -> Cluster:
    return Cluster(kubeflow, plan, tmp_path)


def test_what_passed_is_deployed_by_a_second_run_into_one_folder(cluster: Cluster) -> None:
    arguments = cluster.leave_tested("run0-0000")
    first = cluster.submit()
    tested = cluster.follow(first, TESTED)
    assert (tested.state, tested.exit_status) == ("tested", 0)
    assert awaits_release(first, tested)
    second = release(first, cluster.engine)
    cluster.leave_released(second.run)
    result = cluster.follow(second, RELEASED)
    assert (result.state, result.exit_status, result.sentence) == ("promoted", 0, "It is good.")
    assert result.folder == first.folder.path
    shown = [line.split()[2] for line in cluster.output.getvalue().splitlines()]
    assert shown == ["testing", "inference", "inference", "monitoring"]
    assert [run["service_account"] for run in cluster.kubeflow.runs] == ["tester", "releaser"]
    assert [pipeline["name"] for pipeline in cluster.kubeflow.pipelines] == ["demo", "demo-release"]
    assert cluster.kubeflow.runs[1]["runtime_config"]["parameters"] == arguments
    page, log = result.report.read_text(), first.folder.log.read_text()
    for task in ("demo/run0-0000/test-model", f"demo-release/{second.run}/deploy-model"):
        assert task in page
        assert f"done of {task}" in log
    record = first.folder.values()
    assert (record["state"], record["run"], record["release"]["run"]) == ("promoted", first.run, second.run)


def test_a_release_is_started_once(cluster: Cluster) -> None:
    cluster.leave_tested("run0-0000")
    first = cluster.submit()
    for _ in range(2):
        assert cluster.follow(first, TESTED).state == "tested"
        assert release(first, cluster.engine).run == "run1-0000"
    assert len(cluster.kubeflow.runs) == 2


def test_a_refused_model_starts_no_second_run(cluster: Cluster) -> None:
    cluster.leave_tested("run0-0000", decision="refuse")
    first = cluster.submit()
    result = cluster.follow(first, {"test-model": "SUCCEEDED"})
    assert (result.state, result.exit_status) == ("refused", 3)
    assert not awaits_release(first, result)


def test_the_judge_of_the_second_run_has_the_last_word(cluster: Cluster) -> None:
    cluster.leave_tested("run0-0000")
    first = cluster.submit()
    cluster.follow(first, TESTED)
    second = release(first, cluster.engine)
    cluster.leave_released(second.run, decision="rollback")
    result = cluster.follow(second, RELEASED)
    assert (result.state, result.exit_status, result.sentence) == ("rolled back", 3, "Users saw errors.")


def test_a_release_that_left_nothing_has_failed(cluster: Cluster) -> None:
    cluster.leave_tested("run0-0000")
    first = cluster.submit()
    cluster.follow(first, TESTED)
    result = cluster.follow(release(first, cluster.engine), RELEASED)
    assert (result.state, result.exit_status) == ("failed", 1)
    assert "deploy-model" in result.sentence


@pytest.mark.parametrize("key", ["bundle_digest", "evaluation_digest"])
def test_other_digests_than_the_tested_ones_are_refused(cluster: Cluster, key: str) -> None:
    cluster.leave_tested("run0-0000", **{key: f"sha256:{'e' * 64}"})
    first = cluster.submit()
    cluster.follow(first, TESTED)
    with pytest.raises(IntegrityError, match=key):
        release(first, cluster.engine)
    assert len(cluster.kubeflow.runs) == 1


def test_a_tested_run_that_was_not_submitted_from_here_is_not_released(cluster: Cluster) -> None:
    cluster.leave_tested("run0-0000")
    first = cluster.submit(split=False)
    result = cluster.follow(first, TESTED)
    assert result.state == "tested"
    assert not awaits_release(first, result)


def test_the_command_follows_both_runs_also_after_a_kill(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first run is killed for its memory, the one in its place passes, and one command sees all three."""
    cluster.leave_tested("run1-0000")
    cluster.leave_released("run2-0000")
    (cluster.root / "demo/run0-0000/train-model/attempt").mkdir(parents=True)
    (cluster.root / "demo/run0-0000/train-model/attempt/executor-logs-0").write_text("Killed\n")
    states = {
        "run0-0000": ("FAILED", {"train-model": "FAILED"}),
        "run1-0000": ("SUCCEEDED", TESTED),
        "run2-0000": ("SUCCEEDED", RELEASED),
    }
    own = cluster.kubeflow._described

    def described(run: dict[str, Any]) -> dict[str, Any]:
        cluster.kubeflow.script, cluster.kubeflow.asked = [states[run["run_id"]]], 0
        return own(run)

    monkeypatch.setattr(cluster.kubeflow, "_described", described)
    monkeypatch.setattr(Engine, "log", lambda self, run, task: ("", "Killed\n" if task == "train-model" else ""))
    output = io.StringIO()
    console = Console(file=output, width=200)
    result = watch(cluster.submit(), cluster.engine, cluster.store, console, again=cluster.submit)
    assert result.exit_status == 0
    assert f"started again, 1 of {RESUBMISSIONS} times" in output.getvalue()
    assert "release " in output.getvalue()
    assert [run["service_account"] for run in cluster.kubeflow.runs] == ["tester", "tester", "releaser"]


def test_a_release_by_itself_names_the_run_to_follow(cluster: Cluster) -> None:
    cluster.leave_tested("run0-0000")
    first = cluster.submit()
    cluster.follow(first, TESTED)
    second = release(first, cluster.engine)
    refuse_release(cluster.engine.run(first.run))
    with pytest.raises(PolicyError) as refused:
        refuse_release(cluster.engine.run(second.run))
    assert "sevenfold follow run0-0000" in refused.value.remedy


@pytest.mark.parametrize(
    ("arguments", "code", "value"),
    [
        (["--split-release", "--release-account", "r", "--no-wait"], "split_unattended", "--no-wait"),
        (["--split-release", "--release-account", "r", "--cron", "0 2 * * *"], "split_unattended", "--cron"),
        (["--split-release", "--release-account", "r", "--every", "60"], "split_unattended", "--every"),
        (["--split-release"], "split_accounts", "pipeline-runner"),
        (["--split-release", "--service-account", "a", "--release-account", "a"], "split_accounts", "'a'"),
        (["--release-account", "r"], "release_account", "'r'"),
    ],
)
def test_what_cannot_be_split_is_refused_before_anything_is_sent(
    cluster: Cluster, arguments: list[str], code: str, value: str
) -> None:
    plan = cluster.folder / "plan.yaml"
    columns = "{a: {kind: number}, y: {kind: category, role: target}}"
    data = f"{{source: demo.csv, target: y, task: binary, columns: {columns}}}"
    plan.write_text(f"version: 1\nname: demo\ndata: {data}\n")
    done = CliRunner().invoke(app, ["submit", str(plan), "--endpoint", cluster.kubeflow.url, *arguments])
    assert isinstance(done.exception, PolicyError)
    assert done.exception.code == code
    assert value in done.exception.message
    assert done.exception.remedy
    assert not cluster.kubeflow.uploads


def test_the_second_run_deploys_and_the_first_one_is_kept_in_mind() -> None:
    second = split_target(ClusterTarget(account="tester"), "", wait=True, scheduled=False)
    assert (second.runner, second.tester) == ("pipeline-runner", "tester")


def test_a_handover_has_the_addresses_and_digests(tmp_path: Path) -> None:
    from kfp import dsl

    tested = evaluation(tmp_path / "evaluation")
    handover, summary = dsl.Artifact(uri=str(tmp_path / "handover")), dsl.Markdown(uri=str(tmp_path / "summary.md"))
    hand_over.python_func(
        dataset=dsl.Dataset(uri="s3://ours/dataset"),
        bundle=dsl.Model(uri="s3://ours/bundle"),
        evaluation=dsl.Artifact(uri=str(tested)),
        handover=handover,
        summary=summary,
    )
    verify(Path(handover.path))
    written = json.loads((Path(handover.path) / "handover.json").read_text())
    assert written == {
        "dataset": "s3://ours/dataset",
        "bundle": "s3://ours/bundle",
        "evaluation": str(tested),
        "bundle_digest": BUNDLE,
        "evaluation_digest": verify(tested).digest,
    }
    assert all(value in Path(summary.path).read_text() for value in written.values())
