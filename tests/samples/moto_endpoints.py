"""What moto 5.2 lacks of endpoints: UpdateEndpoint, percentiles, a container that answers or does not come up.

It keeps to the service's rules where moto does not: no second endpoint or configuration of one name, none is deleted
that is used.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from moto.cloudwatch.models import Statistics
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse
from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

__all__ = ["Changes", "mend_moto"]


class Changes:
    """What was changed, in order; `broken` images do not come up, `predictor` is an address that answers."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.broken = False
        self.predictor = ""


def mend_moto(patch: pytest.MonkeyPatch) -> Changes:
    """Add what is missing to the server of this process."""
    changes = Changes()
    weights, remove = (
        SageMakerModelBackend.update_endpoint_weights_and_capacities,
        SageMakerModelBackend.delete_endpoint_config,
    )
    make, statistic = SageMakerModelBackend.create_endpoint_config, Statistics.get_statistics_for_type

    def update_endpoint(response: Any) -> ActionResult:
        backend, name = response.sagemaker_backend, response._get_param("EndpointName")
        config = response._get_param("EndpointConfigName")
        changes.made.append(f"update {config}")
        endpoint, wanted = backend.endpoints[name], backend.describe_endpoint_config(config)
        if changes.broken:
            endpoint.failure_reason = "The container did not pass the ping health check."
        else:
            endpoint.endpoint_config_name, endpoint.failure_reason = config, None
            endpoint.production_variants = endpoint._process_production_variants(wanted["ProductionVariants"])
        endpoint.last_modified_time = utcnow()
        return ActionResult({"EndpointArn": endpoint.arn})

    def share(backend: Any, endpoint_name: str, desired_weights_and_capacities: list[dict[str, Any]]) -> str:
        changes.made.append(
            "weights " + " ".join(f"{one['DesiredWeight']:g}" for one in desired_weights_and_capacities)
        )
        arn = str(weights(backend, endpoint_name, desired_weights_and_capacities))
        backend.endpoints[endpoint_name].last_modified_time = utcnow()
        return arn

    def delete_config(backend: Any, endpoint_config_name: str) -> None:
        if any(one.endpoint_config_name == endpoint_config_name for one in backend.endpoints.values()):
            raise AWSValidationException(f"Cannot delete {endpoint_config_name}: an endpoint uses it.")
        remove(backend, endpoint_config_name)

    def create_config(backend: Any, endpoint_config_name: str, **given: Any) -> Any:
        if endpoint_config_name in backend.endpoint_configs:
            raise AWSValidationException("Cannot create already existing endpoint configuration.")
        return make(backend, endpoint_config_name=endpoint_config_name, **given)

    def percentile(statistics: Any, stat: str) -> Any:
        return max(statistics.metric_single_values_list) if stat == "p99" else statistic(statistics, stat)

    def invoke(response: Any) -> Any:
        body = response.body if isinstance(response.body, bytes) else response.body.encode()
        answer = httpx.post(changes.predictor, content=body, headers={"Content-Type": "application/json"})
        return answer.status_code, {"Content-Type": "application/json"}, answer.text

    patch.setattr(SageMakerResponse, "update_endpoint", update_endpoint, raising=False)
    patch.setattr(SageMakerModelBackend, "update_endpoint_weights_and_capacities", share)
    patch.setattr(SageMakerModelBackend, "delete_endpoint_config", delete_config)
    patch.setattr(SageMakerModelBackend, "create_endpoint_config", create_config)
    patch.setattr(Statistics, "get_statistics_for_type", percentile)
    patch.setattr(SageMakerRuntimeResponse, "invoke_endpoint", invoke)
    return changes
