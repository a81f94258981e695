"""Whether the cluster that was checked is that of the Kubeflow that is asked, and what lies behind a login."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest
from cluster_answers import (
    GONE,
    HIDDEN,
    INSIDE,
    KUBEFLOW,
    PROMETHEUS,
    RUNTIME,
    checks_of,
    experiment,
)
from kubeconfig import KUBECONFIG_LOCATIONS
from rich.console import Console
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.check import Check
from sevenfold.pipelines.doctor import show_check
from sevenfold.pipelines.kubeflow.cluster_checks import require_cluster, same_cluster
from sevenfold.pipelines.kubeflow.cluster_target import ClusterTarget
from sevenfold.pipelines.kubeflow.engine import Engine
from sevenfold.plan import Plan

WORKFLOWS = "/apis/argoproj.io/v1alpha1/namespaces/kubeflow/workflows"


@pytest.mark.parametrize(
    ("changed", "checked", "finding"),
    [
        ({INSIDE: experiment("its-id")}, True, "has the Kubeflow at"),
        ({INSIDE: experiment("another")}, False, "is not the cluster of"),
        ({INSIDE: HIDDEN}, False, "may not be the cluster of"),
        ({INSIDE: HIDDEN, WORKFLOWS: {"items": [{"kind": "Workflow"}]}}, True, "has the newest run of"),
        ({INSIDE: HIDDEN, WORKFLOWS: {"items": []}}, False, "may not be the cluster of"),
        ({KUBEFLOW: {}, INSIDE: {}}, False, "may not be the cluster of"),
    ],
)
def test_another_clusters_faults_stop_nobody_and_that_is_said(
    server: dict[str, Any], team_plan: Plan, changed: dict[str, Any], checked: bool, finding: str
) -> None:
    server.update({"/apis/v2beta1/healthz": {"multi_user": False}, RUNTIME: GONE, KUBEFLOW: experiment("its-id")})
    server["/apis/v2beta1/runs"] = {"runs": [{"run_id": "r1"}]}
    server.update(changed)
    engine, shown = Engine(server["url"]), list[Check]()
    target = ClusterTarget(endpoint=server["url"])
    assert checks_of(team_plan, endpoint=server["url"])["runtime"].fine is False
    with pytest.raises(PolicyError) if checked else contextlib.nullcontext():
        require_cluster(team_plan, target, engine, shown.append)
    assert finding in same_cluster(engine, target).finding
    assert [check.fine for check in shown] == ([] if checked else [None])


PLAN = """\
version: 1
name: trains
data: {source: t.csv, target: y, task: binary, columns: {x: {kind: number}, y: {kind: category, role: target}}}
deployment: {namespace: team}
"""


def test_the_cluster_of_a_kubeflow_with_a_login_is_checked_with_the_login(
    server: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiments = {"experiments": [{"experiment_id": "its-id"}]}
    server.update({"/apis/v2beta1/experiments": experiments, INSIDE: experiments, RUNTIME: GONE})
    server.update({"/apis/v2beta1/healthz": {"multi_user": False}, "authorization": "Bearer a-token"})
    (tmp_path / "plan.yaml").write_text(PLAN)
    monkeypatch.setenv("KF_PIPELINES_TOKEN", "a-token")
    root = f"file://{tmp_path}"
    done = CliRunner().invoke(app, ["submit", str(tmp_path / "plan.yaml"), "--endpoint", server["url"], "--root", root])
    assert isinstance(done.exception, PolicyError)
    assert done.exception.code == "cluster"
    assert "runtime" in done.exception.message


BEHIND = "/api/v1/namespaces/watch/services/https:thanos:9091/proxy/prom/api/v1/targets"
LOGIN = "/api/v1/namespaces/kubeflow/secrets/metrics-login"


@pytest.mark.parametrize(
    ("answers", "fine", "finding"),
    [({BEHIND: PROMETHEUS}, True, "1 of 2 targets"), ({BEHIND: HIDDEN}, None, "a login"), ({}, False, "not answer")],
)
def test_a_prometheus_behind_a_login_is_looked_at_where_it_is(
    server: dict[str, Any], team_plan: Plan, answers: dict[str, Any], fine: bool | None, finding: str
) -> None:
    server.update({path: server.get(value, value) for path, value in answers.items()})
    watched = team_plan.monitoring.replaced(prometheus="https://thanos.watch.svc:9091/prom")
    check = checks_of(team_plan.model_copy(update={"monitoring": watched}))["Prometheus"]
    assert check.fine is fine
    assert finding in check.finding


def test_a_run_without_the_login_it_names_is_refused(server: dict[str, Any], team_plan: Plan) -> None:
    named = team_plan.model_copy(update={"secrets": team_plan.secrets.replaced(prometheus="metrics-login")})
    assert checks_of(named)["secrets.prometheus"].remedy.endswith(
        "generic metrics-login --from-literal=PROMETHEUS_TOKEN=…"
    )
    with pytest.raises(PolicyError, match=r"secrets\.prometheus"):
        require_cluster(named, ClusterTarget())
    server[LOGIN] = {"kind": "Secret"}
    require_cluster(named, ClusterTarget())


def test_without_a_kubeconfig_a_submission_says_so(
    server: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, team_plan: Plan
) -> None:
    server.update({"/apis/v2beta1/healthz": {"multi_user": False}, KUBEFLOW: experiment("its-id")})
    engine, shown = Engine(server["url"]), list[Check]()
    for location in KUBECONFIG_LOCATIONS:
        monkeypatch.setattr(location, str(tmp_path / "none"))
    require_cluster(team_plan, ClusterTarget(endpoint=server["url"]), engine, shown.append)
    [check] = shown
    assert check.fine is None
    assert "It was not checked" in check.finding
    console = Console(file=io.StringIO(), width=200)
    show_check(console, check)
    assert console.file.getvalue().startswith("? cluster ")


def test_without_a_kubeconfig_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, team_plan: Plan) -> None:
    for location in KUBECONFIG_LOCATIONS:
        monkeypatch.setattr(location, str(tmp_path / "none"))
    checks = checks_of(team_plan)
    assert list(checks) == ["cluster"]
    assert checks["cluster"].fine is None
    require_cluster(team_plan, ClusterTarget())
