"""The release of a registered model on the plan's endpoint of Vertex AI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.pipelines.endpoint.by_hand import EndpointReleases
from sevenfold.pipelines.endpoint.faults import no_endpoint
from sevenfold.pipelines.endpoint.run import release_run
from sevenfold.pipelines.store import Store
from sevenfold.pipelines.vertex.endpoint import VertexEndpoint
from sevenfold.pipelines.vertex.registry import version_of
from sevenfold.pipelines.vertex.service import Service
from sevenfold.plan import load_plan
from sevenfold.plan.vertex import VertexSection

if TYPE_CHECKING:
    from sevenfold.pipelines.result import Result
    from sevenfold.pipelines.runs import RunFolder
    from sevenfold.pipelines.vertex.run import VertexRun
    from sevenfold.plan import Plan
    from sevenfold.plan.endpoint import VertexServing
    from sevenfold.runtime.progress import OnMessage

__all__ = ["released", "releases_of"]


def released(
    sent: VertexRun, service: Service, store: Store, result: Result, model: str, on_message: OnMessage
) -> Result:
    """Release a run's model where its plan has `vertex.serving`, and return how the run ended by that.

    A model that waits for a person is deployed without requests; one of a plan without that section stays registered.

    Args:
        sent: a run whose test was passed, with its folder.
        service: of the run's section.
        store: the bucket.
        result: how the run ended so far.
        model: its version in the model registry.
        on_message: gets each step, in words.

    Raises:
        IntegrityError, PolicyError, ServingError, TemporaryError: as `release_run`; what served goes on serving.
    """
    plan = load_plan(sent.folder.path / "plan.yaml")
    serving = service.section.serving
    if serving is None:
        return result
    return release_run(
        sent.folder,
        sent.run,
        plan,
        store,
        lambda candidate: endpoint_of(service, plan, serving, model),
        on_message,
    )


def endpoint_of(service: Service, plan: Plan, serving: VertexServing, model: str) -> VertexEndpoint:
    """Return a plan's endpoint, for the deployment of a version of its model."""
    return VertexEndpoint(
        service,
        plan=plan.name,
        name=serving.endpoint or plan.name,
        model=model,
        machine=serving.machine,
        replicas=plan.deployment.replicas,
        ready_seconds=plan.deployment.deadline_seconds,
    )


def releases_of(folder: RunFolder) -> EndpointReleases:
    """Return what a person does about the versions of a plan, by the folder of its last run.

    Raises:
        PolicyError: ``no_endpoint``, ``vertex_…``.
    """
    values, plan = folder.values(), load_plan(folder.path / "plan.yaml")
    service = Service(VertexSection.model_validate(values["vertex"]))
    serving = service.section.serving
    if serving is None:
        raise no_endpoint("vertex")

    def connect(digest: str) -> VertexEndpoint:
        return endpoint_of(service, plan, serving, version_of(service, plan.name, digest) if digest else "")

    return EndpointReleases(plan, Store(values["root"]), connect)
