"""An endpoint of SageMaker: each bundle is a production variant of its configuration, the shares are their weights."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.errors import PolicyError, ServingError, TemporaryError
from sevenfold.pipelines.endpoint.protocol import ALL, CloudEndpoint, Served
from sevenfold.pipelines.sagemaker.counts import count, count_predictions
from sevenfold.pipelines.sagemaker.feature_log import count_features
from sevenfold.pipelines.sagemaker.version import tags_of
from sevenfold.runtime.waiting import wait_until

if TYPE_CHECKING:
    from sevenfold.drift.stability import Counts
    from sevenfold.pipelines.endpoint.protocol import Bins
    from sevenfold.pipelines.sagemaker.service import SageMaker
    from sevenfold.pipelines.sagemaker.version import Version
    from sevenfold.plan.sagemaker import SageMakerSection
    from sevenfold.serving.observed import Side

__all__ = ["SageMakerEndpoint"]

PAUSE_SECONDS: Final = 15.0
OURS: Final = re.compile(r"v-([0-9a-f]{12})")
READY: Final = "InService"
MOVING: Final = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
ABSENT: Final = "could not find"


class SageMakerEndpoint:
    """One endpoint, by boto3.

    Models and configurations are named after the endpoint and the bundles, so that what is there already is taken.

    Args:
        service: of the region.
        section: the plan's: role, network, key, tags.
        name: of the endpoint.
        version: the candidate.
        replicas: instances of each bundle.
        ready_seconds: longest wait for a change.
        sleep: waits so many seconds.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        service: SageMaker,
        section: SageMakerSection,
        *,
        name: str,
        version: Version,
        replicas: int,
        ready_seconds: float,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._service, self._section, self._name, self._version = service, section, name, version
        self._replicas, self._seconds, self._sleep, self._now = replicas, ready_seconds, sleep, now

    @property
    def address(self) -> str:
        """Name of the endpoint."""
        return self._name

    def served(self) -> list[Served]:
        """Return its variants; see `CloudEndpoint`."""
        found = self._read()
        weights = {} if found is None else self._weights(found)
        total = sum(weights.values()) or 1.0
        return [Served(bundle, round(ALL * weight / total)) for bundle, weight in weights.items()]

    def stage(self, bundle: str) -> None:
        """Make the model, and an endpoint or a variant more of it; SageMaker waits until `/ping` answers."""
        self._require_model(bundle)
        shares = {one.bundle: one.percent for one in self.served()}  # the candidate stands last in the name
        config = self._require_config({**shares, bundle: 0 if shares else ALL})
        if shares:
            self._update(config)
            return
        given = {"EndpointName": self._name, "EndpointConfigName": config, **tags_of(self._section)}
        self._service.call("create_endpoint", **given)
        try:
            self._wait(config)
        except ServingError:
            self._remove()
            raise

    def share(self, percents: dict[str, int]) -> None:
        """Change the weights of the variants."""
        weights = [
            {"VariantName": f"v-{bundle}", "DesiredWeight": float(percent)} for bundle, percent in percents.items()
        ]
        self._service.call(
            "update_endpoint_weights_and_capacities", EndpointName=self._name, DesiredWeightsAndCapacities=weights
        )
        self._read()

    def changed(self) -> float:
        """Return when the endpoint was last changed."""
        found = self._read()
        return self._now() if found is None else float(found["LastModifiedTime"].timestamp())

    def withdraw(self, bundle: str) -> None:
        """Bring the endpoint to a configuration without the bundle; remove what was made for it."""
        shares = {one.bundle: one.percent for one in self.served()}
        shares.pop(bundle, None)
        if shares:
            self._update(self._require_config(shares))
            self._tidy(set(shares))
        else:
            self._remove()

    def ask(self, body: bytes, bundle: str) -> dict[str, Any]:
        """Ask one variant, whatever its weight."""
        try:
            answer = self._service.asked(
                "sagemaker-runtime",
                "invoke_endpoint",
                EndpointName=self._name,
                TargetVariant=f"v-{bundle}",
                ContentType="application/json",
                Body=body,
            )
        except PolicyError as error:
            if error.code == "aws_refused":  # by the container, not the service
                return {"error": error.message}
            raise
        document = json.loads(answer["Body"].read())
        return document if isinstance(document, dict) else {}

    def count(self, bundle: str, since: float) -> Side:
        """Return what CloudWatch counted."""
        return count(self._service, self._name, bundle, since, self._now())

    def predictions(self, bundle: str, since: float, bins: Sequence[str]) -> dict[str, int] | None:
        """Return what the container's own figures say."""
        if not self._serving.metrics:
            return None
        return count_predictions(self._service, self._name, bundle, bins, since, self._now())

    def features(self, bundle: str, since: float, bins: Bins) -> dict[str, Counts] | None:
        """Return what the containers printed."""
        if not self._serving.metrics:
            return None
        return count_features(self._service, self._name, bundle, bins, since, self._now())

    def _weights(self, found: dict[str, Any]) -> dict[str, float]:
        named = {one["VariantName"]: float(one.get("CurrentWeight") or 0.0) for one in found["ProductionVariants"]}
        strangers = [name for name in named if not OURS.fullmatch(name)]
        if strangers:
            raise PolicyError(
                "endpoint_foreign",
                f"The endpoint {self._name} must be this plan's alone, but serves {strangers[0][:60]!r}.",
                remedy="Name another one in sagemaker.serving.endpoint.",
            )
        return {name.removeprefix("v-"): weight for name, weight in named.items()}

    def _read(self) -> dict[str, Any] | None:
        """Return the endpoint once it is not changing any more; None where there is none.

        Raises:
            ServingError: ``endpoint_failed``.
            TemporaryError: ``endpoint_slow``.
        """

        def settled() -> tuple[dict[str, Any] | None] | None:
            found = self._there("describe_endpoint", EndpointName=self._name)
            return None if found is not None and found["EndpointStatus"] in MOVING else (found,)

        (found,) = wait_until(
            settled,
            pause_seconds=PAUSE_SECONDS,
            patience_seconds=self._seconds,
            late=lambda: TemporaryError(
                "endpoint_slow",
                f"SageMaker must change the endpoint {self._name} within {self._seconds:g} seconds, but does not.",
                remedy="Follow the run again: it goes on from there.",
            ),
            sleep=self._sleep,
        )
        if found is not None and found["EndpointStatus"] != READY:
            why = str(found.get("FailureReason", "")) or "SageMaker does not say why"
            raise ServingError(
                "endpoint_failed",
                f"The endpoint {self._name} must be in service, but is {found['EndpointStatus']}: {why[:300]}",
                remedy="See the container's log in CloudWatch.",
            )
        return found

    def _there(self, operation: str, **named: str) -> dict[str, Any] | None:
        """Return what SageMaker says of a thing; None where there is none of that name."""
        try:
            return self._service.read(operation, **named)
        except PolicyError as error:
            if ABSENT in error.message.lower():
                return None
            raise

    def _require_model(self, bundle: str) -> None:
        name = f"{self._name}-{bundle}"
        if self._there("describe_model", ModelName=name) is not None:
            return
        self._service.call("create_model", **self._version.request(name, self._section))

    def _require_config(self, shares: dict[str, int]) -> str:
        """Return the name of a configuration with these bundles, in this order, made where it is not there."""
        name = "-".join([self._name, *shares])
        if self._there("describe_endpoint_config", EndpointConfigName=name) is not None:
            return name
        variants = [
            {
                "VariantName": f"v-{bundle}",
                "ModelName": f"{self._name}-{bundle}",
                "InstanceType": self._serving.machine,
                "InitialInstanceCount": self._replicas,
                "InitialVariantWeight": float(percent),
            }
            for bundle, percent in shares.items()
        ]
        key = {"KmsKeyId": self._section.kms_key} if self._section.kms_key else {}
        self._service.call(
            "create_endpoint_config",
            EndpointConfigName=name,
            ProductionVariants=variants,
            **key,
            **tags_of(self._section),
        )
        return name

    @property
    def _serving(self) -> Any:
        return self._section.serving

    def _update(self, config: str) -> None:
        found = self._read()
        if found is None or found["EndpointConfigName"] != config:
            self._service.call("update_endpoint", EndpointName=self._name, EndpointConfigName=config)
        self._wait(config)

    def _wait(self, config: str) -> None:
        """Wait for the end of a change, and see whether it was undone: a version that does not come up is."""
        found = self._read()
        if found is None or found["EndpointConfigName"] == config:
            return
        why = str(found.get("FailureReason", "")) or "SageMaker does not say why"
        self._tidy({one.bundle for one in self.served()})
        raise ServingError(
            "endpoint_failed",
            f"The endpoint {self._name} must take the configuration {config}, but went back: {why[:300]}",
            remedy="See the container's log in CloudWatch; what served before goes on serving.",
        )

    def _remove(self) -> None:
        """Delete the endpoint, and what was made for it."""
        self._service.call("delete_endpoint", EndpointName=self._name)
        self._read()
        self._tidy(set())

    def _tidy(self, serving: set[str]) -> None:
        """Delete our configurations and models of this endpoint that it does not use."""
        found = self._read()
        used = "" if found is None else found["EndpointConfigName"]
        ours = re.compile(rf"{re.escape(self._name)}(-[0-9a-f]{{12}}){{1,2}}")
        for listed, key, operation, kept in (
            ("list_endpoint_configs", "EndpointConfigName", "delete_endpoint_config", {used}),
            ("list_models", "ModelName", "delete_model", {f"{self._name}-{bundle}" for bundle in serving}),
        ):
            for name in self._service.names(listed, key, self._name):
                if ours.fullmatch(name) and name not in kept:
                    self._service.call(operation, **{key: name})


if TYPE_CHECKING:
    _conforms: type[CloudEndpoint] = SageMakerEndpoint
