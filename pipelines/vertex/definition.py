"""A plan as Vertex AI takes it: one document of IR, without what only Kubernetes knows."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from sevenfold.contracts.canonical import write_whole
from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.compile import compile_plan
from sevenfold.pipelines.endpoint.faults import endpoint_faults
from sevenfold.pipelines.ray_stages import made_cluster_faults
from sevenfold.pipelines.stages import Stages
from sevenfold.pipelines.vertex.run import BUNDLE_LABEL, DIGEST_LABEL, PLAN_LABEL
from sevenfold.plan import Plan
from sevenfold.plan.deployment import Target
from sevenfold.plan.vertex import VertexSection
from sevenfold.runtime.environment import CHECKPOINTS

__all__ = ["compile_for_vertex", "placed_plan", "vertex_section"]

MOST_LABELS: Final = 62  # Vertex AI takes 64, and two are ours
KEPT: Final = "sevenfold-checkpoints"
REPEATABLE: Final = ("exec-tune-model", "exec-train-model")


def vertex_section(plan: Plan) -> VertexSection:
    """Return the section `vertex` of a plan that is to run there, once everything else in the plan can.

    Raises:
        PolicyError: ``vertex_section``, ``vertex_volume``, ``vertex_accelerator``, ``vertex_label``, ``vertex_table``,
            ``vertex_ray``, ``endpoint_setting``.
    """
    section = plan.vertex
    if section is None:
        raise PolicyError(
            "vertex_section",
            f"A plan for Vertex AI must say where it runs, but {plan.name} has no section vertex.",
            remedy="Write vertex: {project: …, region: …, root: gs://BUCKET/FOLDER}.",
        )
    if plan.data.volume:
        raise PolicyError(
            "vertex_volume",
            f"Vertex AI has no volumes of Kubernetes, but data.volume is {plan.data.volume!r}.",
            remedy="Copy the table to a bucket, name it in data.source, and remove data.volume.",
        )
    reserved = [stage for stage, wanted in plan.resources.items() if wanted.gpu]
    if reserved and not section.accelerator:
        raise PolicyError(
            "vertex_accelerator",
            f"A stage with a GPU needs its type on Vertex AI, but resources.{reserved[0]}.gpu is set and "
            "vertex.accelerator is empty.",
            remedy="Write vertex.accelerator, such as NVIDIA_L4.",
        )
    for fault in _unreachable(plan):
        raise fault
    own = sorted({PLAN_LABEL, DIGEST_LABEL, BUNDLE_LABEL} & set(section.labels))
    if own or len(section.labels) > MOST_LABELS:
        reason = f"{own[0]} is one of ours" if own else f"there are {len(section.labels)}"
        raise PolicyError(
            "vertex_label",
            f"vertex.labels are at most {MOST_LABELS} of your own, but {reason}.",
            remedy="Take another key." if own else "Remove some: Vertex AI takes 64, and two are ours.",
        )
    if section.serving is not None:
        for fault in (*endpoint_faults(plan, "vertex"), *_private(section)):
            raise fault
    return section


def _private(section: VertexSection) -> Iterator[PolicyError]:
    if section.network:
        yield PolicyError(
            "endpoint_setting",
            "A private endpoint of Vertex AI shares its requests among no versions, but vertex.network is set.",
            remedy="Remove vertex.serving, and deploy the registered version yourself.",
        )


def _unreachable(plan: Plan) -> Iterator[PolicyError]:
    """Yield what no task of Vertex AI can come to."""
    store = next((source for source in plan.data.sources if source.startswith(("s3://", "minio://"))), "")
    if store:
        yield PolicyError(
            "vertex_table",
            f"A task of Vertex AI has no keys of S3, but data.source is {store[:200]!r}.",
            remedy="Copy it to a bucket of Cloud Storage, gs://…, or name a file of this machine.",
        )
    yield from made_cluster_faults(plan, "vertex_ray", "the task's own machine")
    if plan.training.trainjob.nodes:
        yield PolicyError(
            "vertex_trainjob",
            "Kubeflow Trainer runs on Kubernetes alone, but training.trainjob.nodes is set.",
            remedy="Remove training.trainjob: the fit then runs on the task's own machine.",
        )


def placed_plan(plan: Plan) -> Plan:
    """Return a plan whose images and GPUs are those that its section `vertex` names.

    Its test looks for no promoted model: promotions are recorded in a cluster that no task there reaches.

    Raises:
        PolicyError: as `vertex_section`.
    """
    section = vertex_section(plan)
    update = {"gpu_type": section.accelerator}
    resources = {
        stage: wanted.model_copy(update=update) if wanted.gpu else wanted for stage, wanted in plan.resources.items()
    }
    images = plan.images.replaced(registry=section.registry)
    deployment = plan.deployment.model_copy(update={"target": Target.LOCAL})
    return plan.model_copy(update={"resources": resources, "images": images, "deployment": deployment})


def compile_for_vertex(plan: Plan, out: Path, *, stages: Stages | None = None, cached: bool = True) -> dict[str, Any]:
    """Write the pipeline of a plan to `out` as one YAML document, and return the document.

    It ends with the test, and hands a promoted bundle over. Tasks have the names of their components, and no titles:
    Vertex AI may call a task by either.

    Args:
        plan: the plan, with its section `vertex`.
        out: the file.
        stages: components of a team's own.
        cached: whether design to training may be taken from Vertex AI's cache.

    Raises:
        PolicyError: as `vertex_section`.
    """
    section = vertex_section(plan)
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
        package = Path(work) / "ir.yaml"
        compile_plan(placed_plan(plan), package, part="build", stages=stages, plain=True, cached=cached)
        # one document, or this raises: it is how Vertex AI's own client reads it
        document: dict[str, Any] = yaml.load(package.read_text(), Loader=_loader())  # noqa: S506 - a safe loader
    for component in (document["root"], *document["components"].values()):
        for name, task in component.get("dag", {}).get("tasks", {}).items():
            task["taskInfo"]["name"] = name
    for name, executor in document["deploymentSpec"]["executors"].items():
        if name in REPEATABLE:
            kept = {"name": CHECKPOINTS, "value": f"{section.root}/{KEPT}"}
            executor["container"].setdefault("env", []).append(kept)
    document["defaultPipelineRoot"] = section.root
    out.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.dump(document, Dumper=_dumper(), sort_keys=True, allow_unicode=True, width=120)
    write_whole(out, text.encode())
    return document


def _loader() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _dumper() -> Any:
    return getattr(yaml, "CSafeDumper", yaml.SafeDumper)
