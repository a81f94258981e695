"""What doctor says of a plan that has KubeRay make a Ray cluster."""

from __future__ import annotations

from typing import Any

import pytest
from cluster_answers import GONE, HIDDEN, checks_of, schema

from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.kubeflow.cluster_checks import require_cluster
from sevenfold.pipelines.kubeflow.cluster_target import ClusterTarget
from sevenfold.pipelines.kubeflow.kuberay_checks import RAY_CRD, RAY_OPERATORS
from sevenfold.plan import Plan

OPERATORS = RAY_OPERATORS.partition("?")[0]
KNOWN = schema("rayClusterSpec", "preRunningDeadlineSeconds")
NAMES = ("KubeRay", "KubeRay's operator", "Ray rights")


def deployment(available: int) -> dict[str, Any]:
    return {"items": [{"metadata": {"namespace": "kuberay"}, "status": {"availableReplicas": available}}]}


@pytest.fixture
def ray_plan(server: dict[str, Any], team_plan: Plan) -> Plan:
    """A plan for a cluster that lacks nothing."""
    server.update({RAY_CRD: KNOWN, OPERATORS: deployment(1)})
    tuning = team_plan.tuning.replaced(engine="ray", ray={"cluster": {"workers": 2}})
    return team_plan.model_copy(update={"tuning": tuning})


def test_a_cluster_that_lacks_nothing(ray_plan: Plan) -> None:
    checks = checks_of(ray_plan)
    assert [checks[name].fine for name in NAMES] == [True, True, True]
    assert checks["KubeRay's operator"].finding == "runs in kuberay"
    require_cluster(ray_plan, ClusterTarget())


@pytest.mark.parametrize("changed", [{"ray": {}}, {"engine": "optuna", "ray": {}}, {"trials": 0}])
def test_a_plan_without_a_cluster_of_its_own_asks_nothing(ray_plan: Plan, changed: dict[str, Any]) -> None:
    tuning = ray_plan.tuning.model_validate({**ray_plan.tuning.model_dump(mode="json"), **changed})
    assert not set(NAMES) & checks_of(ray_plan.model_copy(update={"tuning": tuning})).keys()


@pytest.mark.parametrize(
    ("changed", "name", "fine", "remedy"),
    [
        ({RAY_CRD: GONE}, "KubeRay", False, "helm install kuberay-operator"),
        ({RAY_CRD: schema("rayClusterSpec")}, "KubeRay", False, "helm install kuberay-operator"),
        ({RAY_CRD: HIDDEN}, "KubeRay", None, "helm install kuberay-operator"),
        ({OPERATORS: {"items": []}}, "KubeRay's operator", None, "helm install kuberay-operator"),
        ({OPERATORS: deployment(0)}, "KubeRay's operator", None, "helm install kuberay-operator"),
        ({OPERATORS: HIDDEN}, "KubeRay's operator", None, "helm install kuberay-operator"),
        ({"rights": {("pipeline-runner", "delete"): False}}, "Ray rights", False, "create role ray-cluster --verb="),
        ({"rights": {("pipeline-runner", "create"): None}}, "Ray rights", False, "create rolebinding ray-cluster"),
    ],
)
def test_what_is_missing_is_named_with_its_remedy(
    server: dict[str, Any], ray_plan: Plan, changed: dict[str, Any], name: str, fine: bool | None, remedy: str
) -> None:
    server.update(changed)
    check = checks_of(ray_plan)[name]
    assert check.fine is fine
    assert remedy in check.remedy
    if fine is False:
        with pytest.raises(PolicyError, match=name):
            require_cluster(ray_plan, ClusterTarget())
    else:
        require_cluster(ray_plan, ClusterTarget())


def test_the_rights_are_those_of_the_account_in_its_own_namespace(server: dict[str, Any], ray_plan: Plan) -> None:
    server["rights"] = {("someone", "create"): False}
    target = {"namespace": "profile", "account": "someone"}
    check = checks_of(ray_plan, **target)["Ray rights"]
    assert check.finding == "someone may not make Ray clusters in profile"
    assert check.remedy.endswith(
        "-n profile create rolebinding ray-cluster --role=ray-cluster --serviceaccount=profile:someone"
    )
