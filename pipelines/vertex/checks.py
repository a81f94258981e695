"""What a run of a plan on Vertex AI needs, checked from here."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.errors import PolicyError, SevenfoldError
from sevenfold.images import REGISTRY
from sevenfold.pipelines.check import Check
from sevenfold.pipelines.store import Store
from sevenfold.pipelines.vertex.definition import placed_plan, vertex_section
from sevenfold.pipelines.vertex.rights import right_checks
from sevenfold.pipelines.vertex.service import Service
from sevenfold.plan.preparation import PreparationEngine
from sevenfold.plan.tuning import TuningEngine

if TYPE_CHECKING:
    from sevenfold.plan import Plan
    from sevenfold.plan.vertex import VertexSection

__all__ = ["require_images", "vertex_checks"]

CLIENT: Final = "google-cloud-aiplatform"
# Where Vertex AI pulls images from; a name without a host is one of Docker Hub.
PULLED: Final = re.compile(r"[a-z0-9-]+-docker\.pkg\.dev/|([a-z]+\.)?gcr\.io/|docker\.io/|[^/.:]+/")
USED: Final = ("prepare", "train", "control", "serve")


def vertex_checks(plan: Plan | None, connect: Callable[[VertexSection], Service] = Service) -> Iterator[Check]:
    """Yield what can be said of Vertex AI for a plan: client, section, images, login, region, bucket, rights.

    Args:
        plan: what is to run.
        connect: makes the client of a section.
    """
    try:
        yield Check(CLIENT, True, importlib.metadata.version(CLIENT))
    except importlib.metadata.PackageNotFoundError:
        yield Check(CLIENT, False, "not installed", "pip install 'sevenfold[vertex]'", blocking=True)
        return
    if plan is None:
        yield Check("vertex", None, "is not checked without a plan", "sevenfold doctor PLAN.YAML --target vertex")
        return
    try:
        section = vertex_section(plan)
    except PolicyError as error:
        yield Check("vertex", False, error.message, error.remedy, blocking=True)
        return
    yield _images(plan)
    yield from _ignored(plan)
    try:
        service = connect(section)
        service.newest()
        yield Check("Vertex AI", True, f"answers for {section.project} in {section.region}")
    except SevenfoldError as error:
        yield Check("Vertex AI", False, error.message, error.remedy, blocking=True)
        return
    try:
        Store(section.root)
        yield Check("vertex.root", True, f"{section.root} can be read")
    except SevenfoldError as error:
        yield Check("vertex.root", False, error.message, error.remedy, blocking=True)
    yield from right_checks(service)


def require_images(plan: Plan) -> None:
    """Refuse a plan whose images Vertex AI cannot pull.

    Raises:
        PolicyError: ``vertex_images``.
    """
    check = _images(plan)
    if check.fine is False:
        raise PolicyError(
            "vertex_images", f"Vertex AI must be able to pull the images, but {check.finding}.", remedy=check.remedy
        )


def _images(plan: Plan) -> Check:
    named = placed_plan(plan).images.model_dump()
    registry = f"{named['registry'] or REGISTRY}/"
    on_ray = plan.tuning.engine is TuningEngine.RAY or plan.preparation.engine is PreparationEngine.RAY
    ray = ("ray",) if on_ray else ()
    wanted = [named[target] or registry for target in (*USED, *ray)]
    foreign = next((image for image in wanted if not PULLED.match(image)), "")
    if not foreign:
        return Check("images", True, f"Vertex AI pulls from {wanted[0].partition('/')[0]}")
    finding = f"{foreign.rstrip('/')} is in none of Artifact Registry, Container Registry and Docker Hub"
    remedy = "Copy them to REGION-docker.pkg.dev/PROJECT/REPOSITORY, and name that in vertex.registry."
    return Check("images", False, finding, remedy, blocking=True)


def _ignored(plan: Plan) -> Iterator[Check]:
    """Yield what the plan says for Kubernetes alone, so that nobody counts on it."""
    keys = [f"secrets.{key}" for key, name in plan.secrets.model_dump().items() if name]
    keys += [f"resources.{stage}.node_selector" for stage, wanted in plan.resources.items() if wanted.node_selector]
    if keys:
        yield Check("Kubernetes alone", True, f"not used on Vertex AI: {', '.join(keys)}")
