"""Where a predictor sends its figures, and the windows and limits of drift: the variable of its container."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sevenfold.contracts.canonical import canonical_json
from sevenfold.contracts.errors import PolicyError
from sevenfold.plan.monitoring import MonitoringSection

if TYPE_CHECKING:
    from sevenfold.plan import Plan

__all__ = ["LIMITS", "MetricsSettings", "read_settings", "settings_of"]

GOOGLE: Final = "https://monitoring.googleapis.com"
LIMITS: Final = frozenset({"window_minutes", "min_rows", "psi", "share", "significance"})


class MetricsSettings(BaseModel):
    """Who gets the figures of one endpoint.

    CloudWatch reads them out of what the container prints; Cloud Monitoring is asked by REST as the account of the
    deployment, and needs project and region.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: Literal["cloudwatch", "cloud_monitoring"]
    endpoint: str
    project: str = ""
    region: str = ""
    address: str = GOOGLE
    interval_seconds: float = Field(default=60.0, ge=0.1, le=600.0)
    monitoring: MonitoringSection = MonitoringSection()

    def to_variable(self) -> str:
        """Return the value of the container's variable: JSON of at most a kibibyte, with the limits that are used."""
        limits = self.monitoring.model_dump(mode="json", include=set(LIMITS))
        return canonical_json({**self.model_dump(mode="json", exclude={"monitoring"}), "monitoring": limits})


def settings_of(
    plan: Plan, to: Literal["cloudwatch", "cloud_monitoring"], endpoint: str, *, project: str = "", region: str = ""
) -> MetricsSettings:
    """Return the settings of the predictors of a plan's endpoint."""
    limits = plan.monitoring.model_dump(mode="json", include=set(LIMITS))
    monitoring = MonitoringSection.model_validate(limits)
    return MetricsSettings(to=to, endpoint=endpoint, project=project, region=region, monitoring=monitoring)


def read_settings(variable: str) -> MetricsSettings:
    """Read what `to_variable` wrote.

    Raises:
        PolicyError: ``bad_metrics``.
    """
    try:
        return MetricsSettings.model_validate_json(variable)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "it"
        raise PolicyError(
            "bad_metrics",
            f"SEVENFOLD_METRICS must be what Sevenfold wrote into the model's container, but {where}: {fault['msg']}",
            remedy="Remove the variable, or let sevenfold submit deploy the model.",
        ) from None
