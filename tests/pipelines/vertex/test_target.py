"""`sevenfold compile|submit|follow|doctor --target vertex`, as a person types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google_cloud import GoogleCloud, error
from typer.testing import CliRunner
from vertex_run import goes_to, leave

from sevenfold.cli.main import app
from sevenfold.contracts.errors import PolicyError, SevenfoldError
from sevenfold.pipelines.vertex import rights, service


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, cloud: GoogleCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(service, "LOGGING", cloud.url)
    monkeypatch.setattr(rights, "GOOGLE", cloud.url)


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})


def when_started(cloud: GoogleCloud, change: Callable[[str], Any]) -> None:
    """Let the run, whose name is not known before it starts, go through one change."""
    cloud.script = [lambda job: change(job.name.rpartition("/")[2])(job)]


def test_a_plan_is_compiled_without_any_cloud(plan_file: Path, cloud: GoogleCloud) -> None:
    done = invoke("compile", "plan.yaml", "--target", "vertex")
    assert done.exit_code == 0, done.output
    assert "Wrote plan.vertex.yaml" in done.output
    assert (plan_file.parent / "plan.vertex.yaml").is_file()
    assert cloud.tokens == []


def test_a_run_is_submitted_and_followed_to_its_end(plan_file: Path, cloud: GoogleCloud) -> None:
    def refused(run: str) -> Any:
        left = {"test-model": leave(cloud, run, "test-model", decision="refuse")}
        return goes_to("SUCCEEDED", {"test-model": "SUCCEEDED"}, left)

    when_started(cloud, refused)
    done = invoke("submit", "plan.yaml", "--target", "vertex")
    assert done.exit_code == 3, done.output
    assert "demo.csv, 1,832 bytes, goes to gs://ours/runs" in done.output
    assert (
        "run      https://console.cloud.google.com/vertex-ai/pipelines/locations/europe-west4/runs/demo-" in done.output
    )
    assert "refused  Because." in done.output


def test_a_run_is_come_back_to_by_its_name_alone(plan_file: Path, cloud: GoogleCloud) -> None:
    done = invoke("submit", "plan.yaml", "--target", "vertex", "--no-wait")
    assert done.exit_code == 0, done.output
    run = done.output.split("sevenfold follow ")[1].strip()
    cloud.script = [goes_to("CANCELLED", {})]
    followed = invoke("follow", run)
    assert followed.exit_code == 1
    assert "It was cancelled." in followed.output


def test_a_run_from_elsewhere_is_not_guessed_at(cloud: GoogleCloud) -> None:
    done = invoke("follow", "demo-1", "--target", "vertex")
    assert isinstance(done.exception, PolicyError)
    assert done.exception.code == "run_unknown"


@pytest.mark.parametrize(
    ("old", "new", "arguments", "code"),
    [
        ("  registry: europe-west4-docker.pkg.dev/our-models/ours\n", "", (), "vertex_images"),
        ("", "", ("--root", "s3://ours/runs"), "vertex_root"),
    ],
)
def test_what_cannot_run_is_refused_before_anything_is_sent(
    plan_file: Path, cloud: GoogleCloud, old: str, new: str, arguments: tuple[str, ...], code: str
) -> None:
    plan_file.write_text(plan_file.read_text().replace(old, new))
    done = invoke("submit", "plan.yaml", "--target", "vertex", *arguments)
    assert isinstance(done.exception, PolicyError)
    assert done.exception.code == code
    assert (cloud.objects, cloud.jobs) == ({}, {})


def test_who_may_not_look_sends_nothing(plan_file: Path, cloud: GoogleCloud) -> None:
    cloud.faults = [(403, error(403, "PERMISSION_DENIED", "Denied."))]
    done = invoke("submit", "plan.yaml", "--target", "vertex")
    assert isinstance(done.exception, SevenfoldError)
    assert (done.exception.code, cloud.objects) == ("vertex_permission", {})


def test_doctor_finds_nothing_missing(plan_file: Path, cloud: GoogleCloud) -> None:
    done = invoke("doctor", "plan.yaml", "--target", "vertex")
    assert done.exit_code == 0, done.output
    for line in ("images             Vertex AI pulls from europe-west4-docker.pkg.dev", "gs://ours/runs can be read"):
        assert line in done.output
    assert "Vertex AI          answers for our-models in europe-west4" in done.output
    assert (cloud.objects, cloud.jobs) == ({}, {})


def test_doctor_says_what_is_missing_and_what_mends_it(plan_file: Path, cloud: GoogleCloud) -> None:
    cloud.faults = [(404, error(404, "NOT_FOUND", "No such region."))]
    text = plan_file.read_text().replace("europe-west4-docker.pkg.dev/our-models/ours", "quay.io/ours")
    plan_file.write_text(text + "secrets: {storage: keys}\n")
    done = invoke("doctor", "plan.yaml", "--target", "vertex")
    assert done.exit_code == 1
    assert "✗ images             quay.io/ours is in none of Artifact Registry" in done.output
    assert "not used on Vertex AI: secrets.storage" in done.output
    assert "✗ Vertex AI" in done.output
    assert "No such region." in done.output
    assert "fix it: See vertex.project and vertex.region" in done.output


def test_the_record_holds_no_secret(plan_file: Path, cloud: GoogleCloud, private_key: str) -> None:
    invoke("submit", "plan.yaml", "--target", "vertex", "--no-wait")
    (record,) = plan_file.parent.glob("runs/demo/vertex-*/run.json")
    assert json.loads(record.read_text())["target"] == "vertex"
    assert private_key.splitlines()[1] not in record.read_text()
