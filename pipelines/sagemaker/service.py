"""SageMaker's API: pipelines, their executions and the jobs of these, with AWS' refusals as our errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sevenfold.contracts.canonical import canonical_json
from sevenfold.contracts.errors import MissingExtraError, PolicyError, TemporaryError
from sevenfold.pipelines.sagemaker.aws_errors import aws_error
from sevenfold.runtime.waiting import wait_until

__all__ = ["Execution", "SageMaker", "StepState"]

ATTEMPTS: Final = 5
PATIENCE_SECONDS: Final = 600.0
PAUSE_SECONDS: Final = 10.0
MOST_LETTERS: Final = 3_072  # of a description
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Execution:
    """A run: its ARN, its pipeline's name, its status and, of one that failed, the reason."""

    arn: str
    name: str
    status: str
    reason: str = ""

    @property
    def run(self) -> str:
        """Id of the run: the last part of the ARN."""
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True)
class StepState:
    """A step of a run: its status, why it failed, the job it is, how many seconds it took."""

    name: str
    status: str
    reason: str = ""
    job: str = ""  # name of its job
    training: bool = False
    seconds: float | None = None


class SageMaker:
    """The service in one region, as whoever the environment or a profile says.

    Args:
        region: "" takes that of the environment or the profile.
        role: the role that pipelines run as; for messages.
        sleep: waits so many seconds.

    Raises:
        MissingExtraError: boto3 is not installed.
        PolicyError: ``aws_region`` for a region that AWS does not have; ``aws_credentials`` for an unknown profile.
    """

    def __init__(self, region: str = "", role: str = "", sleep: Callable[[float], None] = time.sleep) -> None:
        try:
            import boto3
            from botocore.config import Config
        except ImportError as error:
            raise MissingExtraError("boto3", "sagemaker") from error
        self.role, self._sleep = role, sleep
        self._config = Config(retries={"mode": "standard", "max_attempts": ATTEMPTS})
        self._session = self._called(lambda: boto3.session.Session(region_name=region or None))
        self.region = str(self._session.region_name or "")
        known = [one for part in ("aws", "aws-cn", "aws-us-gov") for one in self._regions(part)]
        if self.region and known and self.region not in known:
            raise PolicyError(
                "aws_region",
                f"A region of AWS must be named that has SageMaker, but got {self.region!r}.",
                remedy="Correct sagemaker.region, or AWS_REGION.",
            )
        self._api = self._client("sagemaker")

    def asked(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call an operation of another service of the same account; errors are those of `call`."""
        client = self._client(service)
        return dict(self._called(lambda: getattr(client, operation)(**arguments)))

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call an operation of SageMaker.

        Raises:
            PolicyError, TemporaryError: what `aws_error` returns.
        """
        return dict(self._called(lambda: getattr(self._api, operation)(**arguments)))

    def read(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call an operation that changes nothing; while nothing answers it is repeated, for at most ten minutes.

        Raises:
            PolicyError, TemporaryError: as `call`.
        """
        fault = TemporaryError("aws_unreachable", "AWS must answer, but did not.")

        def attempt() -> dict[str, Any] | None:
            nonlocal fault
            try:
                return self.call(operation, **arguments)
            except TemporaryError as error:
                fault = error
                return None

        return wait_until(
            attempt,
            pause_seconds=PAUSE_SECONDS,
            patience_seconds=PATIENCE_SECONDS,
            late=lambda: fault,
            sleep=self._sleep,
        )

    def register(self, name: str, definition: Mapping[str, Any], tags: Mapping[str, str], goal: str) -> bool:
        """Create the pipeline, or bring it to this definition; return whether it is new."""
        description = " ".join(goal.split())[:MOST_LETTERS]  # one line: the service takes no other
        given = {
            "PipelineName": name,
            "PipelineDefinition": canonical_json(definition),
            "RoleArn": self.role,
            "PipelineDescription": description,
        }
        if name not in self._names("list_pipelines", "PipelineSummaries", "PipelineName", PipelineNamePrefix=name):
            self.call("create_pipeline", **given, Tags=_listed(tags))
            return True
        self.call("update_pipeline", **given)
        return False

    def require_group(self, name: str, tags: Mapping[str, str]) -> None:
        """Make the group of the model registry that a plan's models are put into, unless it is there."""
        key = "ModelPackageGroupName"
        known = self._names("list_model_package_groups", "ModelPackageGroupSummaryList", key, NameContains=name)
        if name not in known:
            self.call("create_model_package_group", **{key: name}, Tags=_listed(tags))

    def start(self, name: str, title: str, parameters: Mapping[str, str | int]) -> Execution:
        """Start a run of a pipeline."""
        given = [{"Name": key, "Value": str(value)} for key, value in parameters.items()]
        answer = self.call(
            "start_pipeline_execution",
            PipelineName=name,
            PipelineExecutionDisplayName=title,
            PipelineParameters=given,
        )
        return Execution(str(answer["PipelineExecutionArn"]), name, "Executing")

    def execution(self, arn: str) -> Execution:
        """Return a run as it is now."""
        answer = self.read("describe_pipeline_execution", PipelineExecutionArn=arn)
        name = arn.partition(":pipeline/")[2].partition("/")[0]
        return Execution(arn, name, str(answer["PipelineExecutionStatus"]), str(answer.get("FailureReason", "")))

    def steps(self, arn: str) -> list[StepState]:
        """Return the steps of a run that have begun, oldest first."""
        return [_state(step) for step in self._steps(arn)]

    def package(self, arn: str) -> str:
        """Return the ARN of the package that a run put into the model registry; "" where it put none."""
        arns = (step.get("Metadata", {}).get("RegisterModel", {}).get("Arn", "") for step in self._steps(arn))
        return next(filter(None, arns), "")

    def _steps(self, arn: str) -> Iterator[Mapping[str, Any]]:
        more = dict[str, str]()
        while True:
            page = self.read("list_pipeline_execution_steps", PipelineExecutionArn=arn, SortOrder="Ascending", **more)
            yield from page["PipelineExecutionSteps"]
            if not page.get("NextToken"):
                return
            more = {"NextToken": page["NextToken"]}

    def message(self, step: StepState) -> str:
        """Return what the job of a step left as its last word: the cause of a failure as `stage_boundary` writes it."""
        if not step.job:
            return step.reason
        if step.training:
            return str(self.read("describe_training_job", TrainingJobName=step.job).get("FailureReason", ""))
        return str(self.read("describe_processing_job", ProcessingJobName=step.job).get("ExitMessage", ""))

    def names(self, operation: str, key: str, part: str) -> list[str]:
        """Return the names with a part in them that a list of models or configurations of endpoints has."""
        listed = {"list_models": "Models", "list_endpoint_configs": "EndpointConfigs"}[operation]
        return list(self._names(operation, listed, key, NameContains=part))

    def _names(self, operation: str, listed: str, name: str, **asked: str) -> Iterator[str]:
        """Yield what a list of the service names, page by page."""
        while True:
            page = self.call(operation, **asked)
            yield from (str(one[name]) for one in page[listed])
            if not page.get("NextToken"):
                return
            asked["NextToken"] = page["NextToken"]

    def _client(self, service: str) -> Any:
        return self._called(lambda: self._session.client(service, config=self._config))

    def _called(self, ask: Callable[[], Answer]) -> Answer:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            return ask()
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            raise aws_error(error, region=getattr(self, "region", ""), role=self.role) from None

    def _regions(self, partition: str) -> list[str]:
        return list(self._session.get_available_regions("sagemaker", partition_name=partition))


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _state(step: Mapping[str, Any]) -> StepState:
    metadata = step.get("Metadata", {})
    training = "TrainingJob" in metadata
    arn = metadata.get("TrainingJob" if training else "ProcessingJob", {}).get("Arn", "")
    begun, ended = step.get("StartTime"), step.get("EndTime")
    return StepState(
        name=str(step["StepName"]),
        status=str(step["StepStatus"]),
        reason=str(step.get("FailureReason", "")),
        job=arn.rpartition("/")[2],
        training=training,
        seconds=(ended - begun).total_seconds() if begun and ended else None,
    )
