"""A plan on the stand-in for Vertex AI: what is sent, how the run is followed, how it ends."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from google.cloud.aiplatform_v1 import types
from google_cloud import GoogleCloud, error
from rich.console import Console
from vertex_run import goes_to, leave

from sevenfold.contracts.errors import PolicyError, TemporaryError
from sevenfold.pipelines.result import Result
from sevenfold.pipelines.store import Store
from sevenfold.pipelines.targets import RunRequest
from sevenfold.pipelines.vertex.follow import follow
from sevenfold.pipelines.vertex.run import VertexRun
from sevenfold.pipelines.vertex.service import Service
from sevenfold.pipelines.vertex.submit import submit
from sevenfold.pipelines.view import RunView
from sevenfold.plan import Plan

CAUSE = {"stage": "preparation", "code": "no_rows", "message": "No rows.", "remedy": "Add some.", "exit_status": 2}


class Runner:
    """Submits and follows as the command does, without its pauses."""

    def __init__(self, cloud: GoogleCloud, plan: Plan, plan_file: Path) -> None:
        self.cloud, self.plan, self.plan_file = cloud, plan, plan_file
        assert plan.vertex is not None
        self.service = Service(plan.vertex, logging=cloud.url, sleep=lambda seconds: None)
        self.store = Store(plan.vertex.root)
        self.output = io.StringIO()

    def submit(self, **changes: Any) -> VertexRun:
        asked = RunRequest(plan_path=self.plan_file, runs=self.plan_file.parent / "runs", **changes)
        return submit(asked, self.plan, self.service, self.store, lambda text: None)

    def follow(self, sent: VertexRun) -> Result:
        view = RunView(Console(file=self.output, width=200))
        return follow(sent, self.service, self.store, view, sleep=lambda seconds: None)

    def job(self) -> Any:
        (made,) = self.cloud.jobs.values()
        return made


@pytest.fixture
def runner(cloud: GoogleCloud, plan: Plan, plan_file: Path) -> Runner:
    return Runner(cloud, plan, plan_file)


def test_a_job_has_what_the_section_says(runner: Runner) -> None:
    runner.plan = runner.plan.model_copy(
        update={"vertex": runner.plan.vertex.replaced(labels={"team": "sales"})}  # type: ignore[union-attr]
    )
    runner.service.section = runner.plan.vertex  # type: ignore[assignment]
    sent = runner.submit(trials=3)
    job = types.PipelineJob.to_dict(runner.job())
    given = job["runtime_config"]
    assert job["service_account"] == "runner@our-models.iam.gserviceaccount.com"
    assert given["gcs_output_directory"] == "gs://ours/runs"
    assert set(given["parameter_values"]) == {"trials", "data_digest"}
    assert given["parameter_values"]["trials"] == 3
    assert job["labels"]["team"] == "sales"
    assert job["labels"]["sevenfold-plan"] == "demo"
    assert job["pipeline_spec"]["pipelineInfo"]["name"] == "demo"
    record = json.loads((sent.folder.path / "run.json").read_text())
    assert (record["target"], record["run"]) == ("vertex", sent.run)
    assert f"/europe-west4/runs/{sent.run}?project=our-models" in record["link"]
    assert all(runner.cloud.tokens)


def test_the_table_of_this_machine_lies_in_the_bucket(runner: Runner) -> None:
    runner.submit()
    (address,) = [name for name in runner.cloud.objects if name.endswith("/demo.csv")]
    assert runner.cloud.objects[address] == (runner.plan_file.parent / "demo.csv").read_bytes()
    assert f"gs://{address}" in json.dumps(types.PipelineJob.to_dict(runner.job())["pipeline_spec"])


def test_a_lost_answer_starts_no_second_run(runner: Runner) -> None:
    runner.cloud.lost_answers = 1
    runner.submit()
    assert len(runner.cloud.jobs) == 1


def test_a_refused_run_ends_with_status_3_and_one_page(runner: Runner) -> None:
    sent = runner.submit()
    left = {
        "prepare-data": leave(runner.cloud, "earlier", "prepare-data"),
        "test-model": leave(runner.cloud, sent.run, "test-model", decision="refuse"),
    }
    runner.cloud.script = [
        goes_to("PENDING", {}),
        goes_to("RUNNING", {"prepare-data": "SKIPPED", "test-model": "RUNNING"}, left),
        goes_to(
            "SUCCEEDED", {"prepare-data": "SKIPPED", "test-model": "SUCCEEDED", "hand-over": "NOT_TRIGGERED"}, left
        ),
    ]
    result = runner.follow(sent)
    assert (result.state, result.exit_status, result.sentence) == ("refused", 3, "Because.")
    page = (result.folder / "report.html").read_text()
    assert "prepare-data of earlier" in page, "what came from the cache is where an earlier run left it"
    lines = runner.output.getvalue().splitlines()
    assert [line.split()[:3] for line in lines] == [["✓", "2", "preparation"], ["✓", "5", "testing"]]


def test_a_promoted_bundle_is_handed_over(runner: Runner) -> None:
    sent = runner.submit()
    left = {
        "test-model": leave(runner.cloud, sent.run, "test-model", decision="promote"),
        "hand-over": leave(runner.cloud, sent.run, "hand-over"),
    }
    runner.cloud.script = [goes_to("SUCCEEDED", dict.fromkeys(left, "SUCCEEDED"), left)]
    result = runner.follow(sent)
    assert (result.state, result.exit_status) == ("tested", 0)


@pytest.mark.parametrize(
    "entry",
    [
        {"textPayload": json.dumps(CAUSE)},
        {"jsonPayload": {**CAUSE, "exit_status": 2.0}},
    ],
)
def test_a_failed_task_ends_with_its_cause_and_status(runner: Runner, entry: dict[str, Any]) -> None:
    sent = runner.submit()
    runner.cloud.logs["job-prepare-data"] = [{"textPayload": "reading"}, entry, {"textPayload": "[KFP Executor] done"}]
    runner.cloud.script = [goes_to("FAILED", {"prepare-data": "FAILED"})]
    result = runner.follow(sent)
    assert (result.state, result.exit_status) == ("failed", 2)
    assert result.sentence == "preparation failed (no_rows): No rows. Add some."
    log = (result.folder / "log.txt").read_text()
    assert log.index("==== prepare-data: FAILED") < log.index("reading") < log.index("no_rows")
    assert json.loads((result.folder / "error.json").read_text())["task"] == "prepare-data"


def test_a_task_that_ended_without_a_word_says_what_vertex_says(runner: Runner) -> None:
    sent = runner.submit()
    runner.cloud.script = [goes_to("FAILED", {"train-model": "FAILED"}, error="The replica ran out of memory.")]
    result = runner.follow(sent)
    assert (result.state, result.exit_status) == ("failed", 1)
    assert "The replica ran out of memory." in result.sentence


def test_a_cancelled_run_has_failed(runner: Runner) -> None:
    sent = runner.submit()
    runner.cloud.script = [
        goes_to("CANCELLING", {"tune-model": "RUNNING"}),
        goes_to("CANCELLED", {"tune-model": "CANCELLED"}),
    ]
    result = runner.follow(sent)
    assert (result.state, result.exit_status) == ("failed", 1)
    assert "(cancelled): It was cancelled." in result.sentence


def test_a_run_is_followed_through_a_restart_of_the_service(runner: Runner) -> None:
    sent = runner.submit()
    runner.cloud.faults = [(503, error(503, "UNAVAILABLE", "Try again."))] * 3
    left = {"test-model": leave(runner.cloud, sent.run, "test-model", decision="refuse")}
    runner.cloud.script = [goes_to("SUCCEEDED", {"test-model": "SUCCEEDED"}, left)]
    assert runner.follow(sent).state == "refused"


def test_a_question_too_many_is_asked_again_while_a_run_is_followed(runner: Runner) -> None:
    sent = runner.submit()
    runner.cloud.faults = [(429, error(429, "RESOURCE_EXHAUSTED", "Read requests per minute."))] * 3
    left = {"test-model": leave(runner.cloud, sent.run, "test-model", decision="refuse")}
    runner.cloud.script = [goes_to("SUCCEEDED", {"test-model": "SUCCEEDED"}, left)]
    assert runner.follow(sent).state == "refused"


def test_a_quota_that_is_used_up_starts_no_run_and_is_named_at_once(runner: Runner) -> None:
    runner.cloud.faults = [(429, error(429, "RESOURCE_EXHAUSTED", "Pipeline jobs per region."))]
    with pytest.raises(PolicyError) as refused:
        runner.submit()
    assert (refused.value.code, runner.cloud.jobs) == ("vertex_quota", {})


def test_a_service_that_does_not_come_back_is_named(runner: Runner) -> None:
    sent = runner.submit()
    runner.cloud.faults = [(503, error(503, "UNAVAILABLE", "Try again."))] * 200
    with pytest.raises(TemporaryError, match="europe-west4 must answer") as late:
        runner.follow(sent)
    assert late.value.code == "vertex_unreachable"


def test_nothing_is_recorded_of_a_run_that_was_refused(runner: Runner) -> None:
    runner.cloud.faults = [(429, error(429, "RESOURCE_EXHAUSTED", "Quota exceeded for custom_model_training_cpus."))]
    with pytest.raises(PolicyError, match="custom_model_training_cpus"):
        runner.submit()
    assert not (runner.plan_file.parent / "runs").exists()
