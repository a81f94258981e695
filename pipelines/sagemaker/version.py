"""A bundle as a model of SageMaker: the predictor's image, the bundle's folder, and what CreateModel is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sevenfold.plan.sagemaker import SageMakerSection

__all__ = ["Version", "tags_of"]


@dataclass(frozen=True)
class Version:
    """What a candidate's container is made of: the predictor's image, the bundle's folder, its variables."""

    image: str
    bundle: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def request(self, name: str, section: SageMakerSection) -> dict[str, Any]:
        """Return the arguments of CreateModel for a model of that name, with the plan's role, network and tags."""
        source = {"S3Uri": f"{self.bundle}/", "S3DataType": "S3Prefix", "CompressionType": "None"}
        container: dict[str, Any] = {"Image": self.image, "ModelDataSource": {"S3DataSource": source}}
        if self.environment:
            container["Environment"] = dict(self.environment)
        vpc = {"SecurityGroupIds": list(section.security_groups), "Subnets": list(section.subnets)}
        return {
            "ModelName": name,
            "PrimaryContainer": container,
            "ExecutionRoleArn": section.role,
            "EnableNetworkIsolation": section.network_isolation,
            **({"VpcConfig": vpc} if section.subnets else {}),
            **tags_of(section),
        }


def tags_of(section: SageMakerSection) -> dict[str, list[dict[str, str]]]:
    """Return the plan's tags as an argument; none where there are none."""
    tags = [{"Key": key, "Value": value} for key, value in sorted(section.tags.items())]
    return {"Tags": tags} if tags else {}
