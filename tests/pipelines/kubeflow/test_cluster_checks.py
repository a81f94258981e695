"""What doctor says of clusters, played by a small API server."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from cluster_answers import (
    CONTROLLER,
    FETCHER,
    GONE,
    HIDDEN,
    PROMETHEUS,
    RUNTIME,
    SECRET,
    SETTINGS,
    VALUE,
    WELL,
    checks_of,
    controller,
    ingress,
    schema,
)

from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.kubeflow.cluster_checks import require_cluster
from sevenfold.pipelines.kubeflow.cluster_target import ClusterTarget
from sevenfold.pipelines.kubeflow.kserve_checks import CRD
from sevenfold.pipelines.kubeflow.kubeflow_checks import pipelines_check
from sevenfold.pipelines.kubeflow.namespace_checks import SERVING
from sevenfold.plan import Plan

CLUSTER_RUNTIME = f"{SERVING}/clusterservingruntimes/kserve-tensorflow-serving"
OWN_RUNTIME = f"{SERVING}/namespaces/team/servingruntimes/kserve-tensorflow-serving"


@pytest.mark.parametrize(
    ("changed", "fine"),
    [
        ({}, False),
        ({CLUSTER_RUNTIME: {"kind": "ClusterServingRuntime"}}, True),
        ({OWN_RUNTIME: {"kind": "ServingRuntime"}}, True),
        ({CLUSTER_RUNTIME: HIDDEN}, None),
    ],
)
def test_tensorflow_serving_wants_kserves_own_runtime(
    server: dict[str, Any], team_plan: Plan, changed: dict[str, Any], fine: bool | None
) -> None:
    server.update({RUNTIME: GONE, **changed})
    wanted = team_plan.deployment.replaced(runtime="tensorflow-serving", strategy="replace")
    team_plan = team_plan.model_copy(update={"deployment": wanted})
    assert checks_of(team_plan)["runtime"].fine is fine
    if fine is False:
        with pytest.raises(PolicyError, match=r"kubectl apply --server-side -k config/runtimes"):
            require_cluster(team_plan, ClusterTarget())
    else:
        require_cluster(team_plan, ClusterTarget())


def test_a_cluster_that_has_everything(server: dict[str, Any], team_plan: Plan) -> None:
    checks = checks_of(team_plan)
    assert [name for name, check in checks.items() if check.fine is not True] == []
    assert checks["strategy"].finding == "this cluster allows canary and replace"
    assert checks["Prometheus"].finding.endswith("1 of 2 targets are up")
    assert checks["Kubeflow Pipelines"].finding == "2.17.0, found in the cluster"
    require_cluster(team_plan, ClusterTarget())


@pytest.mark.parametrize(
    ("changed", "name", "remedy"),
    [
        ({CRD: schema("predictor")}, "strategy", "deployment.strategy: replace, or: install KServe 0.21"),
        ({CONTROLLER: controller("v0.20.0")}, "strategy", "deployment.strategy: replace, or: install KServe 0.21"),
        ({SETTINGS: ingress(False)}, "strategy", "deployment.strategy: replace, or: kubectl -n kserve patch"),
        ({"/api/v1/namespaces/team": GONE}, "namespace", "kubectl apply --server-side -k"),
        ({RUNTIME: GONE}, "runtime", "kubectl apply --server-side -k"),
        ({"may": False}, "rights", "kubectl apply --server-side -k"),
        ({FETCHER: {"spec": {"container": {"name": "x"}}}}, "model fetcher", "kubectl patch clusterstoragecontainer"),
    ],
)
def test_what_no_run_survives_is_refused_before_it(
    server: dict[str, Any], team_plan: Plan, changed: dict[str, Any], name: str, remedy: str
) -> None:
    server.update(changed)
    check = checks_of(team_plan)[name]
    assert check.fine is False
    assert remedy in check.remedy
    with pytest.raises(PolicyError, match=name) as caught:
        require_cluster(team_plan, ClusterTarget())
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({SECRET: GONE}, "secrets.storage"),
        ({PROMETHEUS: GONE}, "Prometheus"),
        ({SETTINGS: ingress(False)}, "Gateway API"),
    ],
)
def test_what_a_run_may_survive_is_only_told(
    server: dict[str, Any], team_plan: Plan, changed: dict[str, Any], name: str
) -> None:
    server.update(changed)
    other = team_plan.model_copy(update={"deployment": team_plan.deployment.replaced(strategy="replace")})
    check = checks_of(other)[name]
    assert check.fine is False
    assert check.remedy
    require_cluster(other, ClusterTarget())


def test_replace_works_where_canary_does_not(server: dict[str, Any], team_plan: Plan) -> None:
    server[CRD] = schema("predictor")
    other = team_plan.model_copy(update={"deployment": team_plan.deployment.replaced(strategy="replace")})
    assert checks_of(other)["strategy"].fine is True


def test_what_may_not_be_seen_stops_nobody(server: dict[str, Any], team_plan: Plan) -> None:
    server.update({path: HIDDEN for path in WELL if path != "/version"})
    checks = checks_of(team_plan)
    assert {check.fine for name, check in checks.items() if name not in ("cluster", "rights")} == {None}
    require_cluster(team_plan, ClusterTarget())


def test_no_value_of_a_secret_is_asked_for(server: dict[str, Any], team_plan: Plan) -> None:
    checks = checks_of(team_plan)
    assert VALUE not in repr(checks)
    accepts = [accept for path, accept in server["asked"] if "/secrets/" in path]
    assert accepts and all("PartialObjectMetadata" in accept for accept in accepts)
    server["asked"].clear()
    server["may"] = False
    assert checks_of(team_plan)["secrets.storage"].fine is None
    assert not [path for path, _ in server["asked"] if "/secrets/" in path]


@pytest.mark.parametrize(
    ("reads", "deploys", "refused"),
    [(True, False, ""), (False, False, "promotions"), (True, True, "separation")],
)
def test_of_a_split_run_who_tests_reads_and_does_not_deploy(
    server: dict[str, Any], team_plan: Plan, reads: bool, deploys: bool, refused: str
) -> None:
    server["rights"] = {("tester", "list"): reads, ("tester", "patch"): deploys, ("releaser", "patch"): True}
    accounts = {"account": "releaser", "tester": "tester"}
    checks = checks_of(team_plan, **accounts)
    assert (checks["promotions"].fine, checks["separation"].fine) == (reads, not deploys)
    assert "promotions" not in checks_of(team_plan, account="releaser")
    with pytest.raises(PolicyError, match=f"{refused}: tester of kubeflow") if refused else contextlib.nullcontext():
        require_cluster(team_plan, ClusterTarget(**accounts))


def test_a_wrong_endpoint_is_named(server: dict[str, Any]) -> None:
    check = checks_of(None, endpoint="http://127.0.0.1:9")["Kubeflow Pipelines"]
    assert check.fine is False
    assert "does not answer" in check.finding


def test_a_proxy_that_httpx_cannot_use_is_a_failed_check_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    check = pipelines_check(ClusterTarget(endpoint="http://127.0.0.1:9"), None)
    assert check.fine is False
