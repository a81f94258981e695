"""The objects that `compile --kubernetes` writes, before a real API server."""

from __future__ import annotations

import json
import os
import urllib.request
import uuid
from pathlib import Path

import pytest
import yaml

pytestmark = [pytest.mark.cluster]

NAMESPACE = os.environ.get("SEVENFOLD_TEST_NAMESPACE", "kubeflow")


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


@pytest.mark.extended
@pytest.mark.filterwarnings("ignore")
def test_what_kubectl_applied_is_registered_and_runs(kubeflow, tmp_path: Path) -> None:
    with urllib.request.urlopen(f"{kubeflow.url}/apis/v2beta1/healthz", timeout=10) as answer:  # noqa: S310
        if json.loads(answer.read()).get("pipeline_store") != "kubernetes":
            pytest.skip("this Kubeflow keeps pipelines in a database, not as objects")
    import kfp

    project = kubeflow.write_project(tmp_path)
    put = kubeflow.submit(project, "--no-wait", "--trials", "0", "--max-epochs", "2")
    assert put.returncode == 0, put.stdout + put.stderr
    record = next(project.glob("runs/*/cluster-*/run.json"))
    values = json.loads(record.read_text())
    name = f"objects-{uuid.uuid4().hex[:6]}"
    plan = (project / "plan.yaml").read_text().replace("name: trains", f"name: {name}")
    plan = plan.replace("notebook: explore.ipynb", "notebook: ''")  # no pod finds a file of this machine
    (project / "plan.yaml").write_text(plan)
    command = ("compile", "plan.yaml", "--images", str(kubeflow.images), "--kubernetes", "-o", "objects.yaml")
    done = kubeflow.run(project, kubeflow.command(*command, "--namespace", NAMESPACE))
    assert done.returncode == 0, done.stderr
    kubeflow.kubectl("apply", "-f", str(project / "objects.yaml"))
    try:
        client = kfp.Client(host=kubeflow.url, namespace=NAMESPACE)
        pipeline = client.get_pipeline_id(name)
        assert pipeline, "kubectl registered it"
        [version] = client.list_pipeline_versions(pipeline).pipeline_versions
        experiment = client.create_experiment(name).experiment_id
        account = os.environ.get("SEVENFOLD_TEST_ACCOUNT", "pipeline-runner")
        store = f"{values['root']}/sevenfold-inputs"
        table = f"{store}/{values['arguments']['data_digest'].removeprefix('sha256:')}/trains.csv"
        given = {"data": table, "data_digest": values["arguments"]["data_digest"], "trials": 0, "max_epochs": 2}
        made = client.run_pipeline(
            experiment,
            name,
            params=given,
            pipeline_id=pipeline,
            version_id=version.pipeline_version_id,
            service_account=account,
        )
        assert client.wait_for_run_completion(made.run_id, timeout=600, sleep_duration=5).state == "SUCCEEDED"
    finally:
        kubeflow.kubectl("delete", "-f", str(project / "objects.yaml"), "--wait=false")
