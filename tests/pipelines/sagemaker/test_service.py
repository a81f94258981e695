import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    SSOTokenLoadError,
    UnauthorizedSSOTokenError,
)
from botocore.parsers import ResponseParserError
from botocore.stub import Stubber
from sagemaker_plans import ACCOUNT, ROLE, sagemaker_plan

from sevenfold.contracts.errors import PolicyError, SevenfoldError, TemporaryError
from sevenfold.pipelines.sagemaker.aws_errors import aws_error
from sevenfold.pipelines.sagemaker.definition import build_definition
from sevenfold.pipelines.sagemaker.service import SageMaker, StepState

ARN = f"arn:aws:sagemaker:eu-central-1:{ACCOUNT}:pipeline/demo/execution/abcdefghijkl"
JOBS = f"arn:aws:sagemaker:eu-central-1:{ACCOUNT}"


@pytest.fixture
def service(aws: str) -> SageMaker:
    return SageMaker("eu-central-1", ROLE)


@pytest.mark.usefixtures("account")
def test_a_pipeline_is_created_once_and_then_brought_up_to_date(service: SageMaker) -> None:
    service.register("demo-other", {"Steps": []}, {}, "")  # a name that begins the same is another pipeline
    first, second = build_definition(sagemaker_plan()), build_definition(sagemaker_plan(volume_gb=99))
    assert service.register("demo", first, {"team": "flights"}, "Predict y.") is True
    assert service.register("demo", second, {"team": "flights"}, "Predict y.") is False
    kept = boto3.client("sagemaker").describe_pipeline(PipelineName="demo")
    assert json.loads(kept["PipelineDefinition"]) == second
    assert (kept["RoleArn"], kept["PipelineDescription"]) == (ROLE, "Predict y.")


@pytest.mark.usefixtures("account")
def test_a_long_goal_of_several_lines_becomes_a_description_that_the_service_takes(service: SageMaker) -> None:
    service.register("demo", build_definition(sagemaker_plan()), {}, "Predict y.\n" + "Why? " * 1_000)
    description = boto3.client("sagemaker").describe_pipeline(PipelineName="demo")["PipelineDescription"]
    assert description.startswith("Predict y. Why? Why?")
    assert (len(description), "\n" in description) == (3_072, False)


@pytest.mark.usefixtures("account")
def test_the_group_of_the_model_registry_is_made_once(service: SageMaker) -> None:
    for name in ("demo-other", "demo", "demo"):
        service.require_group(name, {"team": "flights"})
    groups = boto3.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert sorted(one["ModelPackageGroupName"] for one in groups) == ["demo", "demo-other"]


@pytest.mark.usefixtures("account")
def test_a_run_gets_its_parameters_as_texts(service: SageMaker) -> None:
    service.register("demo", build_definition(sagemaker_plan()), {}, "")
    started = service.start("demo", "demo-2026-01-01", {"trials": 0, "data": "s3://bucket/demo.csv"})
    client = boto3.client("sagemaker")
    given = client.list_pipeline_parameters_for_execution(PipelineExecutionArn=started.arn)["PipelineParameters"]
    assert given == [{"Name": "trials", "Value": "0"}, {"Name": "data", "Value": "s3://bucket/demo.csv"}]
    again = service.execution(started.arn)
    assert (again.run, again.name, again.status) == (started.run, "demo", "Succeeded")  # the stand-in runs nothing


def test_steps_of_all_pages_come_with_job_status_and_seconds(service: SageMaker) -> None:
    begun, ended = datetime(2026, 1, 1, 12, 0, tzinfo=UTC), datetime(2026, 1, 1, 12, 1, 30, tzinfo=UTC)
    first = {
        "StepName": "prepare-data",
        "StepStatus": "Succeeded",
        "StartTime": begun,
        "EndTime": ended,
        "Metadata": {"ProcessingJob": {"Arn": f"{JOBS}:processing-job/job-1"}},
    }
    second = {
        "StepName": "train-model",
        "StepStatus": "Failed",
        "StartTime": begun,
        "FailureReason": "AlgorithmError",
        "Metadata": {"TrainingJob": {"Arn": f"{JOBS}:training-job/job-2"}},
    }
    asked = {"PipelineExecutionArn": ARN, "SortOrder": "Ascending"}
    with Stubber(service._api) as stub:
        pages: list[tuple[dict[str, Any], dict[str, Any]]] = [
            ({"PipelineExecutionSteps": [first], "NextToken": "more"}, asked),
            ({"PipelineExecutionSteps": [second]}, {**asked, "NextToken": "more"}),
        ]
        for answer, given in pages:
            stub.add_response("list_pipeline_execution_steps", answer, given)
        assert service.steps(ARN) == [
            StepState("prepare-data", "Succeeded", job="job-1", seconds=90.0),
            StepState("train-model", "Failed", "AlgorithmError", job="job-2", training=True),
        ]


