"""A plan with `training.framework: tensorflow` on a real Kubeflow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sevenfold.contracts.bundle import Bundle
from sevenfold.images import built_images

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

FRAMEWORK = "\ntraining:\n"


@pytest.fixture
def project(kubeflow, tmp_path: Path) -> Path:
    if "@sha256:" not in built_images(json.loads(kubeflow.images.read_text())).get("tensorflow", ""):
        pytest.skip("needs the image tensorflow, which was not built")
    folder: Path = kubeflow.write_project(tmp_path)
    plan = (folder / "plan.yaml").read_text()
    assert FRAMEWORK in plan
    (folder / "plan.yaml").write_text(plan.replace(FRAMEWORK, f"{FRAMEWORK}  framework: tensorflow\n"))
    return folder


def test_a_keras_network_is_tuned_trained_and_tested(kubeflow, project: Path) -> None:
    """The gate refuses, so nothing is deployed; what training left is the bundle with its SavedModel."""
    done = kubeflow.submit(project, "--trials", "2", "--max-epochs", "3")
    assert done.returncode == 3, done.stdout + done.stderr
    [run] = (project / "runs").glob("*/cluster-*")
    bundle = Bundle.open(run / "bundle")
    assert (bundle.info.framework, bundle.info.model) == ("tensorflow", "network")
    bundle.require_saved_model()
    assert bundle.info.metrics["roc_auc"] > 0.7
