"""The pipeline of a plan as SageMaker's JSON definition: a pure function of the plan, the same bytes every time."""

from __future__ import annotations

from typing import Any, Final

from sevenfold.pipelines.sagemaker.check_definition import check_definition
from sevenfold.pipelines.sagemaker.expressions import EXECUTION, get, joined, json_get
from sevenfold.pipelines.sagemaker.jobs import BUILD, RELEASE, settings_address, settings_files
from sevenfold.pipelines.sagemaker.requirements import placed_plan, require_runnable
from sevenfold.pipelines.sagemaker.steps import StepFactory
from sevenfold.plan import Plan

__all__ = ["GATE", "REFUSED", "SCHEMA_VERSION", "build_definition", "root_of"]

SCHEMA_VERSION: Final = "2020-12-01"
GATE: Final = "gate"
REFUSED: Final = "refused"
# An experiment per pipeline and a trial per run, so that the console shows runs side by side.
EXPERIMENT: Final = {"ExperimentName": get("Execution.PipelineName"), "TrialName": EXECUTION}


def build_definition(plan: Plan) -> dict[str, Any]:
    """Return the definition: a step per stage, the gate, and a Fail step that says why a model was refused.

    Everything that a job reads is mounted: the table as the parameter ``data``, or one input per file where the plan
    names several.

    Raises:
        PolicyError: what `require_runnable` and `check_definition` refuse.
    """
    require_runnable(plan)
    plan = placed_plan(plan)
    root = root_of(plan)
    factory = StepFactory(plan, root, _addresses(plan))
    settings = {job.name: settings_address(root, content) for job, content in settings_files(plan)}
    promoted = [factory.step(RELEASE, settings[RELEASE.name]), factory.registration()]
    made = {
        "Version": SCHEMA_VERSION,
        "Metadata": {},
        "Parameters": _parameters(plan),
        "PipelineExperimentConfig": EXPERIMENT,
        "Steps": [*(factory.step(job, settings[job.name]) for job in BUILD), _gate(promoted)],
    }
    check_definition(made)
    return made


def root_of(plan: Plan) -> str:
    """Return the address below which a plan's runs lie, without a final slash."""
    return plan.sagemaker.root.rstrip("/")


def _parameters(plan: Plan) -> list[dict[str, Any]]:
    given: list[dict[str, Any]] = [
        {"Name": "data_digest", "Type": "String", "DefaultValue": plan.data.digest},
        {"Name": "trials", "Type": "Integer", "DefaultValue": -1},
        {"Name": "max_epochs", "Type": "Integer", "DefaultValue": 0},
        {"Name": "seed", "Type": "Integer", "DefaultValue": -1},
    ]
    if len(plan.data.sources) > 1:
        return given
    (source,) = plan.data.sources
    # A file of this machine has no address yet: then whoever starts a run gives one.
    default = {"DefaultValue": source} if "://" in source else {}
    return [{"Name": "data", "Type": "String", **default}, *given]


def _addresses(plan: Plan) -> dict[str, Any]:
    sources = plan.data.sources
    tables: dict[str, Any] = {f"table-{number}": source for number, source in enumerate(sources, start=1)}
    if len(sources) == 1:
        tables = {"table-1": get("Parameters.data")}
    named = {
        "notebook": plan.design.notebook,
        "recipe": plan.refine.recipe.partition("#")[0],
        "source": plan.training.source.partition("#")[0],
    }
    return tables | {name: address for name, address in named.items() if address.startswith("s3://")}


def _gate(promoted: list[dict[str, Any]]) -> dict[str, Any]:
    tested = "test-model"
    why = joined(": ", "The model was refused", json_get(tested, "decision", "sentence"))
    condition = {"Type": "Equals", "LeftValue": json_get(tested, "decision", "decision"), "RightValue": "promote"}
    fail = {"Name": REFUSED, "DisplayName": "Refused", "Type": "Fail", "Arguments": {"ErrorMessage": why}}
    return {
        "Name": GATE,
        "DisplayName": "May it be promoted?",
        "Type": "Condition",
        "Arguments": {"Conditions": [condition], "IfSteps": promoted, "ElseSteps": [fail]},
    }
