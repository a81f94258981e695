"""A plan with `training.framework: tensorflow` on a real Kubeflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from sevenfold.contracts.bundle import Bundle

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


@pytest.fixture
def project(kubeflow, tmp_path: Path) -> Path:
    return kubeflow.project_on("tensorflow", tmp_path, training="framework: tensorflow")


def test_a_keras_network_is_tuned_trained_and_tested(kubeflow, project: Path) -> None:
    """The gate refuses, so nothing is deployed; what training left is the bundle with its SavedModel."""
    done = kubeflow.submit(project, "--trials", "2", "--max-epochs", "3")
    assert done.returncode == 3, done.stdout + done.stderr
    [run] = (project / "runs").glob("*/cluster-*")
    bundle = Bundle.open(run / "bundle")
    assert (bundle.info.framework, bundle.info.model) == ("tensorflow", "network")
    bundle.require_saved_model()
    assert bundle.info.metrics["roc_auc"] > 0.7
