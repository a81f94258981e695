"""The plan as a whole: one frozen object, a section per stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from sevenfold.contracts.canonical import digest_of
from sevenfold.plan.cluster import BudgetSection, ImagesSection, SecretsSection, StageResources
from sevenfold.plan.data import DataSection, RefineSection
from sevenfold.plan.deployment import DeploymentSection
from sevenfold.plan.design import DesignSection
from sevenfold.plan.monitoring import MonitoringSection, RetrainSection
from sevenfold.plan.preparation import PreparationSection
from sevenfold.plan.sagemaker import SageMakerSection
from sevenfold.plan.section import Section
from sevenfold.plan.testing import TestingSection
from sevenfold.plan.training import TrainingSection
from sevenfold.plan.tuning import LatencyLimit, TuningSection, WarmStart
from sevenfold.plan.vertex import VertexSection

__all__ = ["FORMAT_VERSION", "NAME_PATTERN", "STAGES", "Plan", "StageName"]

FORMAT_VERSION = 1
NAME_PATTERN = r"^[a-z]([-a-z0-9]{0,28}[a-z0-9])?$"
StageName = Literal["design", "preparation", "tuning", "training", "testing", "deployment", "monitoring"]
STAGES: tuple[StageName, ...] = (
    "design",
    "preparation",
    "tuning",
    "training",
    "testing",
    "deployment",
    "monitoring",
)


class Plan(Section):
    """Everything a run needs to know, in one file."""

    version: Annotated[Literal[1], Field(description="Format version of the plan.")]
    name: Annotated[
        str,
        Field(
            description="Name of the runs and of the service: a DNS label of at most 30 characters.",
            pattern=NAME_PATTERN,
        ),
    ]
    goal: Annotated[str, Field(description="Purpose of the model, in a sentence.")] = ""
    data: Annotated[DataSection, Field(description="The table, its format and its columns.")]
    refine: Annotated[RefineSection, Field(description="Cleaning of the table that was recorded in OpenRefine.")] = (
        RefineSection()
    )
    design: Annotated[DesignSection, Field(description="Stage 1: explore the data.")] = DesignSection()
    preparation: Annotated[PreparationSection, Field(description="Stage 2: split the rows and fit the transform.")] = (
        PreparationSection()
    )
    tuning: Annotated[TuningSection, Field(description="Stage 3: search for the best settings.")] = TuningSection()
    training: Annotated[TrainingSection, Field(description="Stage 4: fit the model.")] = TrainingSection()
    testing: Annotated[TestingSection, Field(description="Stage 5: score the model and decide by gates.")] = (
        TestingSection()
    )
    deployment: Annotated[DeploymentSection, Field(description="Stage 6: serve the model.")] = DeploymentSection()
    monitoring: Annotated[MonitoringSection, Field(description="Stage 7: watch the serving model.")] = (
        MonitoringSection()
    )
    retrain: Annotated[RetrainSection, Field(description="What starts a retraining, and how often.")] = RetrainSection()
    resources: Annotated[
        dict[StageName, StageResources], Field(description="CPU, memory, GPU and nodes of each stage's pod.")
    ] = {}
    images: Annotated[ImagesSection, Field(description="Container images of the stages.")] = ImagesSection()
    secrets: Annotated[SecretsSection, Field(description="Names of Kubernetes Secrets.")] = SecretsSection()
    budget: Annotated[BudgetSection, Field(description="Limits of one run.")] = BudgetSection()
    sagemaker: Annotated[
        SageMakerSection, Field(description="A run on Amazon SageMaker: region, role, root, machines, network.")
    ] = SageMakerSection()
    vertex: Annotated[
        VertexSection | None, Field(description="Where the plan runs on Vertex AI, for --target vertex.")
    ] = None

    @property
    def model_digest(self) -> str:
        """Digest of the sections that decide what the model is: data, refine, preparation, tuning, training."""
        dumped = self.model_dump(mode="json", include={"data", "refine", "preparation", "tuning", "training"})
        # The path of a file does not change the model; contents have digests of their own.
        # Nor does where rows are checked and trials run.
        for section, key in (
            ("preparation", "engine"),
            ("preparation", "ray"),
            ("tuning", "ray"),
            ("data", "source"),
            ("data", "volume"),
            ("data", "digest"),
            ("training", "source"),
            ("refine", "recipe"),
        ):
            dumped[section].pop(key)
        dumped["tuning"].pop("processes")
        # So that plans of before these keys keep their digest.
        if self.training.processes == 1:
            dumped["training"].pop("processes")
        # How much a pod gets does not change the model, only how many there are.
        pods = dumped["training"].pop("trainjob")["nodes"]
        if pods:
            dumped["training"]["nodes"] = pods
        for key, default in (("warm_start", WarmStart()), ("latency", LatencyLimit())):
            if getattr(self.tuning, key) == default:
                dumped["tuning"].pop(key)
        for dimension in dumped["tuning"]["space"].values():
            for key, absent in (("step", None), ("when", {})):
                if dimension[key] == absent:
                    dimension.pop(key)
        return digest_of(dumped)

    def located(self, base: Path) -> Plan:
        """Return the plan with its relative paths (table, notebook, recipe, model source) resolved against `base`."""

        def at(path: str) -> str:
            return path if not path or "://" in path else str((base / path).resolve())

        return self.model_copy(
            update={
                "data": self.data.model_copy(update={"source": self._sources(at)}),
                "refine": self.refine.model_copy(update={"recipe": at(self.refine.recipe)}),
                "design": self.design.model_copy(update={"notebook": at(self.design.notebook)}),
                "training": self.training.model_copy(update={"source": at(self.training.source)}),
                "tuning": self.tuning.model_copy(update={"warm_start": self._warm_start(at)}),
            }
        )

    def _warm_start(self, at: Callable[[str], str]) -> WarmStart:
        start = self.tuning.warm_start
        return start.model_copy(update={"study": at(start.study)}) if start.unread else start

    def _sources(self, at: Callable[[str], str]) -> str | tuple[str, ...]:
        source = self.data.source
        return at(source) if isinstance(source, str) else tuple(map(at, source))

    def with_images(self, images: Mapping[str, str]) -> Plan:
        """Return the plan with the images of a build, by target, wherever it names none itself."""
        own = self.images.model_dump()
        built = {key: images.get(key, "") for key in own if key != "registry" and not own[key]}
        return self.model_copy(update={"images": self.images.replaced(**built)})

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """Return the JSON Schema of `plan.yaml`, for editors and other tools."""
        schema = Plan.model_json_schema()
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        schema["title"] = "Sevenfold plan"
        return schema
