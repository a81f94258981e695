"""`sevenfold doctor --target vertex` about rights: whose is missing, what is lost, and the command that gives it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google_cloud import GoogleCloud
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.pipelines.vertex import rights

ACCOUNT = "runner@our-models.iam.gserviceaccount.com"
ON_PROJECT = "gcloud projects add-iam-policy-binding our-models --member="


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, plan_file: Path, cloud: GoogleCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_file.write_text(plan_file.read_text() + "  serving: {}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rights, "GOOGLE", cloud.url)


def doctor() -> Any:
    return CliRunner().invoke(app, ["doctor", "plan.yaml", "--target", "vertex"], env={"COLUMNS": "300"})


def test_who_has_all_rights_reads_which(cloud: GoogleCloud) -> None:
    done = doctor()
    assert done.exit_code == 0, done.output
    for words in (
        "✓ your rights        aiplatform.pipelineJobs.create, logging.logEntries.list",
        "✓ your rights        iam.serviceAccounts.actAs",
        f"✓ account            {ACCOUNT} has monitoring.timeSeries.create",
        f"✓ account            {ACCOUNT} has storage.objects.create",
        "✓ bucket             ours lies in EUROPE-WEST4",
    ):
        assert words in done.output


@pytest.mark.parametrize(
    ("permission", "loss", "command"),
    [
        (
            "monitoring.timeSeries.create",
            "the predictors' metrics are lost",
            f"{ON_PROJECT}serviceAccount:{ACCOUNT} --role=roles/monitoring.metricWriter",
        ),
        (
            "monitoring.timeSeries.list",
            "no canary can be judged",
            f"{ON_PROJECT}user:YOU --role=roles/monitoring.viewer",
        ),
        ("aiplatform.customJobs.create", "no task can start", f"{ON_PROJECT}serviceAccount:{ACCOUNT} --role=roles/aip"),
        (
            "storage.objects.create",
            "no task can keep what it makes",
            f"buckets add-iam-policy-binding gs://ours --member=serviceAccount:{ACCOUNT} --role=roles/storage.objectAd",
        ),
        (
            "iam.serviceAccounts.actAs",
            "no task can run as it",
            f"gcloud iam service-accounts add-iam-policy-binding {ACCOUNT} --member=user:YOU --role=roles/iam.service",
        ),
    ],
)
def test_a_missing_right_is_one_line_and_the_command_that_gives_it(
    cloud: GoogleCloud, permission: str, loss: str, command: str
) -> None:
    cloud.rights.missing = {permission}
    done = doctor()
    assert done.exit_code == 1
    lines = done.output.splitlines()
    (index,) = (number for number, line in enumerate(lines) if line.startswith("✗"))
    assert f"{permission} is missing: {loss}" in lines[index]
    assert command in lines[index + 1]


def test_what_may_not_be_asked_stays_unknown_with_its_command(cloud: GoogleCloud) -> None:
    cloud.rights.disabled = {"policytroubleshooter", "cloudresourcemanager"}
    done = doctor()
    assert done.exit_code == 0, done.output
    assert "? account            whether it has monitoring.timeSeries.create is not known" in done.output
    assert "--role=roles/monitoring.metricWriter" in done.output
    assert "gcloud services enable cloudresourcemanager.googleapis.com --project=our-models" in done.output
    cloud.rights.disabled, cloud.rights.unknown = set(), {"monitoring.timeSeries.create"}
    assert "is not for you to know (UNKNOWN_INFO_DENIED)" in doctor().output


def test_an_account_that_is_not_there_and_one_that_is_not_named(cloud: GoogleCloud, plan_file: Path) -> None:
    cloud.rights.accounts = {"somebody@our-models.iam.gserviceaccount.com"}
    plan_file.write_text(plan_file.read_text().replace(ACCOUNT, "nobody@our-models.iam.gserviceaccount.com"))
    cloud.rights.disabled = {"policytroubleshooter"}
    assert "✗ account            It must be there" in doctor().output
    unnamed = plan_file.read_text().replace("  service_account: nobody@our-models.iam.gserviceaccount.com\n", "")
    plan_file.write_text(unnamed)
    done = doctor()
    assert done.exit_code == 1
    assert (
        "✗ metrics            vertex.service_account names nobody who may write the predictors' metrics" in done.output
    )


def test_a_bucket_of_another_region_is_named(cloud: GoogleCloud) -> None:
    cloud.location = "US-CENTRAL1"
    done = doctor()
    assert done.exit_code == 1
    assert "✗ bucket             ours lies in US-CENTRAL1, but runs in europe-west4" in done.output
    cloud.location = "EU"
    assert doctor().exit_code == 0
