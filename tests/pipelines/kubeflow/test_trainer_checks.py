"""What doctor says of a plan that fits in the pods of a TrainJob."""

from __future__ import annotations

from typing import Any

import pytest
from cluster_answers import GONE, HIDDEN, checks_of, schema

from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.kubeflow.cluster_checks import require_cluster
from sevenfold.pipelines.kubeflow.cluster_target import ClusterTarget
from sevenfold.pipelines.kubeflow.trainer_checks import RUNTIMES, TRAINER_CRD
from sevenfold.plan import Plan

RUNTIME = f"{RUNTIMES}torch-distributed"
NAMES = ("Kubeflow Trainer", "runtime torch-distributed", "TrainJob rights")


@pytest.fixture
def pods_plan(server: dict[str, Any], team_plan: Plan) -> Plan:
    """A plan for a cluster that lacks nothing."""
    server.update({TRAINER_CRD: schema("runtimeRef", "runtimePatches"), RUNTIME: {"kind": "ClusterTrainingRuntime"}})
    return team_plan.model_copy(update={"training": team_plan.training.replaced(trainjob={"nodes": 2})})


def test_a_cluster_that_lacks_nothing(pods_plan: Plan, team_plan: Plan) -> None:
    checks = checks_of(pods_plan)
    assert [checks[name].fine for name in NAMES] == [True, True, True]
    require_cluster(pods_plan, ClusterTarget())
    assert not set(NAMES) & checks_of(team_plan).keys(), "a plan without pods of its own asks nothing"


@pytest.mark.parametrize(
    ("changed", "name", "fine", "remedy"),
    [
        ({TRAINER_CRD: GONE}, "Kubeflow Trainer", False, "kubectl apply --server-side -k"),
        ({TRAINER_CRD: schema("runtimeRef")}, "Kubeflow Trainer", False, "kubectl apply --server-side -k"),
        ({TRAINER_CRD: HIDDEN}, "Kubeflow Trainer", None, "kubectl apply --server-side -k"),
        ({RUNTIME: GONE}, "runtime torch-distributed", False, "kubectl get clustertrainingruntimes"),
        ({RUNTIME: HIDDEN}, "runtime torch-distributed", None, "kubectl get clustertrainingruntimes"),
        ({"rights": {("pipeline-runner", "delete"): False}}, "TrainJob rights", False, "create role train-job --verb="),
        ({"rights": {("pipeline-runner", "get"): None}}, "TrainJob rights", False, "create rolebinding train-job"),
    ],
)
def test_what_is_missing_is_named_with_its_remedy(
    server: dict[str, Any], pods_plan: Plan, changed: dict[str, Any], name: str, fine: bool | None, remedy: str
) -> None:
    server.update(changed)
    check = checks_of(pods_plan)[name]
    assert check.fine is fine
    assert remedy in check.remedy
    if fine is False:
        with pytest.raises(PolicyError, match=name):
            require_cluster(pods_plan, ClusterTarget())
    else:
        require_cluster(pods_plan, ClusterTarget())
