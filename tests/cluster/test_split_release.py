"""Two runs under two accounts: one builds and tests and may not deploy, the other deploys what passed."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.extended]

PODS = os.environ.get("SEVENFOLD_TEST_NAMESPACE", "kubeflow")
SERVING = "sevenfold"
# All that Kubeflow's own containers in a task's pod ask for; its account pipeline-runner may start pods as anybody.
RUNNER = [
    {"apiGroups": ["argoproj.io"], "resources": ["workflowtaskresults"], "verbs": ["create", "patch"]},
    {"apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
]
READER = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]


@dataclass(frozen=True)
class Accounts:
    """A plan's name, free in the cluster, and the accounts of its two runs."""

    plan: str
    tester: str
    releaser: str


def named(kind: str, name: str, namespace: str, **content: Any) -> dict[str, Any]:
    version = "v1" if kind == "ServiceAccount" else "rbac.authorization.k8s.io/v1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **content}


def bound(account: str, role: str, namespace: str) -> dict[str, Any]:
    subject = {"kind": "ServiceAccount", "name": account, "namespace": PODS}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role}
    return named("RoleBinding", account, namespace, roleRef=reference, subjects=[subject])


@pytest.fixture
def accounts(kubeflow) -> Iterator[Accounts]:
    if not kubeflow.kubectl("-n", SERVING, "get", "role", "deployer", "--ignore-not-found", "-o", "name", fails=True):
        pytest.skip(f"no role deployer in namespace {SERVING}: our manifests are not applied")
    plan = f"split-{uuid.uuid4().hex[:6]}"
    made = Accounts(plan, f"{plan}-tester", f"{plan}-releaser")
    runner, reader = named("Role", plan, PODS, rules=RUNNER), named("Role", plan, SERVING, rules=READER)
    objects = [runner, reader, bound(made.tester, plan, SERVING), bound(made.releaser, "deployer", SERVING)]
    for account in (made.tester, made.releaser):
        objects += [named("ServiceAccount", account, PODS), bound(account, plan, PODS)]
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    try:
        # each object names its namespace
        kubeflow.kubectl("apply", "--namespace=", "-f", "-", given=given)
        yield made
    finally:
        kubeflow.kubectl("delete", "--namespace=", "-f", "-", "--ignore-not-found", given=given, fails=True)
        labels = f"app.kubernetes.io/instance={plan},app.kubernetes.io/managed-by=sevenfold"
        kubeflow.kubectl("-n", SERVING, "delete", "inferenceservices,configmaps", "-l", labels, "--wait=false")


def test_what_passed_is_deployed_by_another_account(kubeflow, accounts: Accounts, tmp_path: Path) -> None:
    project = kubeflow.write_project(tmp_path)
    text = (project / "plan.yaml").read_text().replace("at_least: 1.0", "at_least: 0.52")
    (project / "plan.yaml").write_text(re.sub(r"(?m)^name: trains$", f"name: {accounts.plan}", text))
    asked = ("--service-account", accounts.tester, "--release-account", accounts.releaser)
    done = kubeflow.submit(project, "--trials", "0", "--max-epochs", "3", "--split-release", *asked)
    assert done.returncode == 0, done.stdout + done.stderr
    [folder] = (project / "runs" / accounts.plan).glob("cluster-*")
    values = json.loads((folder / "run.json").read_text())
    assert values["state"] == "promoted"
    assert who_ran(kubeflow, values["run"]) == {accounts.tester}
    assert who_ran(kubeflow, values["release"]["run"]) == {accounts.releaser}
    account = f"--as=system:serviceaccount:{PODS}:{accounts.tester}"
    for what in (("patch", "inferenceservices"), ("create", "inferenceservices"), ("create", "pods")):
        assert kubeflow.kubectl("-n", SERVING, "auth", "can-i", *what, account, fails=True).split()[0] == "no"
    service = json.loads(kubeflow.kubectl("-n", SERVING, "get", "inferenceservice", accounts.plan, "-o", "json"))
    assert values["release"]["arguments"]["bundle_digest"] in json.dumps(service["spec"])
    page = (folder / "report.html").read_text()
    assert page.count("<section") >= 8, "both runs are on one page"
    for stage in ("5 testing", "6 inference", "7 monitoring"):
        assert re.search(f"[✓!] {stage}", done.stdout), stage
    again = kubeflow.run(project, kubeflow.command("follow", values["run"]))
    assert again.returncode == 0, again.stdout
    assert json.loads((folder / "run.json").read_text())["release"]["run"] == values["release"]["run"]


def who_ran(kubeflow, run: str) -> set[str]:
    pods = json.loads(kubeflow.kubectl("get", "pods", "-l", f"pipeline/runid={run}", "-o", "json"))["items"]
    return {pod["spec"]["serviceAccountName"] for pod in pods}
