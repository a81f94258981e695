import inspect
import json
from pathlib import Path

import pytest
import yaml

from sevenfold.contracts.errors import PolicyError
from sevenfold.contracts.schema import Column, Kind, Role
from sevenfold.pipelines.compile import compile_objects, compile_plan, version_name
from sevenfold.pipelines.lifecycle import DISPLAY_NAMES, UNCACHED
from sevenfold.pipelines.settings import stage_settings
from sevenfold.pipelines.stages import MODULES, Stages
from sevenfold.plan import DataSection, ImagesSection, Plan, StageResources, TestingSection
from sevenfold.plan.preparation import PreparationSection, SplitBy


def first(package: Path) -> dict:
    """The pipeline itself; the document after it holds what only Kubernetes knows."""
    return next(yaml.safe_load_all(package.read_text()))


@pytest.fixture
def compiled(plan: Plan, tmp_path: Path) -> dict:
    return first(compile_plan(plan, tmp_path / "pipeline.yaml"))


def tasks_of(spec: dict) -> dict[str, dict]:
    """Every task of the pipeline and its groups, by the name of its component."""
    tasks: dict[str, dict] = {}
    dags = [spec["root"], *(c for c in spec["components"].values() if "dag" in c)]
    for dag in dags:
        for name, task in dag["dag"]["tasks"].items():
            tasks[name] = task
    return tasks


def test_the_graph_shows_seven_stages_and_one_group(compiled: dict) -> None:
    tasks = tasks_of(compiled)
    shown_names = {name: shown for name, shown in DISPLAY_NAMES.items() if name != "hand_over"}  # of a split run only
    names = {name.replace("_", "-") for name in shown_names}
    # kfp numbers its groups through the whole process.
    assert {name.rstrip("0123456789") for name in set(tasks) - names} == {"condition-"}
    assert len(tasks) == len(names) + 1
    shown = {task["taskInfo"]["name"] for name, task in tasks.items() if name in names}
    assert shown == set(shown_names.values())


def test_deciding_tasks_are_never_cached(compiled: dict) -> None:
    for name, task in tasks_of(compiled).items():
        if name.replace("-", "_") in MODULES:
            cached = task["cachingOptions"].get("enableCache", False)
            assert cached == (name.replace("-", "_") not in UNCACHED), name


def test_every_cached_task_knows_the_data_by_digest(compiled: dict) -> None:
    for name, task in tasks_of(compiled).items():
        if name.replace("-", "_") in MODULES and task["cachingOptions"].get("enableCache"):
            assert "data_digest" in task["inputs"]["parameters"], name


def test_the_form_is_short_and_explains_itself(compiled: dict) -> None:
    parameters = compiled["root"]["inputDefinitions"]["parameters"]
    assert len(parameters) <= 8
    assert all(parameter["description"] and parameter["isOptional"] for parameter in parameters.values())


def test_the_same_plan_compiles_to_the_same_bytes(plan: Plan, tmp_path: Path) -> None:
    once = compile_plan(plan, tmp_path / "a.yaml").read_bytes()
    assert compile_plan(plan, tmp_path / "b.yaml").read_bytes() == once


def test_the_objects_for_kubectl_hold_the_same_version(plan: Plan, tmp_path: Path) -> None:
    package = compile_plan(plan, tmp_path / "p.yaml")
    written = compile_objects(plan, tmp_path / "o.yaml", namespace="team")
    assert compile_objects(plan, tmp_path / "again.yaml", namespace="team").read_bytes() == written.read_bytes()
    pipeline, version = yaml.safe_load_all(written.read_text())
    assert (pipeline["kind"], version["kind"]) == ("Pipeline", "PipelineVersion")
    assert version["metadata"] == {"name": version_name(plan, package), "namespace": "team"}
    spec, platform = yaml.safe_load_all(package.read_text())
    assert version["spec"]["pipelineName"] == pipeline["metadata"]["name"] == plan.name
    assert version["spec"]["pipelineSpec"] == spec
    assert version["spec"]["platformSpec"] == platform


def test_a_run_that_may_find_other_data_takes_nothing_from_the_cache(plan: Plan, tmp_path: Path) -> None:
    spec = first(compile_plan(plan, tmp_path / "p.yaml", cached=False))
    assert not any(
        task.get("cachingOptions", {}).get("enableCache")
        for task in tasks_of(spec).values()
        if "componentRef" in task and task["componentRef"]["name"].removeprefix("comp-").replace("-", "_") in MODULES
    )


def test_the_form_starts_with_the_digest_of_the_plans_table(plan: Plan, tmp_path: Path) -> None:
    digest = f"sha256:{'3' * 64}"
    pinned = plan.model_copy(update={"data": plan.data.model_copy(update={"digest": digest})})
    spec = first(compile_plan(pinned, tmp_path / "p.yaml"))
    assert spec["root"]["inputDefinitions"]["parameters"]["data_digest"]["defaultValue"] == digest


