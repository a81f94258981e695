"""The definition against two oracles: what SageMaker's own SDK renders, and the service's own model of a request."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from sagemaker_plans import REGISTRY, ROOT, plan_text, sagemaker_plan, sdk_plan

from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.sagemaker.definition import build_definition
from sevenfold.pipelines.sagemaker.jobs import settings_address, settings_files
from sevenfold.pipelines.sagemaker.requirements import missing_settings
from sevenfold.pipelines.settings import stage_settings
from sevenfold.pipelines.vertex.definition import compile_for_vertex
from sevenfold.plan import Plan, parse_plan

VERTEX = {
    "project": "our-models",
    "region": "europe-west4",
    "root": "gs://ours/runs",
    "registry": "europe-west4-docker.pkg.dev/our-models/ours",
}
RENDERED = Path(__file__).parent / "rendered_by_sdk.json"


def with_named_settings(plan: Plan) -> dict[str, Any]:
    """The definition with a name in place of each address of settings: their digests change with every plan key."""
    text = json.dumps(build_definition(plan))
    for job, content in settings_files(plan):
        text = text.replace(settings_address(ROOT, content), f"s3://settings/{job.name}")
    return dict(json.loads(text))


def jobs(steps: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    kept = {step["Name"]: step for step in steps if step["Type"] in ("Processing", "Training")}
    for step in steps:
        for branch in ("IfSteps", "ElseSteps"):
            kept |= jobs(step["Arguments"].get(branch, []))
    return kept


def test_it_is_what_the_sdk_renders_for_the_same_steps() -> None:
    assert with_named_settings(sdk_plan()) == json.loads(RENDERED.read_text())


@pytest.mark.parametrize("plan", [sagemaker_plan(), sdk_plan()], ids=["plain", "all settings"])
def test_the_service_model_takes_every_job(plan: Plan) -> None:
    import botocore.session
    from botocore.validate import ParamValidator

    model = botocore.session.get_session().get_service_model("sagemaker")
    definition = build_definition(plan)
    steps = jobs(definition["Steps"])
    assert set(steps) == {"explore-data", "prepare-data", "tune-model", "train-model", "test-model", "release-model"}
    for name, step in steps.items():
        operation = f"Create{step['Type']}Job"
        request = {f"{step['Type']}JobName": name, **filled(step["Arguments"])}
        assert not ParamValidator().validate(request, model.operation_model(operation).input_shape).has_errors(), name


def filled(part: Any) -> Any:
    """Put a text in the place of each function."""
    if isinstance(part, dict):
        if set(part) & {"Get", "Std:Join", "Std:JsonGet"}:
            return "s3://bucket/filled-in"
        return {key: filled(value) for key, value in part.items()}
    return [filled(value) for value in part] if isinstance(part, list) else part


def test_the_same_plan_gives_the_same_bytes() -> None:
    once, again = (json.dumps(build_definition(parse_in_bucket())) for _ in range(2))
    assert once == again


def parse_in_bucket() -> Plan:
    plan = parse_plan(plan_text())
    return plan.model_copy(update={"data": plan.data.model_copy(update={"source": "s3://bucket/demo.csv"})})


def test_a_changed_gate_changes_the_settings_of_the_test_alone() -> None:
    before = {job.name: content for job, content in settings_files(sagemaker_plan())}
    after = {job.name: content for job, content in settings_files(sagemaker_plan({"testing": {"margin": 0.5}}))}
    assert [name for name in before if before[name] != after[name]] == ["test-model"]


def test_every_stage_gets_the_settings_that_it_has_on_kubeflow() -> None:
    plan = sagemaker_plan()
    given = {stage: value for _, content in settings_files(plan) for stage, value in json.loads(content).items()}
    expected = {name.replace("_", "-"): json.loads(text) for name, text in stage_settings(plan).items()}
    assert given == expected


def test_parameters_are_typed_and_start_at_the_plans_values() -> None:
    digest = f"sha256:{'3' * 64}"
    plan = sagemaker_plan()
    plan = plan.model_copy(update={"data": plan.data.model_copy(update={"digest": digest})})
    given = {one["Name"]: (one["Type"], one["DefaultValue"]) for one in build_definition(plan)["Parameters"]}
    assert given == {
        "data": ("String", "s3://bucket/demo.csv"),
        "data_digest": ("String", digest),
        "trials": ("Integer", -1),
        "max_epochs": ("Integer", 0),
        "seed": ("Integer", -1),
    }


def test_a_table_without_an_address_must_be_given_by_whoever_starts_a_run() -> None:
    (data, *_) = build_definition(parse_plan(plan_text()))["Parameters"]
    assert data == {"Name": "data", "Type": "String"}


def test_each_file_of_a_table_is_an_input() -> None:
    plan = sagemaker_plan()
    sources = ("s3://bucket/1.csv", "s3://bucket/2.csv")
    plan = plan.model_copy(update={"data": plan.data.model_copy(update={"source": sources})})
    definition = build_definition(plan)
    for name in ("explore-data", "prepare-data"):
        inputs = jobs(definition["Steps"])[name]["Arguments"]["ProcessingInputs"]
        mounted = {one["InputName"]: one["S3Input"]["S3Uri"] for one in inputs}
        assert {key: uri for key, uri in mounted.items() if key.startswith("table")} == dict(
            zip(("table-1", "table-2"), sources, strict=True)
        )
    assert "data" not in {one["Name"] for one in definition["Parameters"]}


def test_what_a_plan_names_is_mounted_where_it_is_read() -> None:
    digest = f"#sha256:{'3' * 64}"
    sections = {
        "design": {"notebook": "s3://bucket/look.ipynb"},
        "refine": {"recipe": f"s3://bucket/history.json{digest}"},
        "training": {"source": f"s3://bucket/ours.zip{digest}"},
    }
    steps = jobs(build_definition(sagemaker_plan(sections))["Steps"])
    mounted = {
        (name, one["InputName"]): one["S3Input"]["S3Uri"]
        for name, step in steps.items()
        for one in step["Arguments"]["ProcessingInputs"]
        if one["InputName"] in ("notebook", "recipe", "source")
    }
    assert mounted == {
        ("explore-data", "notebook"): "s3://bucket/look.ipynb",
        ("explore-data", "recipe"): "s3://bucket/history.json",
        ("prepare-data", "recipe"): "s3://bucket/history.json",
        ("tune-model", "source"): "s3://bucket/ours.zip",
        ("train-model", "source"): "s3://bucket/ours.zip",
    }


def test_a_run_never_takes_longer_than_its_budget_or_the_services_limit() -> None:
    for hours, seconds in ((0.5, 1_800), (1_000.0, 432_000)):
        steps = jobs(build_definition(sagemaker_plan({"budget": {"hours": hours}}))["Steps"])
        limits = {step["Arguments"]["StoppingCondition"]["MaxRuntimeInSeconds"] for step in steps.values()}
        assert limits == {seconds}


@pytest.mark.parametrize(
    ("sections", "section", "code"),
    [
        ({}, {"role": ""}, "sagemaker_role"),
        ({}, {"root": ""}, "sagemaker_root"),
        ({}, {"subnets": ["subnet-1"]}, "sagemaker_network"),
        ({"images": {}}, {}, "sagemaker_image"),
        ({"images": {"registry": REGISTRY, "train": "docker.io/ours:1"}}, {}, "sagemaker_image"),
        ({"deployment": {"target": "kserve"}}, {}, "sagemaker_deployment"),
        ({"design": {"notebook": "look.ipynb"}}, {}, "sagemaker_input"),
        ({"design": {"notebook": "https://example.org/look.ipynb"}}, {}, "sagemaker_input"),
    ],
)
def test_what_sagemaker_cannot_run_is_refused_with_a_remedy(
    sections: dict[str, Any], section: dict[str, Any], code: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        build_definition(sagemaker_plan(sections, **section))
    assert caught.value.code == code
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("https://example.org/t.csv", "sagemaker_table"),
        (tuple(f"s3://bucket/{number}.csv" for number in range(8)), "sagemaker_table"),
        (("a.csv", "b.csv"), "sagemaker_input"),
    ],
)
def test_a_table_that_cannot_be_mounted_is_refused(source: Any, code: str) -> None:
    plan = sagemaker_plan()
    with pytest.raises(PolicyError) as caught:
        build_definition(plan.model_copy(update={"data": plan.data.model_copy(update={"source": source})}))
    assert caught.value.code == code


def test_a_plan_moves_by_its_section_alone(tmp_path: Path) -> None:
    """The same text, with a section for each cloud, is compiled for both; each takes images from its own registry."""
    both = yaml.safe_load(plan_text(registry=f"{REGISTRY}/ours")) | {"vertex": VERTEX}
    del both["images"]
    plan = parse_plan(yaml.safe_dump(both))
    assert list(missing_settings(plan)) == []
    definition = json.dumps(build_definition(plan))
    images = set(re.findall(r'"(?:ImageUri|Image)": "([^"]+)"', definition))
    assert len(images) > 2
    assert {image.rpartition("/")[0] for image in images} == {f"{REGISTRY}/ours"}
    compile_for_vertex(plan, tmp_path / "pipeline.yaml")
    written = set(re.findall(r"image: (\S+)", (tmp_path / "pipeline.yaml").read_text()))
    assert {image.rpartition("/")[0] for image in written} == {VERTEX["registry"]}
