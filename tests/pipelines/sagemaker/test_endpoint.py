"""A release on an endpoint of SageMaker: boto3 against moto's server, the predictor itself behind the endpoint."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from embedded_metrics import metric_data
from moto_endpoints import Changes, mend_moto
from predicted_rows import predicted
from sagemaker_plans import ACCOUNT, ROLE, ROOT, plan_text
from tested_run import DIGEST, GOLDEN, LABEL, predictor, run_that_passed
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.errors import PolicyError, ServingError
from sevenfold.contracts.registry import Record
from sevenfold.pipelines.endpoint.promotions import BucketPromotions
from sevenfold.pipelines.result import Result
from sevenfold.pipelines.sagemaker.definition import build_definition
from sevenfold.pipelines.sagemaker.jobs import settings_files
from sevenfold.pipelines.sagemaker.release import released
from sevenfold.pipelines.sagemaker.requirements import missing_settings
from sevenfold.pipelines.sagemaker.service import SageMaker
from sevenfold.pipelines.sagemaker.submit import Submitted
from sevenfold.pipelines.store import Store
from sevenfold.plan import parse_plan
from sevenfold.serving.cloud_metrics.embedded import EmbeddedMetrics
from sevenfold.serving.cloud_metrics.settings import read_settings

OLD = "0" * 12
EARLIER_BUNDLE = GOLDEN.parents[1] / "4/bundle"
EARLIER_DIGEST = Bundle.open(EARLIER_BUNDLE).digest
EARLIER = EARLIER_DIGEST.removeprefix("sha256:")[:12]
JOBS = f"arn:aws:sagemaker:eu-central-1:{ACCOUNT}"
ARN = f"{JOBS}:pipeline/demo/execution/abcdefghijkl"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The predictor of the bundle, as its container on SageMaker would answer."""
    with predictor(tmp_path_factory.mktemp("predictor")) as url:
        yield f"{url}/invocations"


@pytest.fixture
def changes(account: None, address: str, monkeypatch: pytest.MonkeyPatch) -> Changes:
    made = mend_moto(monkeypatch)
    made.predictor = address
    return made


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


