"""A release on an endpoint of SageMaker: boto3 against moto's server, the predictor itself behind the endpoint."""

from __future__ import annotations

from typing import Any

import pytest
from moto_endpoints import Changes
from sagemaker_plans import ROLE, ROOT, plan_text
from sagemaker_releases import OLD, Releaser, current, serve_old, users_are_predicted, users_ask
from tested_run import DIGEST, LABEL

from sevenfold.contracts.errors import PolicyError, ServingError
from sevenfold.pipelines.sagemaker.definition import build_definition
from sevenfold.pipelines.sagemaker.jobs import settings_files
from sevenfold.pipelines.sagemaker.requirements import missing_settings
from sevenfold.plan import parse_plan
from sevenfold.serving.cloud_metrics.settings import read_settings


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
