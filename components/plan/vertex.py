"""Section `vertex`: where a plan runs on Vertex AI, and as whom."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sevenfold.plan.endpoint import VertexServing
from sevenfold.plan.section import Section

__all__ = ["VertexSection"]

LABEL = r"^[a-z][a-z0-9_-]{0,62}$"


class VertexSection(Section):
    """Project, region, bucket and account of `--target vertex`.

    CPU, memory and GPUs of a stage are those of `resources`: Vertex AI takes the smallest machine that has them.
    """

    project: Annotated[
        str,
        Field(description="Id of the project, such as my-models-123.", pattern=r"^[a-z][-a-z0-9]{4,28}[a-z0-9]$"),
    ]
    region: Annotated[
        str, Field(description="Region of the runs, such as europe-west4.", pattern=r"^[a-z]+-[a-z]+[0-9]+$")
    ]
    root: Annotated[
        str,
        Field(
            description="Pipeline root, gs://BUCKET/FOLDER: artifacts, and the files of this machine that the plan "
            "names. The bucket must be in the region.",
            pattern=r"^gs://[a-z0-9][-_.a-z0-9]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)*$",
        ),
    ]
    service_account: Annotated[
        str,
        Field(
            description="Service account of the tasks, its whole address; empty takes the project's default one.",
            pattern=r"^([a-z0-9][-a-z0-9]*@[a-z0-9][-a-z0-9.]*\.gserviceaccount\.com)?$",
        ),
    ] = ""
    registry: Annotated[
        str,
        Field(
            description="Registry that Vertex AI pulls our images from, such as "
            "europe-west4-docker.pkg.dev/PROJECT/REPOSITORY; empty takes images.registry.",
            pattern=r"^([a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[A-Za-z0-9._-]+)*)?$",
        ),
    ] = ""
    accelerator: Annotated[
        str,
        Field(
            description="Type of the GPUs that resources.STAGE.gpu counts, such as NVIDIA_L4.",
            pattern=r"^([A-Z][A-Z0-9_]+)?$",
        ),
    ] = ""
    network: Annotated[
        str,
        Field(
            description="Peered network of the tasks, projects/NUMBER/global/networks/NAME; empty for none.",
            pattern=r"^(projects/[0-9]+/global/networks/[a-z][-a-z0-9]*)?$",
        ),
    ] = ""
    encryption_key: Annotated[
        str,
        Field(
            description="Key of Cloud KMS in the same region, projects/…/locations/…/keyRings/…/cryptoKeys/…; empty "
            "takes Google's own.",
            pattern=r"^(projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+)?$",
        ),
    ] = ""
    labels: Annotated[
        dict[Annotated[str, Field(pattern=LABEL)], Annotated[str, Field(pattern=r"^[a-z0-9_-]{0,63}$")]],
        Field(description="Labels of the runs, by which their costs are kept apart."),
    ] = {}
    serving: Annotated[
        VertexServing | None,
        Field(description="Endpoint that a promoted bundle is released on; without it, the bundle is only registered."),
    ] = None
    endpoint: Annotated[
        str,
        Field(
            description="Address of the API, where it is not REGION-aiplatform.googleapis.com: a private endpoint. "
            "http:// only for this machine.",
            pattern=r"^(https://[A-Za-z0-9.:-]+|http://(127\.0\.0\.1|localhost)(:[0-9]{1,5})?)?$",
        ),
    ] = ""