@pytest.mark.parametrize(
    ("code", "message", "ours", "remedy"),
    [
        (
            "AccessDeniedException",
            "User: x is not authorized to perform: sagemaker:CreatePipeline",
            "aws_permission",
            "CreatePipeline",
        ),
        (
            "AccessDeniedException",
            f"not authorized to perform: iam:PassRole on resource: {ROLE}",
            "aws_permission",
            "iam:PassRole",
        ),
        ("ResourceLimitExceeded", "The account-level service limit is 0", "aws_quota", "Service Quotas"),
        ("ValidationException", f"Could not assume role {ROLE}", "aws_role", "trust policy"),
        ("ExpiredTokenException", "The security token is expired", "aws_credentials", "Log in again"),
        ("UnrecognizedClientException", "The security token is invalid", "aws_credentials", "Log in again"),
        ("ThrottlingException", "Rate exceeded", "aws_busy", "Try again"),
        ("ResourceNotFound", "Pipeline does not exist", "aws_absent", ""),
        ("ConflictException", "Another update", "aws_refused", ""),
    ],
)
def test_a_refusal_is_one_line_with_its_remedy(
    service: SageMaker, code: str, message: str, ours: str, remedy: str
) -> None:
    with Stubber(service._api) as stub:
        stub.add_client_error("create_pipeline", code, f"{message}\nand more", http_status_code=400)
        with pytest.raises(SevenfoldError) as caught:
            service.call("create_pipeline", PipelineName="demo", PipelineDefinition="{}", RoleArn=ROLE)
    assert caught.value.code == ours
    assert isinstance(caught.value, TemporaryError) is (ours == "aws_busy")
    assert remedy in caught.value.remedy
    assert "\n" not in str(caught.value)
    assert message[:20] in caught.value.message


def test_a_region_that_aws_does_not_have_is_refused_before_anything_is_asked(aws: str) -> None:
    with pytest.raises(PolicyError, match="eu-nowhere-9") as caught:
        SageMaker("eu-nowhere-9")
    assert caught.value.code == "aws_region"


def test_no_region_at_all_is_said_so(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(PolicyError) as caught:
        SageMaker("")
    assert caught.value.code == "aws_region"
    assert "sagemaker.region" in caught.value.remedy


def test_no_credentials_are_said_so(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(PolicyError) as caught:
        SageMaker("eu-central-1").execution(ARN)
    assert caught.value.code == "aws_credentials"
    assert str(NoCredentialsError()) in caught.value.message


def test_an_unknown_profile_is_said_so(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(PolicyError, match="nobody") as caught:
        SageMaker("eu-central-1")
    assert (caught.value.code, "AWS_PROFILE" in caught.value.remedy) == ("aws_credentials", True)


def test_a_service_that_does_not_answer_is_a_passing_fault(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("sevenfold.pipelines.sagemaker.service.ATTEMPTS", 1)
    with pytest.raises(TemporaryError) as caught:
        SageMaker("eu-central-1", sleep=lambda _: None).execution(ARN)
    assert caught.value.code == "aws_unreachable"
    assert "eu-central-1" in caught.value.remedy


@pytest.mark.parametrize(
    "error",
    [
        UnauthorizedSSOTokenError(),
        SSOTokenLoadError(error_msg="no token"),
        CredentialRetrievalError(provider="process", error_msg="exit status 1"),
    ],
)
def test_an_expired_login_is_to_be_renewed(error: Exception) -> None:
    ours = aws_error(error)
    assert ours.code == "aws_credentials"
    assert "aws sso login" in ours.remedy


def refused(code: str, message: str = "No.", status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "DescribePipelineExecution")


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (refused("Whatever", status=503), "aws_busy", "Try again."),
        (ResponseParserError("Unable to parse response: b'<html>Log in'"), "aws_unreachable", "login page"),
        (refused("RequestTimeTooSkewed"), "aws_credentials", "clock"),
        (refused("InvalidSignatureException", "Signature expired: 20260101T000000Z"), "aws_credentials", "clock"),
        (refused("InvalidSignatureException", "The request signature does not match."), "aws_credentials", "renew"),
    ],
)
def test_an_overload_passes_and_a_wrong_clock_is_named(error: Exception, code: str, words: str) -> None:
    ours = aws_error(error)
    assert ours.code == code
    assert words in ours.remedy


def test_a_question_is_repeated_while_nothing_answers(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses, answers = list[float](), list[Any]()
    service = SageMaker("eu-central-1", ROLE, sleep=pauses.append)

    def describe(**asked: str) -> Any:  # in the place of botocore's, which pauses by itself
        answer = answers.pop(0) if answers else refused("InternalFailure", status=500)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(service._api, "describe_pipeline_execution", describe)
    answers += [refused("InternalFailure", status=500)] * 3 + [{"PipelineExecutionStatus": "Stopped"}]
    assert service.execution(ARN).status == "Stopped"
    assert len(pauses) == 3
    answers.append(refused("AccessDeniedException", status=403))
    with pytest.raises(PolicyError):
        service.execution(ARN)
    assert len(pauses) == 3
    with pytest.raises(TemporaryError) as late:
        service.execution(ARN)
    assert late.value.code == "aws_busy"
