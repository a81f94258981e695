"""A Kubeflow with several users: who is let in by a token sees, runs and serves in a profile, and nowhere else.

Needs ``SEVENFOLD_TEST_PROFILES``, the names of two profiles, with a Secret ``sevenfold-storage`` and our overlay with
the component `profile` in the first.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.extended]

SMALL = ("--trials", "0", "--max-epochs", "3")
ACCOUNT = "default-editor"


@pytest.fixture(scope="module")
def profiles(kubeflow) -> list[str]:
    named = os.environ.get("SEVENFOLD_TEST_PROFILES", "").split(",")
    if len(named) != 2:
        pytest.skip("no Kubeflow with several users: SEVENFOLD_TEST_PROFILES does not name two of its profiles")
    return named


@pytest.fixture
def project(kubeflow, profiles: list[str], tmp_path: Path) -> Iterator[Path]:
    kubeflow.write_project(tmp_path)
    name = f"trains-{uuid.uuid4().hex[:6]}"
    text = (tmp_path / "plan.yaml").read_text().replace("at_least: 1.0", "at_least: 0.52")
    text = text.replace("\n  namespace: sevenfold\n", f"\n  namespace: {profiles[0]}\n")
    (tmp_path / "plan.yaml").write_text(re.sub(r"(?m)^name: trains$", f"name: {name}", text))
    yield tmp_path
    labels = f"app.kubernetes.io/instance={name},app.kubernetes.io/managed-by=sevenfold"
    kubeflow.kubectl("-n", profiles[0], "delete", "inferenceservices,configmaps", "-l", labels, "--wait=false")


def submitted(kubeflow, folder: Path, profile: str, token: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    root = f"s3://mlpipeline/private-artifacts/{profile}/v2/artifacts"
    command = ("submit", "plan.yaml", "--images", str(kubeflow.images), "--namespace", profile, "--root", root)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("KF_PIPELINES_TOKEN")}
    return subprocess.run(
        kubeflow.command(*command, *arguments),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        env=environment | ({"KF_PIPELINES_TOKEN": token} if token else {}),
    )


def token_of(kubeflow, profile: str) -> str:
    ask = ("-n", profile, "create", "token", ACCOUNT, "--audience", "pipelines.kubeflow.org")
    return str(kubeflow.kubectl(*ask).strip())


def test_a_run_stays_in_its_profile(kubeflow, profiles: list[str], project: Path) -> None:
    ours, theirs = profiles
    token = token_of(kubeflow, ours)
    done = submitted(kubeflow, project, ours, token, *SMALL)
    assert done.returncode == 0, done.stdout + done.stderr
    [run] = (project / "runs").glob("*/cluster-*")
    record = (run / "run.json").read_text()
    values = json.loads(record)
    assert values["state"] == "promoted"
    assert token not in done.stdout + done.stderr + record
    pods = json.loads(
        kubeflow.kubectl("-n", ours, "get", "pods", "-l", f"pipeline/runid={values['run']}", "-o", "json")
    )
    assert len(pods["items"]) >= 10
    assert {pod["spec"]["serviceAccountName"] for pod in pods["items"]} == {ACCOUNT}
    assert (run / "bundle" / "model.onnx").is_file()
    # the account of the other profile is not let into this one
    strange = submitted(kubeflow, project, ours, token_of(kubeflow, theirs), *SMALL)
    assert strange.returncode == 2, strange.stdout + strange.stderr
    assert "status 403" in strange.stderr


@pytest.mark.parametrize("token", ["", "no-such-token"])
def test_without_a_login_nothing_is_sent(kubeflow, profiles: list[str], project: Path, token: str) -> None:
    done = submitted(kubeflow, project, profiles[0], token, *SMALL)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "KF_PIPELINES_TOKEN" in done.stderr
    assert "trains.csv, " not in done.stdout, "nothing was sent"
    assert "Traceback" not in done.stdout + done.stderr