def test_a_changed_gate_changes_only_what_testing_gets(plan: Plan) -> None:
    changed = plan.model_copy(update={"testing": TestingSection(margin=0.5)})
    before, after = stage_settings(plan), stage_settings(changed)
    assert [name for name in before if before[name] != after[name]] == ["test_model"]


@pytest.mark.parametrize("images", [{"serve": "example.org/ours:1"}, {"registry": "example.org"}])
def test_our_predictors_image_is_not_tensorflow_servings(plan: Plan, images: dict[str, str]) -> None:
    plan = plan.model_copy(update={"images": ImagesSection(**images)})
    other = plan.model_copy(update={"deployment": plan.deployment.replaced(runtime="tensorflow-serving")})
    assert json.loads(stage_settings(plan)["deploy_model"])["image"].startswith("example.org/")
    assert json.loads(stage_settings(other)["deploy_model"])["image"] == ""


def test_only_who_reads_prometheus_gets_its_address(plan: Plan) -> None:
    address = "http://prometheus.elsewhere.svc:9090"
    changed = plan.model_copy(update={"monitoring": plan.monitoring.replaced(prometheus=address)})
    before, after = stage_settings(plan), stage_settings(changed)
    assert [name for name in before if before[name] != after[name]] == ["judge_canary", "monitor_model"]
    assert json.loads(after["judge_canary"])["prometheus"] == address


@pytest.mark.parametrize(("by", "in_order"), [("time", True), ("group", False), ("stratified", False)])
def test_monitoring_knows_whether_the_test_rows_are_the_newest(plan: Plan, by: str, in_order: bool) -> None:
    split = plan.preparation.split.model_copy(update={"by": SplitBy(by)})
    changed = plan.model_copy(update={"preparation": plan.preparation.model_copy(update={"split": split})})
    assert json.loads(stage_settings(changed)["monitor_model"])["in_time_order"] is in_order


def test_the_image_runs_no_installation(compiled: dict) -> None:
    text = yaml.safe_dump(compiled)
    assert "pip install" not in text


def test_resources_and_images_come_from_the_plan(plan: Plan, tmp_path: Path) -> None:
    placed = plan.model_copy(update={"resources": {"training": StageResources(cpu="3", memory="5Gi", gpu=1)}})
    spec = first(compile_plan(placed, tmp_path / "p.yaml"))
    container = spec["deploymentSpec"]["executors"]["exec-train-model"]["container"]
    assert container["resources"]["resourceCpuLimit"] == "3"
    assert container["resources"]["accelerator"]["resourceCount"] == "1"


def test_a_stage_is_swapped_by_an_argument(plan: Plan, tmp_path: Path) -> None:
    from kfp import dsl

    @dsl.component(base_image="example.org/python-ours:1", install_kfp_package=False)
    def our_training(
        dataset: dsl.Input[dsl.Dataset],
        study: dsl.Input[dsl.Artifact],
        settings: str,
        data_digest: str,
        max_epochs: int,
        seed: int,
        bundle: dsl.Output[dsl.Model],
    ):
        """Fit our own way."""

    spec = first(compile_plan(plan, tmp_path / "p.yaml", stages=Stages(train_model=our_training)))
    assert "exec-our-training" in spec["deploymentSpec"]["executors"]
    assert "exec-prepare-data" in spec["deploymentSpec"]["executors"]


@pytest.mark.parametrize("name", list(MODULES))
def test_every_component_explains_itself(name: str) -> None:
    component = Stages().component(name)
    assert inspect.getdoc(component.python_func)


def wide(plan: Plan, columns: int, note: str = "") -> Plan:
    """Return a plan of so many columns."""
    features = {f"measurement_{number:04d}": Column(kind=Kind.NUMBER, note=note) for number in range(columns - 1)}
    target = {"y": Column(kind=Kind.CATEGORY, role=Role.TARGET)}
    return plan.model_copy(update={"data": plan.data.model_copy(update={"columns": features | target})})


def test_of_columns_what_is_no_default_is_carried_and_read_back(plan: Plan) -> None:
    settings = json.loads(stage_settings(plan)["prepare_data"])
    assert DataSection.model_validate(settings["data"]) == plan.data
    assert PreparationSection.model_validate(settings["preparation"]) == plan.preparation
    assert settings["preparation"] == plan.preparation.model_dump(mode="json")
    assert settings["data"]["columns"]["a"] == {"kind": "number"}


def test_the_widest_table_is_carried_and_what_no_argument_holds_is_refused(plan: Plan) -> None:
    assert len(stage_settings(wide(plan, 2_000))["prepare_data"]) > 70_000
    with pytest.raises(PolicyError, match="explore_data") as caught:
        stage_settings(wide(plan, 2_000, note="as measured"))
    assert caught.value.code == "settings_too_large"
