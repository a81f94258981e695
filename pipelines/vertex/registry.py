"""Vertex AI's model registry: a bundle that passed its test becomes a version of the plan's model, with its predictor.

A version that is registered serves nobody: a person, or a pipeline of the team's own, deploys it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.errors import IntegrityError, PolicyError, TemporaryError
from sevenfold.contracts.handover import Handover
from sevenfold.pipelines.result import HANDOVER
from sevenfold.pipelines.score_first import evaluation_of
from sevenfold.pipelines.vertex.run import BUNDLE_LABEL, PLAN_LABEL
from sevenfold.plan import load_plan
from sevenfold.runtime.environment import METRICS
from sevenfold.serving.cloud_metrics.settings import settings_of

if TYPE_CHECKING:
    from sevenfold.pipelines.runs import RunFolder
    from sevenfold.pipelines.vertex.run import VertexRun
    from sevenfold.pipelines.vertex.service import Service

__all__ = ["register", "version_of"]

LABEL_LENGTH: Final = 63  # of a value: one character less than a digest has
SHOWN: Final = 4_000  # characters of a description
PATIENCE_SECONDS: Final = 600.0


def register(sent: VertexRun, service: Service) -> str:
    """Register what a run handed over, and return the version's name; one that is there, told the same, stays as it is.

    The version names the bundle's folder and the predictor's image; its description has digest, scores and gates.

    Raises:
        IntegrityError: nothing was handed over, or it is damaged.
        PolicyError: ``vertex_model`` if a model of this name is not one of this plan; ``vertex_…`` as the service says.
        TemporaryError: ``vertex_unreachable`` where no answer comes in time.
    """
    folder = sent.folder.artifact(*HANDOVER)
    if folder is None:
        raise IntegrityError("missing_output", "A model is registered that was handed over, but nothing was.")
    handed = Handover.open(folder)
    label = handed.bundle_digest.removeprefix("sha256:")[:LABEL_LENGTH]
    client, name = service.models(), f"{service.parent}/models/{sent.name}"
    versions, environment = _versions(service, client, name), _environment(sent, service)
    for version in versions:
        if version.labels.get(PLAN_LABEL) != sent.name:
            raise PolicyError(
                "vertex_model",
                f"The model {sent.name} in the registry must be one of this plan, but has no label {PLAN_LABEL}.",
                remedy="Rename the plan, or that model.",
            )
        told = [{"name": one.name, "value": one.value} for one in version.container_spec.env]
        if version.labels.get(BUNDLE_LABEL) == label and told == environment:
            return f"{version.name.partition('@')[0]}@{version.version_id}"
    model = service.types.Model(
        display_name=sent.name,
        description=f"The model of the plan {sent.name}, by Sevenfold.",
        version_description=_description(sent.folder, handed),
        artifact_uri=handed.bundle,
        container_spec={"image_uri": sent.folder.values()["predictor"], "env": environment},
        labels={**service.section.labels, PLAN_LABEL: sent.name, BUNDLE_LABEL: label},
    )
    if service.section.encryption_key:
        model.encryption_spec = {"kms_key_name": service.section.encryption_key}
    there = {"parent_model": name} if versions else {"model_id": sent.name}
    request = {"parent": service.parent, "model": model, **there}

    def upload() -> Any:
        # waited for here, so that what fails later is reported as what fails at once
        try:
            return client.upload_model(request=request).result(timeout=PATIENCE_SECONDS)
        except TimeoutError as error:
            raise TemporaryError(
                "vertex_unreachable",
                f"Vertex AI must register a model within {PATIENCE_SECONDS:g} seconds, but is still at it.",
                remedy="Follow the run again: a bundle that is registered by then is not registered twice.",
            ) from error

    made = service.asked("register a model", upload)
    return f"{made.model.partition('@')[0]}@{made.model_version_id}"


def version_of(service: Service, name: str, digest: str) -> str:
    """Return the newest version of a plan's model that is a bundle.

    Raises:
        PolicyError: ``vertex_model`` where there is none; ``vertex_…`` as the service says.
    """
    label = digest.removeprefix("sha256:")[:LABEL_LENGTH]
    versions = _versions(service, service.models(), f"{service.parent}/models/{name}")
    ours = [one for one in versions if one.labels.get(BUNDLE_LABEL) == label]
    if not ours:
        raise PolicyError(
            "vertex_model",
            f"The model {name} in the registry must have a version of bundle {label[:12]}, but has none.",
            remedy="Submit the plan again.",
        )
    newest = max(ours, key=lambda one: int(one.version_id))
    return f"{newest.name.partition('@')[0]}@{newest.version_id}"


def _environment(sent: VertexRun, service: Service) -> list[dict[str, str]]:
    """Return the variable by which the predictor knows where its figures go; none where they are not asked for."""
    section, file = service.section, sent.folder.path / "plan.yaml"
    if section.serving is None or not section.serving.metrics:
        return []
    name = section.serving.endpoint or sent.name
    plan = load_plan(file)
    settings = settings_of(plan, "cloud_monitoring", name, project=section.project, region=section.region)
    return [{"name": METRICS, "value": settings.to_variable()}]


def _versions(service: Service, client: Any, name: str) -> list[Any]:
    """Return the versions of a model; none where there is no such model."""
    from google.api_core.exceptions import NotFound

    def ask() -> list[Any]:
        try:
            return list(client.list_model_versions(name=name))
        except NotFound:
            return []

    return service.asked("read the model registry", ask, patience_seconds=PATIENCE_SECONDS, reading=True)


def _description(folder: RunFolder, handed: Handover) -> str:
    evaluation = evaluation_of(folder)
    lines = [f"bundle {handed.bundle_digest}", f"evaluation {handed.evaluation_digest}"]
    if evaluation is not None:
        lines = [evaluation.sentence, *lines]
        lines += [f"{name} {value:.6g}" for name, value in sorted(evaluation.scores.items())]
        lines += [f"gate {gate.name}: {gate.verdict}" for gate in evaluation.gates]
    return "\n".join(lines)[:SHOWN]
