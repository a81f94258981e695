"""Sections `vertex.serving` and `sagemaker.serving`: the endpoint on which a promoted bundle is released."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sevenfold.plan.section import Section

__all__ = ["SageMakerServing", "VertexServing"]

Name = Annotated[
    str,
    Field(
        description="Name of the endpoint; empty takes the plan's.",
        pattern=r"^([a-z]([-a-z0-9]{0,28}[a-z0-9])?)?$",
    ),
]

Metrics = Annotated[
    bool,
    Field(
        description="Whether requests, errors, latency and drift go to the cloud's own monitoring, every minute; "
        "without them, a canary's predictions are not judged."
    ),
]


class VertexServing(Section):
    """The endpoint of Vertex AI that a promoted bundle is released on; left out, it is only registered."""

    endpoint: Name = ""
    metrics: Metrics = True
    machine: Annotated[
        str, Field(description="Machine type of a replica, such as n1-standard-2.", pattern=r"^[a-z0-9]+(-[a-z0-9]+)+$")
    ] = "n1-standard-2"


class SageMakerServing(Section):
    """The endpoint of SageMaker that a promoted bundle is released on; left out, it is only registered."""

    endpoint: Name = ""
    metrics: Metrics = True
    machine: Annotated[
        str,
        Field(description="Instance type of a replica, such as ml.m5.large.", pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$"),
    ] = "ml.m5.large"
