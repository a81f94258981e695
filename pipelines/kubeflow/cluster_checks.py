"""What a run of a plan needs of a cluster, checked from here, and the command that mends what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from sevenfold.cluster.reader import Answer, ClusterReader
from sevenfold.contracts.errors import PolicyError, SevenfoldError
from sevenfold.pipelines.check import Check
from sevenfold.pipelines.kubeflow.cluster_target import ClusterTarget
from sevenfold.pipelines.kubeflow.kserve_checks import kserve_checks
from sevenfold.pipelines.kubeflow.kubeflow_checks import pipelines_check, retries_check
from sevenfold.pipelines.kubeflow.kuberay_checks import kuberay_checks
from sevenfold.pipelines.kubeflow.namespace_checks import namespace_checks
from sevenfold.pipelines.kubeflow.plan_checks import gpu_checks, prometheus_check, secrets_checks
from sevenfold.pipelines.kubeflow.trainer_checks import trainer_checks
from sevenfold.plan import Plan
from sevenfold.plan.deployment import Target

if TYPE_CHECKING:
    from sevenfold.pipelines.kubeflow.engine import Engine

__all__ = ["cluster_checks", "require_cluster", "same_cluster"]

WORKFLOWS: Final = "/apis/argoproj.io/v1alpha1/namespaces/{namespace}/workflows?labelSelector=pipeline%2Frunid%3D{run}"


def cluster_checks(plan: Plan | None, target: ClusterTarget) -> Iterator[Check]:
    """Yield what can be said of a cluster; without a kubeconfig only what the plan itself says."""
    yield from gpu_checks(plan)
    try:
        reader = ClusterReader(target.context)
    except PolicyError as error:
        yield Check("cluster", None, f"none is checked: {error.message}", "export KUBECONFIG=…")
        if target.endpoint:
            yield pipelines_check(target, None)
        return
    version = reader.get("/version")
    if not version:
        yield Check("cluster", False, f"{reader.host} does not answer", "kubectl cluster-info")
        return
    yield Check("cluster", True, f"Kubernetes {version.get('gitVersion', '')} at {reader.host}")
    yield pipelines_check(target, reader)
    yield retries_check(reader)
    if plan is None or plan.deployment.target is not Target.LOCAL:
        yield from kserve_checks(plan, reader)
        yield from namespace_checks(plan, target, reader)
    yield from kuberay_checks(plan, target, reader)
    yield from trainer_checks(plan, target, reader)
    yield from secrets_checks(plan, target, reader)
    yield prometheus_check(plan, reader)


def require_cluster(
    plan: Plan,
    target: ClusterTarget,
    engine: Engine | None = None,
    on_check: Callable[[Check], None] = lambda check: None,
) -> None:
    """Refuse a run that cannot succeed, before anything is sent; what could not be checked passes.

    Args:
        plan: what is to run.
        target: where; its context names the cluster in the kubeconfig.
        engine: the endpoint that the run goes to, with the user's login. The kubeconfig may name another cluster;
            unless both have the same experiment or run, only what the plan itself says is checked. None takes them
            for one.
        on_check: gets a check that says why the cluster was not checked.

    Raises:
        PolicyError: ``cluster`` naming what is missing and the command that mends it.
    """
    same = same_cluster(engine, target) if engine else None
    if same is not None and not same.fine:
        on_check(same)
        checks = gpu_checks(plan)
    else:
        checks = cluster_checks(plan, target)
    for check in checks:
        if check.fine is False and check.blocking:
            raise PolicyError(
                "cluster",
                f"{check.name}: {check.finding}.",
                remedy=f"Mend it with: {check.remedy} — or see all of it with: sevenfold doctor PLAN.YAML",
            )


def same_cluster(engine: Engine, target: ClusterTarget) -> Check:
    """Say whether an endpoint is that of the kubeconfig's cluster, which has the same experiment or run then.

    The cluster's own Kubeflow is asked through its API server, which passes no login on, so one with several users
    does not answer there. Its newest run is looked for among the workflows instead.
    """
    name, skipped = "cluster", "so it was not checked"
    try:
        reader = ClusterReader(target.context)
        theirs = engine.first_experiment()
        ours = reader.get(_experiments(target.namespace)) if theirs else Answer(known=False)
        ids = [str(known.get("experiment_id")) for known in ours.get("experiments", [])]
        if ids == [theirs]:
            return Check(name, True, f"{reader.host} has the Kubeflow at {engine.endpoint}")
        if ids:
            finding = f"{reader.host} is not the cluster of {engine.endpoint}, {skipped}"
            return Check(name, None, finding, "export KUBECONFIG=… of the endpoint's cluster, or give none")
        run = next(engine.runs(), None)
        if run is not None and reader.get(WORKFLOWS.format(namespace=target.pods, run=run.run_id)).get("items"):
            return Check(name, True, f"{reader.host} has the newest run of {engine.endpoint}")
    except SevenfoldError as error:
        return Check(
            name, None, f"{error.message} It was not checked", "export KUBECONFIG=…, then: sevenfold doctor PLAN.YAML"
        )
    finding = f"{reader.host} may not be the cluster of {engine.endpoint}, {skipped}"
    return Check(name, None, finding, "Where it is, see what it lacks with: sevenfold doctor PLAN.YAML")


def _experiments(namespace: str) -> str:
    wanted = f"&namespace={namespace}" if namespace else ""
    path = "/api/v1/namespaces/kubeflow/services/http:ml-pipeline:8888/proxy/apis/v2beta1/experiments"
    return f"{path}?page_size=1&sort_by=created_at{wanted}"
