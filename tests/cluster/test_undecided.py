"""A model whose test rows cannot tell: Kubeflow deploys it without traffic, and a person decides."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

SERVING = "sevenfold"


@pytest.fixture
def plan(kubeflow) -> Iterator[str]:
    """Return a plan's name, free in the cluster; what is deployed under it is removed."""
    if not kubeflow.kubectl("-n", SERVING, "get", "servingruntime", "sevenfold", "-o", "name", fails=True).strip():
        pytest.skip("our manifests are not applied")
    name = f"undecided-{uuid.uuid4().hex[:6]}"
    yield name
    labels = f"app.kubernetes.io/instance={name},app.kubernetes.io/managed-by=sevenfold"
    kubeflow.kubectl("-n", SERVING, "delete", "inferenceservices,configmaps", "-l", labels, "--wait=false")


def test_an_undecided_model_waits_for_a_person(kubeflow, plan: str, tmp_path: Path) -> None:
    """Its approval is automatic; the limit lies within what 60 test rows allow."""
    project = kubeflow.write_project(tmp_path)
    text, limits = re.subn(r"at_least: 1\.0\b", "at_least: 0.83", (project / "plan.yaml").read_text())
    assert limits
    text = re.sub(r"approval: \w+", "approval: automatic", text)
    (project / "plan.yaml").write_text(re.sub(r"(?m)^name: trains$", f"name: {plan}", text))
    done = kubeflow.submit(project, "--trials", "0", "--max-epochs", "20")
    assert done.returncode == 0, done.stdout + done.stderr
    [folder] = (project / "runs" / plan).glob("cluster-*")
    evaluation = json.loads((folder / "evaluation" / "evaluation.json").read_text())
    assert evaluation["decision"] == "undecided", evaluation["sentence"]
    assert json.loads((folder / "run.json").read_text())["state"] == "waiting"
    assert f"sevenfold promote {plan}" in done.stdout, done.stdout
    digest = json.loads((folder / "bundle" / "manifest.json").read_text())["digest"]
    status = kubeflow.run(project, kubeflow.command("status", plan, "-n", SERVING)).stdout
    assert f"waiting   {digest[:19]}" in status, status
    asked = ("promote", plan, "-n", SERVING, "--reason", "good enough for a first one")
    promoted = kubeflow.run(project, kubeflow.command(*asked))
    assert promoted.returncode == 0, promoted.stdout + promoted.stderr
    serving, waiting, *_ = kubeflow.run(project, kubeflow.command("status", plan, "-n", SERVING)).stdout.splitlines()
    assert digest[:19] in serving, serving
    assert "good enough for a first one" in serving
    assert waiting.split() == ["waiting", "nothing"]
