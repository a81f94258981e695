"""The objects that `compile --kubernetes` writes, before a real API server."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

pytestmark = [pytest.mark.cluster]


def test_the_api_server_takes_the_objects(kubeflow, tmp_path: Path) -> None:
    known = kubeflow.kubectl("get", "crd", "pipelines.pipelines.kubeflow.org", "--ignore-not-found", "-o", "name")
    if not known.strip():
        pytest.skip("this cluster has no pipelines.kubeflow.org: its Kubeflow keeps pipelines in a database")
    project = kubeflow.write_project(tmp_path)
    command = ("compile", "plan.yaml", "--images", str(kubeflow.images), "--kubernetes", "-o", "objects.yaml")
    done = kubeflow.run(project, kubeflow.command(*command))
    assert done.returncode == 0, done.stderr
    answer = kubeflow.kubectl("apply", "--dry-run=server", "-f", str(project / "objects.yaml"))
    assert answer.count("created (server dry run)") == 2
    pipeline, version = yaml.safe_load_all((project / "objects.yaml").read_text())
    version["spec"]["pipelineNameOf"] = pipeline["metadata"]["name"]
    (project / "wrong.yaml").write_text(yaml.safe_dump(version))
    answer = kubeflow.kubectl("apply", "--dry-run=server", "-f", str(project / "wrong.yaml"), fails=True)
    assert "pipelineNameOf" in answer, "else the server looks at nothing"
