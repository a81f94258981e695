"""The plan: one file that describes the job; every stage reads its own section and nothing else."""

from sevenfold.plan.cluster import BudgetSection, ImagesSection, SecretsSection, StageResources
from sevenfold.plan.data import DataSection, Format, RefineSection
from sevenfold.plan.deployment import DeploymentSection
from sevenfold.plan.design import DesignSection
from sevenfold.plan.load import CheckedPlan, check_plan, load_plan, parse_plan
from sevenfold.plan.monitoring import MonitoringSection, RetrainSection
from sevenfold.plan.plan import STAGES, Plan, StageName
from sevenfold.plan.preparation import PreparationSection, SplitSection
from sevenfold.plan.section import Section
from sevenfold.plan.testing import Gate, TestingSection
from sevenfold.plan.training import TrainingSection
from sevenfold.plan.tuning import Dimension, TuningSection

__all__ = [
    "STAGES",
    "BudgetSection",
    "CheckedPlan",
    "DataSection",
    "DeploymentSection",
    "DesignSection",
    "Dimension",
    "Format",
    "Gate",
    "ImagesSection",
    "MonitoringSection",
    "Plan",
    "PreparationSection",
    "RefineSection",
    "RetrainSection",
    "SecretsSection",
    "Section",
    "SplitSection",
    "StageName",
    "StageResources",
    "TestingSection",
    "TrainingSection",
    "TuningSection",
    "check_plan",
    "load_plan",
    "parse_plan",
]
