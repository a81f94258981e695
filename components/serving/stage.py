"""The inference stage, on this machine or on a cluster: folders and settings in, folders and reports out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.manifest import verify
from sevenfold.contracts.registry import LocalRegistry
from sevenfold.plan.deployment import DeploymentSection, Target
from sevenfold.report.page import write_report
from sevenfold.runtime.environment import in_cluster, own_namespace, registry_folder, run_folder
from sevenfold.serving.deployment import Deployed, deployment_target
from sevenfold.serving.judge import Verdict
from sevenfold.serving.report import deployment_report, verdict_report

__all__ = ["run_deployment", "run_judgement"]


def run_deployment(
    dataset: Path,
    bundle: Path,
    evaluation: Path,
    settings: str,
    *,
    location: str,
    rows_location: str = "",
    bundle_digest: str = "",
    evaluation_digest: str = "",
    out: Path,
    page: Path,
    summary: Path,
) -> Deployed:
    """Deploy to the plan's target; see `deploy_locally` and `deploy_on_kserve`.

    Args:
        dataset: sealed dataset folder.
        bundle: sealed bundle folder.
        evaluation: sealed evaluation folder.
        settings: JSON of {"deployment": section of the plan, "name": the plan's name, "image": image of the predictor
            on a cluster; "" or left out takes the ServingRuntime's}.
        location: address of the bundle in the store.
        rows_location: address of the dataset in the store, for the record.
        bundle_digest: the digest the bundle must have; "" accepts any.
        evaluation_digest: the same of the evaluation.
        out: service folder to write and seal.
        page: HTML report to write.
        summary: Markdown report to write.

    Raises:
        IntegrityError: ``digest_mismatch`` if bundle or evaluation has another digest.
        SevenfoldError: as the deployments raise.
    """
    for folder, digest in ((bundle, bundle_digest), (evaluation, evaluation_digest)):
        if digest:
            verify(folder, digest=digest)
    given, section = _read(settings)
    name, rows, candidate = given["name"], Dataset.open(dataset), Bundle.open(bundle)
    if deployment_target(section, in_cluster=in_cluster()) is Target.LOCAL:
        from sevenfold.serving.local.deploy import deploy_locally

        log = (run_folder() or out.parent) / "predictor.log"
        deployed = deploy_locally(rows, candidate, evaluation, section, name=name, out=out, log=log)
    else:
        from sevenfold.cluster.objects import Cluster
        from sevenfold.serving.kserve.deploy import deploy_on_kserve

        cluster, image = Cluster(section.namespace or own_namespace()), given.get("image", "")
        deployed = deploy_on_kserve(
            rows,
            candidate,
            evaluation,
            section,
            name=name,
            location=location,
            rows_location=rows_location,
            cluster=cluster,
            out=out,
            image=image,
        )
    write_report(deployment_report(deployed, section), page, summary)
    return deployed


def run_judgement(service: Path, settings: str, *, out: Path, page: Path, summary: Path) -> Verdict:
    """Judge a candidate on the plan's target; see `judge_and_record` and `judge_on_kserve`.

    Args:
        service: sealed service folder.
        settings: JSON of {"deployment": section of the plan, "prometheus": URL of the Prometheus that scrapes the
            cluster's predictors}.
        out: verdict folder to write and seal.
        page: HTML report to write.
        summary: Markdown report to write.
    """
    given, section = _read(settings)
    if deployment_target(section, in_cluster=in_cluster()) is Target.LOCAL:
        from sevenfold.serving.local.deploy import judge_and_record

        run, home = run_folder(), registry_folder()
        registry = LocalRegistry(home) if home else None
        verdict = judge_and_record(service, section, registry=registry, run=run.name if run else "", out=out)
    else:
        from sevenfold.cluster.objects import Cluster
        from sevenfold.serving.kserve.judge import judge_on_kserve

        cluster, prometheus = Cluster(section.namespace or own_namespace()), given.get("prometheus", "")
        verdict = judge_on_kserve(service, section, prometheus=prometheus, cluster=cluster, out=out)
    write_report(verdict_report(verdict, section), page, summary)
    return verdict


def _read(settings: str) -> tuple[dict[str, Any], DeploymentSection]:
    given: dict[str, Any] = json.loads(settings)
    return given, DeploymentSection.model_validate(given["deployment"])