@pytest.fixture
def releaser(changes: Changes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Releaser:
    made = Releaser(tmp_path)
    job = {"StepName": "train-model", "StepStatus": "Succeeded"}
    job["Metadata"] = {"ProcessingJob": {"Arn": f"{JOBS}:processing-job/job-1"}}  # type: ignore[assignment]
    register = {"StepName": "register-model", "StepStatus": "Succeeded"}
    register["Metadata"] = {"RegisterModel": {"Arn": made.package}}  # type: ignore[assignment]
    monkeypatch.setattr(SageMaker, "_steps", lambda service, arn: iter([job, register]))  # moto lists none
    return made


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
    """Let CloudWatch count in this minute and, should that be over soon, the next."""
    dimensions = [{"Name": "EndpointName", "Value": "demo"}, {"Name": "VariantName", "Value": f"v-{label}"}]
    counted = {"Invocations": requests, "Invocation5XXErrors": errors, "Invocation4XXErrors": refused}
    counted["ModelLatency"] = round(milliseconds * 1000)
    for minutes in (0, 1):
        moment = datetime.now(UTC) + timedelta(minutes=minutes)
        data = [
            {"MetricName": name, "Dimensions": dimensions, "Value": value, "Timestamp": moment}
            for name, value in counted.items()
        ]
        boto3.client("cloudwatch").put_metric_data(Namespace="AWS/SageMaker", MetricData=data)


def users_are_predicted(rows: int, *, moved: bool = False) -> None:
    """Let CloudWatch read in the log of the candidate's container what it predicted."""
    printed = io.StringIO()
    EmbeddedMetrics("demo", printed).send(predicted(rows, moved=moved), None)
    data = [one for line in printed.getvalue().splitlines() for one in metric_data(line)]
    boto3.client("cloudwatch").put_metric_data(Namespace="Sevenfold", MetricData=data)


def current() -> Record | None:
    return BucketPromotions(Store(ROOT), "demo").current()


def test_the_first_version_becomes_an_endpoint_that_answers_as_the_bundle_does(releaser: Releaser) -> None:
    result = releaser.release()
    assert (result.state, result.exit_status) == ("promoted", 0)
    assert releaser.weights() == {f"v-{LABEL}": 100.0}
    model = releaser.client.describe_model(ModelName=f"demo-{LABEL}")
    source = model["PrimaryContainer"]["ModelDataSource"]["S3DataSource"]
    assert source["S3Uri"] == f"{ROOT}/demo/abcdefghijkl/train-model/bundle/"
    assert model["PrimaryContainer"]["Image"].endswith(":0.1.0")
    record = current()
    assert record is not None
    assert (record.number, record.bundle, record.run) == (1, DIGEST, "abcdefghijkl")
    assert releaser.approval() == "Approved"


def test_a_good_canary_is_promoted_and_nothing_of_the_old_version_is_left(releaser: Releaser, changes: Changes) -> None:
    serve_old(releaser.client)
    users_ask(LABEL, requests=303, refused=3, errors=1)
    users_are_predicted(598)  # this minute, and maybe the next
    users_ask(OLD, requests=2_700)
    assert releaser.release().state == "promoted"
    assert changes.made == [f"update demo-{OLD}-{LABEL}", "weights 90 10", "weights 0 100", f"update demo-{LABEL}"]
    assert releaser.weights() == {f"v-{LABEL}": 100.0}
    assert releaser.left() == ([f"demo-{LABEL}"], [f"demo-{LABEL}"])
    assert (current().number, releaser.approval()) == (2, "Approved")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("counted", "words"),
    [({"errors": 60}, "20.00% of"), ({"milliseconds": 300.0}, "took 300.0 ms")],
)
def test_a_bad_canary_is_withdrawn_and_the_run_is_not_decided_twice(
    releaser: Releaser, changes: Changes, counted: dict[str, Any], words: str
) -> None:
    serve_old(releaser.client)
    users_ask(LABEL, requests=300, **counted)
    users_are_predicted(600)
    result = releaser.release()
    assert (result.state, result.exit_status) == ("rolled back", 3)
    assert words in result.sentence
    assert releaser.weights() == {f"v-{OLD}": 100.0}
    assert releaser.left() == ([f"demo-{OLD}"], [f"demo-{OLD}"])
    assert (current().number, releaser.approval()) == (1, "Rejected")  # type: ignore[union-attr]
    made = list(changes.made)
    assert releaser.release().state == "rolled back"
    assert changes.made == made


def test_a_version_that_does_not_come_up_is_named_and_removed(releaser: Releaser, changes: Changes) -> None:
    serve_old(releaser.client)
    changes.broken = True
    with pytest.raises(ServingError, match="ping health check") as late:
        releaser.release()
    assert late.value.code == "endpoint_failed"
    assert releaser.weights() == {f"v-{OLD}": 100.0}
    assert releaser.left() == ([f"demo-{OLD}"], [f"demo-{OLD}"])
    assert releaser.approval() == "PendingManualApproval"


def test_an_endpoint_of_somebody_else_is_not_touched(releaser: Releaser, changes: Changes) -> None:
    releaser.client.create_model(ModelName="theirs", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "x"})
    variant = {"VariantName": "AllTraffic", "ModelName": "theirs", "InitialInstanceCount": 1}
    variant |= {"InstanceType": "ml.m5.large", "InitialVariantWeight": 1.0}
    releaser.client.create_endpoint_config(EndpointConfigName="theirs", ProductionVariants=[variant])
    releaser.client.create_endpoint(EndpointName="demo", EndpointConfigName="theirs")
    with pytest.raises(PolicyError) as foreign:
        releaser.release()
    assert (foreign.value.code, changes.made) == ("endpoint_foreign", [])
    assert releaser.left() == (["theirs"], ["theirs"])


def test_what_waits_for_a_person_gets_no_requests(releaser: Releaser, changes: Changes) -> None:
    serve_old(releaser.client)
    assert releaser.release({"deployment": {"approval": "manual"}}).state == "waiting"
    assert releaser.weights() == {f"v-{OLD}": 100.0, f"v-{LABEL}": 0.0}
    made = list(changes.made)
    assert releaser.release(decision="undecided").state == "waiting"
    assert (changes.made, releaser.approval()) == (made, "PendingManualApproval")


