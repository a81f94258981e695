"""The release of a registered model on the plan's endpoint of Vertex AI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.pipelines.endpoint.run import release_run, waits_for_a_person
from sevenfold.pipelines.vertex.endpoint import VertexEndpoint
from sevenfold.plan import load_plan

if TYPE_CHECKING:
    from sevenfold.pipelines.endpoint.rollout import Candidate
    from sevenfold.pipelines.result import Result
    from sevenfold.pipelines.store import Store
    from sevenfold.pipelines.vertex.run import VertexRun
    from sevenfold.pipelines.vertex.service import Service
    from sevenfold.runtime.progress import OnMessage

__all__ = ["released"]


def released(
    sent: VertexRun, service: Service, store: Store, result: Result, model: str, on_message: OnMessage
) -> Result:
    """Release a run's model where its plan has `vertex.serving`, and return how the run ended by that.

    A model that waits for a person, and one of a plan without that section, stays registered.

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
    if waits_for_a_person(sent.folder, plan):
        on_message(f"{model} waits for a person: deploy it on {serving.endpoint or sent.name} in the console")
        return result

    def connect(candidate: Candidate) -> VertexEndpoint:
        return VertexEndpoint(
            service,
            plan=sent.name,
            name=serving.endpoint or sent.name,
            model=model,
            machine=serving.machine,
            replicas=plan.deployment.replicas,
            ready_seconds=plan.deployment.deadline_seconds,
        )

    return release_run(sent.folder, sent.run, plan, store, connect, on_message)
