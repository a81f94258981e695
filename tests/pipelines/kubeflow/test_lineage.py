from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.compile import compile_plan
from sevenfold.pipelines.kubeflow.lineage import Lineage, task_key
from sevenfold.plan import ImagesSection, Plan

TASKS = ("explore-data", "prepare-data", "tune-model", "train-model")


def keys(plan: Plan, folder: Path, **parameters: object) -> dict[str, str]:
    spec = next(yaml.safe_load_all(compile_plan(plan, folder / "p.yaml").read_text()))
    return {task: task_key(spec, parameters, task) for task in TASKS}


def changed(plan: Plan, section: str, **values: object) -> Plan:
    return plan.model_copy(update={section: getattr(plan, section).model_copy(update=values)})


@pytest.mark.parametrize(
    ("section", "values", "repeated"),
    [
        ("testing", {"margin": 0.5}, set()),
        ("training", {"patience": 9}, {"tune-model", "train-model"}),
        ("preparation", {"min_count": 5}, {"prepare-data", "tune-model", "train-model"}),
        ("design", {"notebook": "s3://ours/n.ipynb"}, {"explore-data"}),
    ],
)
def test_a_change_repeats_what_depends_on_it(
    plan: Plan, tmp_path: Path, section: str, values: dict, repeated: set[str]
) -> None:
    before, after = keys(plan, tmp_path), keys(changed(plan, section, **values), tmp_path)
    assert {task for task in TASKS if before[task] != after[task]} == repeated


@pytest.mark.parametrize(
    ("parameters", "repeated"),
    [
        ({"trials": -1}, set()),  # the default, given all the same
        ({"max_epochs": 5}, {"train-model"}),
        ({"trials": 5}, {"tune-model", "train-model"}),
        ({"data_digest": "sha256:00"}, set(TASKS)),
    ],
)
def test_a_parameter_repeats_what_is_given_it(plan: Plan, tmp_path: Path, parameters: dict, repeated: set[str]) -> None:
    before, after = keys(plan, tmp_path), keys(plan, tmp_path, **parameters)
    assert {task for task in TASKS if before[task] != after[task]} == repeated


def test_another_image_repeats_its_stages(plan: Plan, tmp_path: Path) -> None:
    other = plan.model_copy(update={"images": ImagesSection(train="example.org/python:2")})
    before, after = keys(plan, tmp_path), keys(other, tmp_path)
    assert {task for task in TASKS if before[task] != after[task]} == {"tune-model", "train-model"}


def test_a_task_that_is_not_there_has_no_key(plan: Plan, tmp_path: Path) -> None:
    spec = next(yaml.safe_load_all(compile_plan(plan, tmp_path / "p.yaml").read_text()))
    assert task_key(spec, {}, "other") == ""


def test_a_version_that_was_deleted_matches_no_run_and_stops_nothing(plan: Plan, tmp_path: Path) -> None:
    spec = next(yaml.safe_load_all(compile_plan(plan, tmp_path / "p.yaml").read_text()))
    made = datetime(2026, 1, 1, tzinfo=UTC)

    def run(name: str, day: int, version: str) -> Any:
        reference = SimpleNamespace(pipeline_id="p", pipeline_version_id=version)
        config = SimpleNamespace(parameters={})
        created = made + timedelta(days=day)
        return SimpleNamespace(
            run_id=name, created_at=created, pipeline_version_reference=reference, runtime_config=config
        )

    def specification(asked: Any) -> dict[str, Any]:
        if asked.pipeline_version_reference.pipeline_version_id == "deleted":
            raise PolicyError("endpoint_refused", "There is no such version.")
        return spec

    current, broken, same = run("now", 3, "kept"), run("broken", 2, "deleted"), run("same", 1, "kept")
    engine: Any = SimpleNamespace(
        pipeline=lambda _: SimpleNamespace(pipeline_id="p", created_at=made),
        runs=lambda: iter([current, broken, same]),
        specification=specification,
    )
    assert list(Lineage(engine).same_runs(current, "train-model")) == ["same"]
