"""The plan as a whole: one frozen object, a section per stage."""

from __future__ import annotations

from collections.abc import Mapping
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
from sevenfold.plan.section import Section
from sevenfold.plan.testing import TestingSection
from sevenfold.plan.training import TrainingSection
from sevenfold.plan.tuning import TuningSection

__all__ = ["FORMAT_VERSION", "STAGES", "Plan", "StageName"]

FORMAT_VERSION = 1
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
            description="DNS label of at most 30 characters; names runs and the service.",
            pattern=r"^[a-z]([-a-z0-9]{0,28}[a-z0-9])?$",
        ),
    ]
    goal: Annotated[str, Field(description="What the model is for, in a sentence.")] = ""
    data: Annotated[DataSection, Field(description="The table and its contract.")]
    refine: Annotated[RefineSection, Field(description="Cleaning recorded in OpenRefine.")] = RefineSection()
    design: Annotated[DesignSection, Field(description="Stage 1: explore.")] = DesignSection()
    preparation: Annotated[PreparationSection, Field(description="Stage 2: split and transform.")] = (
        PreparationSection()
    )
    tuning: Annotated[TuningSection, Field(description="Stage 3: search settings.")] = TuningSection()
    training: Annotated[TrainingSection, Field(description="Stage 4: fit.")] = TrainingSection()
    testing: Annotated[TestingSection, Field(description="Stage 5: score and gate.")] = TestingSection()
    deployment: Annotated[DeploymentSection, Field(description="Stage 6: serve.")] = DeploymentSection()
    monitoring: Annotated[MonitoringSection, Field(description="Stage 7: watch.")] = MonitoringSection()
    retrain: Annotated[RetrainSection, Field(description="The loop back to training.")] = RetrainSection()
    resources: Annotated[
        dict[StageName, StageResources], Field(description="CPU, memory, GPU and nodes per stage.")
    ] = {}
    images: Annotated[ImagesSection, Field(description="Images of the stages.")] = ImagesSection()
    secrets: Annotated[SecretsSection, Field(description="Names of Secrets.")] = SecretsSection()
    budget: Annotated[BudgetSection, Field(description="Limits of a run.")] = BudgetSection()

    @property
    def model_digest(self) -> str:
        """Digest of the sections that decide what the model is: data, refine, preparation, tuning, training."""
        dumped = self.model_dump(mode="json", include={"data", "refine", "preparation", "tuning", "training"})
        # Where a file lies is not what it holds: contents have digests of their own.
        for section, key in (
            ("data", "source"),
            ("data", "volume"),
            ("data", "digest"),
            ("training", "source"),
            ("refine", "recipe"),
        ):
            dumped[section].pop(key)
        return digest_of(dumped)

    def located(self, base: Path) -> Plan:
        """Return the plan with its relative paths (table, notebook, recipe, model source) taken from `base`."""

        def at(path: str) -> str:
            return path if not path or "://" in path else str((base / path).resolve())

        return self.model_copy(
            update={
                "data": self.data.model_copy(update={"source": at(self.data.source)}),
                "refine": self.refine.model_copy(update={"recipe": at(self.refine.recipe)}),
                "design": self.design.model_copy(update={"notebook": at(self.design.notebook)}),
                "training": self.training.model_copy(update={"source": at(self.training.source)}),
            }
        )

    def with_images(self, images: Mapping[str, str]) -> Plan:
        """Return the plan with the images of a build, by target, wherever it names none itself."""
        own = self.images.model_dump()
        found = {key: images.get(key, "") for key in own if key != "registry" and not own[key]}
        return self.model_copy(update={"images": self.images.replaced(**found)})

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """Return the JSON Schema of `plan.yaml`, for editors and other tools."""
        schema = Plan.model_json_schema()
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        schema["title"] = "Sevenfold plan"
        return schema