def test_a_person_promotes_puts_back_and_withdraws_by_the_command_line(releaser: Releaser) -> None:
    serve_earlier(releaser.client)
    manual: dict[str, Any] = {"deployment": {"approval": "manual"}}
    assert releaser.release(manual).state == "waiting"
    assert f"waiting   {DIGEST[:19]}, 0 % of the requests" in releaser.says("status").output
    done = releaser.says("promote", "--reason", "looked at ten of them")
    assert done.exit_code == 0, done.output
    assert releaser.weights() == {f"v-{LABEL}": 100.0}
    assert releaser.approval() == "Approved"
    assert releaser.release(manual).state == "promoted"
    done = releaser.says("rollback", "--reason", "too late for the gate")
    assert done.exit_code == 0, done.output
    assert releaser.weights() == {f"v-{EARLIER}": 100.0}
    assert releaser.left() == ([f"demo-{EARLIER}"], [f"demo-{EARLIER}"])
    model = releaser.client.describe_model(ModelName=f"demo-{EARLIER}")["PrimaryContainer"]
    kept = model["ModelDataSource"]["S3DataSource"]["S3Uri"]
    assert kept == f"{ROOT}/demo/registry/bundles/{EARLIER_DIGEST.removeprefix('sha256:')}/"
    lines = releaser.says("history").output.splitlines()
    assert [line.split()[2] for line in lines] == ["rollback", "promote", "promote"]
    assert ("too late for the gate" in lines[0], "looked at ten of them" in lines[1]) == (True, True)


def test_a_person_withdraws_what_waits(releaser: Releaser) -> None:
    serve_earlier(releaser.client)
    manual: dict[str, Any] = {"deployment": {"approval": "manual"}}
    releaser.release(manual)
    assert f"withdrew {DIGEST[:19]}" in releaser.says("rollback", "--candidate").output
    assert releaser.weights() == {f"v-{EARLIER}": 100.0}
    assert (releaser.approval(), releaser.release(manual).state) == ("Rejected", "rolled back")


def test_the_replay_in_the_pipeline_leaves_the_decision_to_the_endpoint() -> None:
    plan = parse_plan(plan_text(serving={"endpoint": "prices"}))
    (release,) = (content for job, content in settings_files(plan) if job.name == "release-model")
    assert b'"approval":"manual"' in release
    located = plan.model_copy(update={"data": plan.data.model_copy(update={"source": "s3://bucket/demo.csv"})})
    assert build_definition(located)


@pytest.mark.parametrize("deployment", [{"canary": {"accept_replay": True}}, {"strict_fields": True}])
def test_what_an_endpoint_cannot_do_is_refused_with_the_plan(deployment: dict[str, Any]) -> None:
    plan = parse_plan(plan_text({"deployment": deployment}, serving={}))
    assert [fault.code for fault in missing_settings(plan)] == ["endpoint_setting"]


def test_a_canary_whose_predictions_moved_is_withdrawn(releaser: Releaser) -> None:
    """By what its container printed itself."""
    serve_old(releaser.client)
    users_ask(LABEL, requests=300)
    users_ask(OLD, requests=2_700)
    users_are_predicted(600, moved=True)
    result = releaser.release()
    assert (result.state, releaser.approval()) == ("rolled back", "Rejected")
    assert "are spread otherwise than in the reference" in result.sentence
    assert releaser.weights() == {f"v-{OLD}": 100.0}


@pytest.mark.parametrize("wanted", [True, False])
def test_the_container_is_told_where_its_figures_go(releaser: Releaser, wanted: bool) -> None:
    releaser.release({"monitoring": {"window_minutes": 30}}, metrics=wanted)
    container = releaser.client.describe_model(ModelName=f"demo-{LABEL}")["PrimaryContainer"]
    told = container.get("Environment", {}).get("SEVENFOLD_METRICS", "")
    assert bool(told) is wanted
    if wanted:
        settings = read_settings(told)
        assert (settings.to, settings.endpoint, settings.monitoring.window_minutes) == ("cloudwatch", "demo", 30)
        assert len(told) <= 1_024  # SageMaker takes no longer variable
