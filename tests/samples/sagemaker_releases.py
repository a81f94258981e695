"""A run whose model waits for an endpoint of SageMaker on moto's server, what serves there, and its users."""

from __future__ import annotations

import io
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from embedded_metrics import metric_data
from predicted_rows import predicted
from sagemaker_plans import ACCOUNT, ROLE, ROOT, plan_text
from tested_run import GOLDEN, run_that_passed
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.registry import Record
from sevenfold.pipelines.endpoint.promotions import BucketPromotions
from sevenfold.pipelines.result import Result
from sevenfold.pipelines.sagemaker.release import released
from sevenfold.pipelines.sagemaker.service import SageMaker
from sevenfold.pipelines.sagemaker.submit import Submitted
from sevenfold.pipelines.store import Store
from sevenfold.serving.cloud_metrics.embedded import EmbeddedMetrics

__all__ = [
    "EARLIER", "EARLIER_DIGEST", "JOBS", "OLD", "Releaser", "current", "serve_earlier", "serve_old",
    "users_are_predicted", "users_ask",
]  # fmt: skip

MINUTES = 5  # a slow machine may need more than one
OLD = "0" * 12
EARLIER_BUNDLE = GOLDEN.parents[1] / "4/bundle"
EARLIER_DIGEST = Bundle.open(EARLIER_BUNDLE).digest
EARLIER = EARLIER_DIGEST.removeprefix("sha256:")[:12]
JOBS = f"arn:aws:sagemaker:eu-central-1:{ACCOUNT}"
ARN = f"{JOBS}:pipeline/demo/execution/abcdefghijkl"


class Releaser:
    """Releases a run's bundle as the command does."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.said, self.number = folder, list[str](), 0
        self.client = boto3.client("sagemaker")
        self.client.create_model_package_group(ModelPackageGroupName="demo")
        package = self.client.create_model_package(
            ModelPackageGroupName="demo", ModelApprovalStatus="PendingManualApproval"
        )
        self.package = package["ModelPackageArn"]

    def release(
        self, sections: dict[str, Any] | None = None, decision: str = "promote", metrics: bool = True
    ) -> Result:
        self.number += 1
        text = plan_text(sections, serving={"metrics": metrics}, tags={"team": "flights"})
        path = self.folder / f"demo/{self.number}-abcdefghijkl"
        folder = run_that_passed(path, "abcdefghijkl", text, decision=decision)
        folder.record(target="sagemaker", arn=ARN, root=ROOT, started=str(self.number))
        before = Result(folder=folder.path, state="waiting", sentence="", exit_status=0)
        sent = Submitted(ARN, "demo", folder)
        return released(sent, SageMaker("eu-central-1", ROLE), Store(ROOT), before, self.said.append)

    def says(self, *command: str) -> Any:
        """Give one of the commands about versions."""
        first, *more = command
        given = [first, "demo", "--target", "sagemaker", "--runs", str(self.folder), *more]
        return CliRunner().invoke(app, given, env={"COLUMNS": "200"})

    def weights(self) -> dict[str, float]:
        variants = self.client.describe_endpoint(EndpointName="demo")["ProductionVariants"]
        return {one["VariantName"]: one.get("CurrentWeight", 0.0) for one in variants}

    def left(self) -> tuple[list[str], list[str]]:
        """Every model and configuration."""
        models = [one["ModelName"] for one in self.client.list_models()["Models"]]
        configs = [one["EndpointConfigName"] for one in self.client.list_endpoint_configs()["EndpointConfigs"]]
        return sorted(models), sorted(configs)

    def approval(self) -> str:
        return str(self.client.describe_model_package(ModelPackageName=self.package)["ModelApprovalStatus"])


def serve(client: Any, label: str) -> None:
    """Let a version take all requests."""
    client.create_model(ModelName=f"demo-{label}", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "old"})
    variant = {"VariantName": f"v-{label}", "ModelName": f"demo-{label}", "InitialVariantWeight": 100.0}
    variant |= {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    client.create_endpoint_config(EndpointConfigName=f"demo-{label}", ProductionVariants=[variant])
    client.create_endpoint(EndpointName="demo", EndpointConfigName=f"demo-{label}")


def serve_old(client: Any) -> None:
    """Let an older version take all requests, by record too."""
    serve(client, OLD)
    record = Record(name="demo", bundle=f"sha256:{OLD}{'f' * 52}", who="automatic", number=1)
    key = "sevenfold/demo/registry/history/00000001.json"
    boto3.client("s3").put_object(Bucket="bucket", Key=key, Body=record.model_dump_json().encode())


def serve_earlier(client: Any) -> None:
    """Let another bundle, whose promotion is recorded and kept, take all requests."""
    serve(client, EARLIER)
    record = Record(name="demo", bundle=EARLIER_DIGEST, who="automatic")
    BucketPromotions(Store(ROOT), "demo").promote(record, EARLIER_BUNDLE)


def users_ask(label: str, *, requests: int, errors: int = 0, refused: int = 0, milliseconds: float = 10.0) -> None:
    """Let CloudWatch count in this minute and the next ones: that of the test's question may be any of them."""
    dimensions = [{"Name": "EndpointName", "Value": "demo"}, {"Name": "VariantName", "Value": f"v-{label}"}]
    counted = {"Invocations": requests, "Invocation5XXErrors": errors, "Invocation4XXErrors": refused}
    counted["ModelLatency"] = round(milliseconds * 1000)
    for minutes in range(MINUTES):
        moment = datetime.now(UTC) + timedelta(minutes=minutes)
        data = [
            {"MetricName": name, "Dimensions": dimensions, "Value": value, "Timestamp": moment}
            for name, value in counted.items()
        ]
        boto3.client("cloudwatch").put_metric_data(Namespace="AWS/SageMaker", MetricData=data)


def users_are_predicted(rows: int, *, moved: bool = False) -> None:
    """Let CloudWatch read in the log of the candidate's container what it predicted."""
    printed, now = io.StringIO(), time.time()
    for minutes in range(MINUTES):
        EmbeddedMetrics("demo", printed).send(predicted(rows, moved=moved, moment=now + 60 * minutes), None)
    data = [one for line in printed.getvalue().splitlines() for one in metric_data(line)]
    boto3.client("cloudwatch").put_metric_data(Namespace="Sevenfold", MetricData=data)


def current() -> Record | None:
    return BucketPromotions(Store(ROOT), "demo").current()
