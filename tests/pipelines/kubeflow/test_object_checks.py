"""What doctor says of a plan whose task has an operator act on an object: a RayJob or a TrainJob."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
from cluster_answers import GONE, HIDDEN, checks_of, schema

from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.kubeflow.cluster_checks import require_cluster
from sevenfold.pipelines.kubeflow.cluster_target import ClusterTarget
from sevenfold.pipelines.kubeflow.kuberay_checks import RAY_JOB, RAY_OPERATORS
from sevenfold.pipelines.kubeflow.object_checks import MadeObject
from sevenfold.pipelines.kubeflow.trainer_checks import RUNTIMES, TRAIN_JOB
from sevenfold.plan import Plan, SecretsSection


class Asked(NamedTuple):
    """A plan that asks for an object, and a cluster that lacks nothing for it."""

    made: MadeObject
    section: str  # of the plan
    changed: Mapping[str, Any]  # in it
    there: Mapping[str, Any]  # in the cluster: answers by path
    names: tuple[str, str, str]  # of the checks: the type, what acts on it, the rights

    def plan(self, plan: Plan) -> Plan:
        return plan.model_copy(update={self.section: getattr(plan, self.section).replaced(**self.changed)})


OPERATORS = RAY_OPERATORS.partition("?")[0]
RUNTIME = f"{RUNTIMES}torch-distributed"
RAY = {"engine": "ray", "ray": {"cluster": {"workers": 2}}}
RAY_THERE = {
    RAY_JOB.crd: schema("rayClusterSpec", "preRunningDeadlineSeconds"),
    OPERATORS: {"items": [{"metadata": {"namespace": "kuberay"}, "status": {"availableReplicas": 1}}]},
}
RAY_NAMES = ("KubeRay", "KubeRay's operator", "Ray rights")
TRAINER_THERE = {
    TRAIN_JOB.crd: schema("runtimeRef", "runtimePatches"),
    RUNTIME: {"kind": "ClusterTrainingRuntime"},
}
ASKED = {
    "search": Asked(RAY_JOB, "tuning", RAY, RAY_THERE, RAY_NAMES),
    "preparation": Asked(RAY_JOB, "preparation", RAY, RAY_THERE, RAY_NAMES),
    "fit": Asked(
        TRAIN_JOB,
        "training",
        {"trainjob": {"nodes": 2}},
        TRAINER_THERE,
        ("Kubeflow Trainer", "runtime torch-distributed", "TrainJob rights"),
    ),
}


@pytest.fixture(params=ASKED.values(), ids=ASKED.keys())
def asked(request: pytest.FixtureRequest, server: dict[str, Any]) -> Asked:
    each: Asked = request.param
    server.update(each.there)
    return each


def test_a_cluster_that_lacks_nothing(asked: Asked, team_plan: Plan) -> None:
    plan = asked.plan(team_plan)
    checks = checks_of(plan)
    assert [checks[name].fine for name in asked.names] == [True, True, True]
    require_cluster(plan, ClusterTarget())
    assert not set(asked.names) & checks_of(team_plan).keys(), "a plan that asks for none is told nothing"


@pytest.mark.parametrize(("fields", "fine"), [(GONE, False), (("rayClusterSpec", "runtimeRef"), False), (HIDDEN, None)])
def test_a_type_that_is_missing_too_old_or_hidden(
    server: dict[str, Any], asked: Asked, team_plan: Plan, fields: Any, fine: bool | None
) -> None:
    server[asked.made.crd] = schema(*fields) if isinstance(fields, tuple) else fields
    require_told(asked.plan(team_plan), asked.names[0], fine, asked.made.install)


@pytest.mark.parametrize(("verb", "may"), [("create", False), ("get", None), ("delete", False)])
def test_an_account_that_may_not_make_them(
    server: dict[str, Any], asked: Asked, team_plan: Plan, verb: str, may: bool | None
) -> None:
    server["rights"] = {("pipeline-runner", verb): may}
    resource = f"{asked.made.resource}.{asked.made.group}"
    role = f"create role {asked.made.role} --verb=create,get,delete --resource={resource} && "
    require_told(asked.plan(team_plan), asked.names[2], False, role)


def test_the_rights_are_those_of_the_account_in_its_own_namespace(
    server: dict[str, Any], asked: Asked, team_plan: Plan
) -> None:
    server["rights"] = {("someone", "create"): False}
    check = checks_of(asked.plan(team_plan), namespace="profile", account="someone")[asked.names[2]]
    role = asked.made.role
    assert check.finding == f"someone may not make {asked.made.made} in profile"
    assert check.remedy.endswith(f"-n profile create rolebinding {role} --role={role} --serviceaccount=profile:someone")


@pytest.mark.parametrize(
    ("changed", "fine"),
    [
        ({OPERATORS: {"items": []}}, None),
        ({OPERATORS: {"items": [{"metadata": {"namespace": "a"}, "status": {"availableReplicas": 0}}]}}, None),
        ({OPERATORS: HIDDEN}, None),
        ({RUNTIME: GONE}, False),
        ({RUNTIME: HIDDEN}, None),
    ],
)
def test_what_acts_on_them_is_looked_for(
    server: dict[str, Any], team_plan: Plan, changed: dict[str, Any], fine: bool | None
) -> None:
    one = ASKED["search" if OPERATORS in changed else "fit"]
    server.update({**one.there, **changed})
    remedy = "helm install kuberay-operator" if OPERATORS in changed else "kubectl get clustertrainingruntimes"
    require_told(one.plan(team_plan), one.names[1], fine, remedy)


def test_where_kuberays_operator_runs_is_said(server: dict[str, Any], team_plan: Plan) -> None:
    server.update(RAY_THERE)
    assert checks_of(ASKED["search"].plan(team_plan))["KubeRay's operator"].finding == "runs in kuberay"


@pytest.mark.parametrize("changed", [{"ray": {}}, {"engine": "optuna", "ray": {}}, {"trials": 0}])
def test_a_search_without_a_cluster_of_its_own_asks_nothing(
    server: dict[str, Any], team_plan: Plan, changed: dict[str, Any]
) -> None:
    tuning = team_plan.tuning.replaced(**{**RAY, **changed})
    assert not set(RAY_NAMES) & checks_of(team_plan.model_copy(update={"tuning": tuning})).keys()


def test_a_plan_whose_task_finds_no_keys_of_a_store_is_told(server: dict[str, Any], team_plan: Plan) -> None:
    server.update(TRAINER_THERE)
    plan = ASKED["fit"].plan(team_plan)
    assert "store of TrainJobs" not in checks_of(plan)
    unnamed = plan.model_copy(update={"secrets": SecretsSection()})
    assert checks_of(unnamed)["store of TrainJobs"].fine is None


def require_told(plan: Plan, name: str, fine: bool | None, remedy: str) -> None:
    """Require a check's answer and remedy, and that a run is refused exactly where something is known to be missing."""
    check = checks_of(plan)[name]
    assert check.fine is fine
    assert remedy in check.remedy
    if fine is False:
        with pytest.raises(PolicyError, match=name):
            require_cluster(plan, ClusterTarget())
    else:
        require_cluster(plan, ClusterTarget())
