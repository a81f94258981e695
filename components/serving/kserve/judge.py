"""Give a staged candidate its share of the traffic on KServe, judge it, and promote it or withdraw it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from sevenfold.cluster.objects import Cluster
from sevenfold.cluster.records import Candidate, ClusterRegistry
from sevenfold.contracts.errors import ServingError, TemporaryError
from sevenfold.contracts.registry import Record
from sevenfold.contracts.service import KServeService, open_service_of
from sevenfold.drift.prometheus import PrometheusClient
from sevenfold.drift.telemetry import bundle_label
from sevenfold.plan.deployment import Approval, DeploymentSection, Strategy
from sevenfold.runtime.environment import prometheus_login
from sevenfold.runtime.progress import report_progress
from sevenfold.serving.deployment import STAGE, Checks, save_verdict
from sevenfold.serving.judge import Verdict, judge_local
from sevenfold.serving.kserve.deploy import note_what_serves
from sevenfold.serving.kserve.evidence import read_evidence
from sevenfold.serving.kserve.observe import watch_canary
from sevenfold.serving.kserve.readiness import available
from sevenfold.serving.kserve.rollout import Rollout
from sevenfold.serving.kserve.strategy import rollout_of

__all__ = ["absence", "judge_on_kserve", "release_candidate"]

GONE_SECONDS: Final = 15.0  # without a pod; each second loses the candidate's share of the requests


def judge_on_kserve(
    service_folder: Path, section: DeploymentSection, *, prometheus: str, cluster: Cluster, out: Path
) -> Verdict:
    """Judge a candidate on its users' requests, carry the decision out, and write the sealed `verdict.json`.

    A first version has no users yet, with `strategy: replace` there is no share to give, and a plan may accept a
    replay: there the replayed test rows are the evidence, as on one machine. Where a person approves, as of every
    candidate whose test was undecided, the candidate gets no traffic.

    Args:
        service_folder: what `deploy_on_kserve` wrote.
        section: the plan's.
        prometheus: URL of the Prometheus that scrapes the predictors.
        cluster: with the namespace of the service.
        out: the folder to write.

    Raises:
        ServingError: ``superseded`` if another candidate has replaced this one.
        PolicyError, TemporaryError: as `Cluster`.
    """
    service, checks = open_service_of(KServeService, service_folder), Checks.read(service_folder)
    section = checks.approved_by(section)
    rollout = rollout_of(cluster, service.name, service.strategy, on_message=_say)
    registry = ClusterRegistry(cluster, service.name)
    note_what_serves(registry, rollout)
    replayed = not service.stable or service.strategy is Strategy.REPLACE or section.canary.accept_replay
    if service.stable == service.digest:
        verdict = Verdict(decision="promote", reason="good", sentence="This bundle serves already.")
    elif replayed or section.approval is Approval.MANUAL:
        verdict = judge_local(checks.comparison, section)
    else:
        verdict = _watched(service, section, rollout, prometheus)
    verdict = _carried_out(verdict, service, registry, rollout)
    save_verdict(verdict, out)
    _say(verdict.sentence)
    return verdict


def release_candidate(registry: ClusterRegistry, rollout: Rollout, digest: str, *, who: str, reason: str) -> Record:
    """Let a candidate serve everybody and return the record of it.

    What the record will say is written before anything changes, so that an interruption in between loses none of it.

    Raises:
        ServingError: ``superseded``, ``no_candidate``.
    """
    kept = registry.candidate(bundle_label(digest))
    if kept is None:
        raise ServingError("no_candidate", f"Bundle {digest[:19]} must have been deployed first, but was not.")
    record = kept.record.model_copy(update={"action": "promote", "who": who, "reason": reason})
    registry.remember(Candidate(record=record, predictor=kept.predictor))
    rollout.promote(digest)
    return registry.promote(record)


def absence(cluster: Cluster, workload: str, *, clock: Callable[[], float] = time.monotonic) -> Callable[[], str]:
    """Return a function: it returns a sentence once a revision has had no available pod for too long, "" before."""
    since: list[float] = []

    def gone() -> str:
        deployment = cluster.get("Deployment", workload)
        if deployment is not None and (available(deployment) or deployment["status"].get("availableReplicas", 0)):
            since.clear()
            return ""
        since.append(clock())
        away = since[-1] - since[0]
        return f"no pod of it has been available for {away:.0f} s." if away >= GONE_SECONDS else ""

    return gone


def _watched(service: KServeService, section: DeploymentSection, rollout: Rollout, prometheus: str) -> Verdict:
    client = PrometheusClient(prometheus, prometheus_login())
    try:
        since = client.now()
    except TemporaryError:  # the judge learns of it when it first reads the metrics
        since = time.time()
    rollout.share(service.digest, section.canary.percent)
    _say(f"The candidate takes {section.canary.percent} % of the requests")
    read = partial(
        read_evidence,
        client,
        namespace=service.namespace,
        name=service.name,
        canary=service.digest,
        stable=service.stable,
        since=since,
        min_rows=section.canary.min_requests,
    )
    return watch_canary(section, read, gone=absence(rollout.cluster, service.workload), on_message=_say)


def _carried_out(verdict: Verdict, service: KServeService, registry: ClusterRegistry, rollout: Rollout) -> Verdict:
    if verdict.decision == "promote":
        record = release_candidate(registry, rollout, service.digest, who="automatic", reason=verdict.sentence)
        return verdict.model_copy(update={"record": record.number})
    if verdict.decision == "rollback":
        rollout.withdraw(service.digest)
    return verdict


def _say(message: str) -> None:
    report_progress(STAGE, message, done=0, total=1)
