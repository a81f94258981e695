"""The reports of inference: where the model serves, how to query it, how it was checked, what the judge decided."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.service import KServeService, Service
from sevenfold.plan.deployment import DeploymentSection, Runtime
from sevenfold.report import Fact, Facts, Finding, Findings, Report, Table, Text
from sevenfold.report.model import Level
from sevenfold.serving.deployment import STAGE, Checks, Deployed
from sevenfold.serving.evidence_report import evidence_blocks
from sevenfold.serving.judge import Verdict
from sevenfold.serving.smoke import example_instances

__all__ = ["deployment_report", "query_line", "verdict_report"]


def query_line(url: str, name: str, row: dict[str, Any]) -> str:
    """Return a shell line that asks the service for the prediction of a row."""
    body = json.dumps({"instances": [row]}, ensure_ascii=False).replace("'", "'\\''")
    return f"curl -s {url}/v1/models/{name}:predict -H 'content-type: application/json' -d '{body}'"


def deployment_report(deployed: Deployed, section: DeploymentSection) -> Report:
    """Return the report of a deployed model: agreement, latency, checks, how to ask it.

    An address is shown only of a service on a cluster: the predictor of a run on one machine ends with the run.
    """
    service, checks = deployed.service, deployed.checks
    fast = checks.comparison.latency_p99_ms <= section.service_level.latency_p99_ms
    ours = section.runtime is Runtime.SEVENFOLD
    return Report(
        stage=STAGE,
        title="Inference: the deployed model",
        headline=_headline(deployed, section),
        level="good" if fast else "warning",
        blocks=(
            _figures(deployed, section),
            *_how_to_ask(service, _example_row(checks, section)),
            Table(
                title="Asked with KServe's own client",
                columns=("Check", "Result", "Answer"),
                rows=tuple(
                    (check.name, "passed" if check.passed else "failed", check.detail) for check in checks.smoke
                ),
                levels=tuple("good" if check.passed else "bad" for check in checks.smoke),
                caption="Asked for the bundle's example rows, marked so that no statistics count them."
                if ours
                else "TensorFlow Serving does not say which bundle answers; the test rows' predictions do.",
            ),
            Text(text=_where(service)),
        ),
    )


def _headline(deployed: Deployed, section: DeploymentSection) -> str:
    comparison, limit = deployed.checks.comparison, section.service_level.latency_p99_ms
    agreed = f"all {comparison.rows:,} test rows were served as tested"
    if isinstance(deployed.service, KServeService):
        text = f"The model answers at {_public(deployed.service)}, and {agreed}"
    else:
        text = f"A{agreed[1:]}"
    if comparison.latency_p99_ms > limit:
        text += f", but one answer in 100 took over {comparison.latency_p99_ms:.0f} ms, and the limit is {limit:g} ms"
    return f"{text}."


def _how_to_ask(service: Service, row: dict[str, Any]) -> tuple[Text, ...]:
    if isinstance(service, KServeService):
        return Text(text="Ask it yourself:"), Text(text=query_line(_public(service), service.name, row))
    return (
        Text(text="To ask it yourself, serve the bundle from the run's folder:"),
        Text(text="sevenfold serve bundle"),
        Text(text=query_line("localhost:8080", service.name, row)),
    )


def _figures(deployed: Deployed, section: DeploymentSection) -> Facts:
    comparison, digest = deployed.checks.comparison, deployed.service.digest
    limit = section.service_level.latency_p99_ms
    protocol = "V2 binary" if section.runtime is Runtime.SEVENFOLD else "V1"
    return Facts(
        facts=(
            Fact(label="Test rows compared", value=comparison.rows, hint=f"over {protocol}"),
            Fact(
                label="Largest difference",
                value=float(f"{comparison.difference:.2g}"),
                hint=f"served against tested; at most {comparison.limit:g}",
                level="good",
            ),
            Fact(label="Median latency", value=comparison.latency_p50_ms, unit="ms"),
            Fact(label="95th percentile", value=comparison.latency_p95_ms, unit="ms"),
            Fact(
                label="99th percentile",
                value=comparison.latency_p99_ms,
                unit="ms",
                hint=f"{comparison.single_requests} requests of one row; at most {limit:g} ms",
                level="good" if comparison.latency_p99_ms <= limit else "bad",
            ),
            Fact(label="Bundle", value=digest.removeprefix("sha256:")[:12], hint=digest),
        )
    )


def _example_row(checks: Checks, section: DeploymentSection) -> dict[str, Any]:
    folder = Path(checks.bundle)
    if section.runtime is Runtime.TENSORFLOW_SERVING:
        return example_instances(Bundle.open(folder))[0]
    row: dict[str, Any] = json.loads((folder / "example_request.json").read_bytes())["instances"][0]
    return row


def verdict_report(verdict: Verdict, section: DeploymentSection | None = None) -> Report:
    """Return the report of the judge's decision and, where there are, of the numbers it rests on."""
    levels: dict[str, Level] = {"promote": "good", "hold": "warning", "rollback": "bad"}
    level = levels[verdict.decision]
    recorded = (
        f"Recorded as number {verdict.record} in the registry."
        if verdict.record
        else "Nothing was recorded in a registry; what served before goes on serving."
    )
    return Report(
        stage=STAGE,
        title="Inference: the judge's decision",
        headline=verdict.sentence,
        level=level,
        blocks=(
            Findings(findings=(Finding(level=level, text=verdict.sentence),)),
            Text(text=recorded),
            Facts(facts=(Fact(label="Decision", value=verdict.decision), Fact(label="Reason", value=verdict.reason))),
            *evidence_blocks(verdict.observed, section or DeploymentSection()),
        ),
    )


def _public(service: Service) -> str:
    """Return the address for users: on a cluster the gateway's, once it has one."""
    return (service.public_url if isinstance(service, KServeService) else "") or service.url


def _where(service: Service) -> str:
    if isinstance(service, KServeService):
        beside = f"beside bundle {service.stable[7:19]}, which serves" if service.stable else "as the first version"
        return (
            f"It runs as {service.workload} in namespace {service.namespace}, {beside}; no user's request reaches it "
            f"before the judge gives it a share. Inside the cluster it answers at {service.url}."
        )
    return (
        f"It was process {service.pid} of this machine, which ends with the run unless --keep-serving is given; its "
        f"log is {Path(service.log).name} in the run's folder."
    )
