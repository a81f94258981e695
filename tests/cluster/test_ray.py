"""A plan with `tuning.engine: ray` on a real Kubeflow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


@pytest.fixture
def project(kubeflow, tmp_path: Path) -> Path:
    return kubeflow.project_on("ray", tmp_path, tuning="engine: ray")


@pytest.mark.extended
def test_a_search_starts_ray_in_its_own_pod(kubeflow, project: Path) -> None:
    """Under the restricted standard, with the little shared memory that a pod has."""
    done = kubeflow.submit(project, "--trials", "3", "--max-epochs", "3")
    assert done.returncode == 3, done.stdout + done.stderr
    [record] = (project / "runs").glob("*/cluster-*/run.json")
    pods = f"pipeline/runid={json.loads(record.read_text())['run']}"
    logs = kubeflow.kubectl("logs", "-l", pods, "-c", "main", "--tail=-1", "--max-log-requests=50")
    assert '"message":"starting Ray on this machine"' in logs
    assert '"message":"trial 3 of 3' in logs
