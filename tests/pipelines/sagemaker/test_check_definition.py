"""Each fault that SageMaker's client and its stand-ins let pass, put into a good definition, is named."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from sagemaker_plans import sagemaker_plan

from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.sagemaker.check_definition import check_definition
from sevenfold.pipelines.sagemaker.definition import build_definition
from sevenfold.pipelines.sagemaker.expressions import get

Break = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module", name="good")
def good_definition() -> dict[str, Any]:
    return build_definition(sagemaker_plan())


def test_a_good_definition_passes(good: dict[str, Any]) -> None:
    check_definition(good)


def job(made: dict[str, Any], number: int = 0) -> dict[str, Any]:
    return dict(made["Steps"][number]["Arguments"])


def set_at(part: Any, key: Any, value: Any) -> None:
    part[key] = value


FAULTS: dict[str, tuple[Break, str]] = {
    "NaN": (lambda made: set_at(made["Parameters"][2], "DefaultValue", float("nan")), "nan is no value"),
    "none": (lambda made: set_at(job(made)["StoppingCondition"], "MaxRuntimeInSeconds", None), "None is no value"),
    "a number as text": (lambda made: set_at(made["Parameters"][2], "DefaultValue", "1"), "'trials' is not of type"),
    "a truth as number": (lambda made: set_at(made["Parameters"][2], "DefaultValue", True), "'trials' is not of type"),
    "an unknown type": (lambda made: set_at(made["Parameters"][2], "Type", "Text"), "'trials' is not of type Text"),
    "undeclared": (lambda made: made["Parameters"].pop(2), "'trials' is used and not declared"),
    "unused": (
        lambda made: made["Parameters"].append({"Name": "spare", "Type": "String"}),
        "'spare' is declared and not used",
    ),
    "declared twice": (lambda made: made["Parameters"].append(made["Parameters"][0]), "a name twice"),
    "a name of a step": (lambda made: set_at(made["Steps"][0], "Name", "explore data"), "no name of a step"),
    "a long name": (lambda made: set_at(made["Steps"][0], "Name", "e" * 65), "no name of a step"),
    "one name twice": (lambda made: set_at(made["Steps"][0], "Name", "gate"), "two steps are called 'gate'"),
    "a step that is gone": (lambda made: made["Steps"].pop(1), "names a step that is not there"),
    "an output that is gone": (
        lambda made: job(made, 1)["ProcessingOutputConfig"]["Outputs"].pop(0),
        "names an output that its step does not have",
    ),
    "no property file": (lambda made: made["Steps"][4].pop("PropertyFiles"), "is no property file"),
    "a property file of no output": (
        lambda made: set_at(made["Steps"][4]["PropertyFiles"][0], "OutputName", "other"),
        "is no property file of an output",
    ),
    "a long argument": (
        lambda made: job(made)["AppSpecification"]["ContainerArguments"].append("x" * 257),
        "ContainerArguments of 'explore-data'",
    ),
    "many arguments": (
        lambda made: job(made)["AppSpecification"]["ContainerEntrypoint"].extend(["x"] * 100),
        "ContainerEntrypoint of 'explore-data'",
    ),
    "one input twice": (
        lambda made: job(made)["ProcessingInputs"].append(job(made)["ProcessingInputs"][0]),
        "the inputs of 'explore-data'",
    ),
    "many outputs": (
        lambda made: job(made)["ProcessingOutputConfig"]["Outputs"].extend({"OutputName": f"o{n}"} for n in range(10)),
        "the outputs of 'explore-data'",
    ),
    "too large": (lambda made: set_at(made["Metadata"], "note", "x" * 1_048_576), "more than 1,048,576 bytes"),
    "many steps": (
        lambda made: made["Steps"].extend(dict(made["Steps"][0], Name=f"s{number}") for number in range(50)),
        "59 steps of at most 50",
    ),
    "a foreign step": (
        lambda made: set_at(job(made)["StoppingCondition"], "MaxRuntimeInSeconds", get("Steps.other.x")),
        "Steps.other.x names a step that is not there",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named(good: dict[str, Any], name: str) -> None:
    damage, words = FAULTS[name]
    made = copy.deepcopy(good)
    damage(made)
    with pytest.raises(PolicyError) as caught:
        check_definition(made)
    assert caught.value.code == "definition"
    assert words in caught.value.message
