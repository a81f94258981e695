"""The whole of inference, on this machine or on a cluster: folders in, folders out."""

from __future__ import annotations

from pathlib import Path

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.registry import LocalRegistry
from sevenfold.plan.deployment import DeploymentSection, Target
from sevenfold.runtime.environment import in_cluster, own_namespace, registry_folder, run_folder
from sevenfold.serving.deploy import Deployed, deploy_locally, judge_and_record, place_of
from sevenfold.serving.judge import Verdict

__all__ = ["run_deployment", "run_judgement"]


def run_deployment(
    dataset: Path,
    bundle: Path,
    evaluation: Path,
    section: DeploymentSection,
    *,
    name: str,
    image: str,
    location: str,
    out: Path,
) -> Deployed:
    """Deploy where the plan says; see `deploy_locally` and `deploy_on_kserve`.

    Args:
        dataset: sealed dataset folder.
        bundle: sealed bundle folder.
        evaluation: sealed evaluation folder.
        section: the plan's.
        name: the plan's.
        image: of the predictor on a cluster; "" takes the ServingRuntime's.
        location: address of the bundle in the store.
        out: service folder to write.
    """
    rows, candidate = Dataset.open(dataset), Bundle.open(bundle)
    if place_of(section, in_cluster=in_cluster()) is Target.LOCAL:
        log = (run_folder() or out.parent) / "predictor.log"
        return deploy_locally(rows, candidate, evaluation, section, name=name, out=out, log=log)
    from sevenfold.cluster.api import Cluster
    from sevenfold.serving.kserve.deploy import deploy_on_kserve

    cluster = Cluster(section.namespace or own_namespace())
    return deploy_on_kserve(
        rows, candidate, evaluation, section, name=name, location=location, cluster=cluster, out=out, image=image
    )


def run_judgement(service: Path, section: DeploymentSection, *, prometheus: str, out: Path) -> Verdict:
    """Judge where the plan says; see `judge_and_record` and `judge_on_kserve`.

    Args:
        service: sealed service folder.
        section: the plan's.
        prometheus: URL of the Prometheus that scrapes the cluster's predictors.
        out: verdict folder to write.
    """
    if place_of(section, in_cluster=in_cluster()) is Target.LOCAL:
        run, home = run_folder(), registry_folder()
        registry = LocalRegistry(home) if home else None
        return judge_and_record(service, section, registry=registry, run=run.name if run else "", out=out)
    from sevenfold.cluster.api import Cluster
    from sevenfold.serving.kserve.judge import judge_on_kserve

    cluster = Cluster(section.namespace or own_namespace())
    return judge_on_kserve(service, section, prometheus=prometheus, cluster=cluster, out=out)
