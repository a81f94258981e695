"""The compiled YAML with kfp's own client and nothing of ours beside it, as with the page's form left empty."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.extended]


def test_kfp_alone_runs_the_compiled_plan(kubeflow, tmp_path: Path) -> None:
    project = kubeflow.write_project(tmp_path)
    put = kubeflow.submit(project, "--no-wait", "--trials", "0", "--max-epochs", "2")
    assert put.returncode == 0, put.stdout + put.stderr
    [package] = project.glob("runs/*/cluster-*/pipeline.yaml")  # its table is in the store
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import kfp

        client = kfp.Client(host=kubeflow.url)
        account = os.environ.get("SEVENFOLD_TEST_ACCOUNT", "pipeline-runner")
        made = client.create_run_from_pipeline_package(str(package), arguments={}, service_account=account)
        ended = client.wait_for_run_completion(made.run_id, timeout=600, sleep_duration=5)
    assert ended.state == "SUCCEEDED"
    assert {task.display_name for task in ended.run_details.task_details} >= {"explore-data", "test-model"}
