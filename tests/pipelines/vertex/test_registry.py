"""A model that passed its test is found in Vertex AI's model registry, with its digest, its label and its predictor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.cloud.aiplatform_v1 import types
from google_cloud import GoogleCloud, error
from typer.testing import CliRunner
from vertex_run import goes_to, leave

from sevenfold.cli.main import app
from sevenfold.contracts.errors import PolicyError, TemporaryError
from sevenfold.pipelines.vertex import registry, service
from sevenfold.serving.cloud_metrics.settings import read_settings

MODEL = "projects/our-models/locations/europe-west4/models/demo"


@pytest.fixture(autouse=True)
def working_folder(plan_file: Path, cloud: GoogleCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(plan_file.parent)
    monkeypatch.setattr(service, "LOGGING", cloud.url)


def promoted(cloud: GoogleCloud, *more: str) -> Any:
    """Submit the plan, whose run passes its test."""

    def change(job: Any) -> None:
        run = job.name.rpartition("/")[2]
        left = {
            "test-model": leave(cloud, run, "test-model", decision="promote"),
            "hand-over": leave(cloud, run, "hand-over"),
        }
        goes_to("SUCCEEDED", dict.fromkeys(left, "SUCCEEDED"), left)(job)

    cloud.script = [change]
    return CliRunner().invoke(app, ["submit", "plan.yaml", "--target", "vertex", *more], env={"COLUMNS": "200"})


def test_a_model_that_passed_is_registered_with_its_digest_and_its_predictor(cloud: GoogleCloud) -> None:
    done = promoted(cloud)
    assert done.exit_code == 0, done.output
    assert f"model    {MODEL}@1" in done.output
    (version,) = cloud.models[MODEL]
    run = next(iter(cloud.jobs)).rpartition("/")[2]
    assert version.artifact_uri == f"gs://ours/{run}/bundle"
    assert version.container_spec.image_uri.startswith(
        "europe-west4-docker.pkg.dev/our-models/ours/sevenfold-python-serve:"
    )
    assert dict(version.labels) == {"sevenfold-plan": "demo", "sevenfold-bundle": "7" * 63}
    assert f"bundle sha256:{'7' * 64}" in version.version_description


def test_a_bundle_is_registered_once(cloud: GoogleCloud) -> None:
    promoted(cloud)
    assert f"model    {MODEL}@1" in promoted(cloud).output
    assert len(cloud.models[MODEL]) == 1


@pytest.mark.parametrize("wanted", [True, False])
def test_the_container_is_told_where_its_figures_go(cloud: GoogleCloud, wanted: bool) -> None:
    plan = Path("plan.yaml")
    plan.write_text(plan.read_text() + f"  serving: {{endpoint: prices, metrics: {str(wanted).lower()}}}\n")
    promoted(cloud)  # then the release says that no bundle came
    (version,) = cloud.models[MODEL]
    told = {one.name: one.value for one in version.container_spec.env}
    assert bool(told) is wanted
    if wanted:
        settings = read_settings(told["SEVENFOLD_METRICS"])
        assert (settings.to, settings.endpoint) == ("cloud_monitoring", "prices")
        assert (settings.project, settings.region) == ("our-models", "europe-west4")


def test_another_bundle_is_the_next_version(cloud: GoogleCloud) -> None:
    promoted(cloud)
    cloud.models[MODEL][0].labels["sevenfold-bundle"] = "6" * 63
    assert f"model    {MODEL}@2" in promoted(cloud).output
    assert len(cloud.models[MODEL]) == 2


def test_a_model_of_somebody_else_is_not_touched(cloud: GoogleCloud) -> None:
    cloud.models[MODEL] = [types.Model(name=MODEL, version_id="1", display_name="demo")]
    done = promoted(cloud)
    assert isinstance(done.exception, PolicyError)
    assert done.exception.code == "vertex_model"
    assert len(cloud.models[MODEL]) == 1


def test_who_may_not_register_is_told_so_and_can_come_back(cloud: GoogleCloud) -> None:
    def denied(job: Any) -> None:
        cloud.faults = [(403, error(403, "PERMISSION_DENIED", "Denied."))]

    own = promoted
    cloud.script = []
    done = own(cloud, "--no-wait")
    run = done.output.split("sevenfold follow ")[1].strip()
    change = cloud.script.pop()

    def ended(job: Any) -> None:
        change(job)
        denied(job)

    cloud.script = [ended]
    refused = CliRunner().invoke(app, ["follow", run])
    assert isinstance(refused.exception, PolicyError)
    assert "read the model registry" in refused.exception.message
    cloud.faults, cloud.script = [], []
    assert f"model    {MODEL}@1" in CliRunner().invoke(app, ["follow", run], env={"COLUMNS": "200"}).output


def test_a_slow_registry_is_a_passing_fault_and_the_bundle_is_registered_once(
    cloud: GoogleCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "PATIENCE_SECONDS", 0.5)
    cloud.slow = True
    done = promoted(cloud)
    assert isinstance(done.exception, TemporaryError), done.output
    assert done.exception.code == "vertex_unreachable"
    assert "Follow the run again" in done.exception.remedy
    assert f"model    {MODEL}@1" in promoted(cloud).output
    assert len(cloud.models[MODEL]) == 1


def test_a_refused_model_is_not_registered(cloud: GoogleCloud) -> None:
    def change(job: Any) -> None:
        left = {"test-model": leave(cloud, job.name.rpartition("/")[2], "test-model", decision="refuse")}
        goes_to("SUCCEEDED", {"test-model": "SUCCEEDED"}, left)(job)

    cloud.script = [change]
    assert CliRunner().invoke(app, ["submit", "plan.yaml", "--target", "vertex"]).exit_code == 3
    assert cloud.models == {}
