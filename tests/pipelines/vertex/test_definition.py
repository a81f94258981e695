"""What is compiled for Vertex AI: one document, by the task's own resource settings, the same bytes each time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from google_cloud import GoogleCloud

from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.vertex.definition import compile_for_vertex, vertex_section
from sevenfold.plan import Plan, parse_plan


def changed(plan_file: Path, more: str, section: str = "") -> Plan:
    """The plan with more keys of its section and more sections; none of these is there already."""
    return parse_plan(plan_file.read_text() + section + more)


def on_a_gpu(plan_file: Path, more: str, section: str = "") -> Plan:
    text = plan_file.read_text().replace("training: {", "training: {device: cuda, ")
    return parse_plan(text + section + more)


@pytest.fixture
def document(plan: Plan, tmp_path: Path) -> dict[str, Any]:
    return compile_for_vertex(plan, tmp_path / "ir.yaml")


def test_the_file_is_one_document_and_the_same_each_time(plan: Plan, tmp_path: Path) -> None:
    made = compile_for_vertex(plan, tmp_path / "ir.yaml")
    assert yaml.safe_load((tmp_path / "ir.yaml").read_text()) == made  # raises on two documents
    compile_for_vertex(plan, tmp_path / "again.yaml")
    assert (tmp_path / "again.yaml").read_bytes() == (tmp_path / "ir.yaml").read_bytes()
    assert "platforms" not in made
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert made["defaultPipelineRoot"] == "gs://ours/runs"


def test_each_task_has_the_name_that_the_run_is_followed_by(document: dict[str, Any]) -> None:
    tasks = document["root"]["dag"]["tasks"]
    assert {name: task["taskInfo"]["name"] for name, task in tasks.items()} == {name: name for name in tasks}
    assert {"explore-data", "prepare-data", "tune-model", "train-model", "test-model"} < set(tasks)


def test_it_ends_with_a_hand_over_after_a_test_that_promotes(document: dict[str, Any]) -> None:
    (group,) = [task for name, task in document["root"]["dag"]["tasks"].items() if name.startswith("condition")]
    assert "'promote'" in group["triggerPolicy"]["condition"]
    inner = document["components"][group["componentRef"]["name"]]["dag"]["tasks"]
    assert list(inner) == ["hand-over"]


def test_the_test_asks_no_cluster_for_promotions(plan_file: Path, tmp_path: Path) -> None:
    plan = changed(plan_file, "deployment: {target: kserve, namespace: team}\n")
    task = compile_for_vertex(plan, tmp_path / "ir.yaml")["root"]["dag"]["tasks"]["test-model"]
    settings = json.loads(task["inputs"]["parameters"]["settings"]["runtimeValue"]["constant"])
    assert settings["deployment"]["target"] == "local"


def test_unfinished_work_is_kept_in_the_bucket_by_who_has_some(document: dict[str, Any]) -> None:
    kept = {
        name: executor["container"].get("env") for name, executor in document["deploymentSpec"]["executors"].items()
    }
    address = [{"name": "SEVENFOLD_CHECKPOINTS", "value": "gs://ours/runs/sevenfold-checkpoints"}]
    assert {name for name, env in kept.items() if env == address} == {"exec-tune-model", "exec-train-model"}


def test_a_stage_gets_the_machine_that_the_plan_says(plan_file: Path, tmp_path: Path) -> None:
    resources = "resources: {training: {cpu: 500m, memory: 4Gi, gpu: 2}, tuning: {gpu: 1}}\n"
    plan = on_a_gpu(plan_file, resources, section="  accelerator: NVIDIA_L4\n")
    made = compile_for_vertex(plan, tmp_path / "ir.yaml")["deploymentSpec"]["executors"]["exec-train-model"]
    asked = made["container"]["resources"]
    assert (asked["cpuLimit"], asked["resourceMemoryLimit"]) == (0.5, "4Gi")
    assert (asked["accelerator"]["type"], asked["accelerator"]["count"]) == ("NVIDIA_L4", "2")


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ("{sevenfold-plan: mine}", "sevenfold-plan is one of ours"),
        ("{" + ", ".join(f"team-{number}: a" for number in range(63)) + "}", "there are 63"),
    ],
)
def test_a_label_that_would_be_replaced_or_is_one_too_many_is_refused(plan_file: Path, labels: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words) as refused:
        vertex_section(changed(plan_file, "", section=f"  labels: {labels}\n"))
    assert refused.value.code == "vertex_label"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("source: demo.csv", "source: s3://bucket/demo.csv", "vertex_table"),
        ("tuning: {trials: 0}", "tuning: {engine: ray, ray: {cluster: {workers: 2}}}", "vertex_ray"),
        ("tuning: {", "preparation: {engine: ray, ray: {cluster: {workers: 2}}}\ntuning: {", "vertex_ray"),
        ("training: {", "training: {trainjob: {nodes: 2}, ", "vertex_trainjob"),
    ],
)
def test_what_no_task_can_come_to_is_refused(plan_file: Path, old: str, new: str, code: str) -> None:
    with pytest.raises(PolicyError) as refused:
        vertex_section(parse_plan(plan_file.read_text().replace(old, new)))
    assert refused.value.code == code


def test_a_gpu_without_its_type_is_refused(plan_file: Path, tmp_path: Path) -> None:
    plan = on_a_gpu(plan_file, "resources: {tuning: {gpu: 1}, training: {gpu: 1}}\n")
    with pytest.raises(PolicyError, match=r"resources\.tuning\.gpu is set") as refused:
        compile_for_vertex(plan, tmp_path / "ir.yaml")
    assert refused.value.code == "vertex_accelerator"
    assert not (tmp_path / "ir.yaml").exists()


def test_a_volume_of_kubernetes_is_refused(plan: Plan, tmp_path: Path) -> None:
    volume = plan.model_copy(update={"data": plan.data.model_copy(update={"volume": "claim"})})
    with pytest.raises(PolicyError, match="'claim'") as refused:
        compile_for_vertex(volume, tmp_path / "ir.yaml")
    assert refused.value.code == "vertex_volume"


def test_a_plan_without_the_section_is_asked_for_it(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no section vertex") as refused:
        compile_for_vertex(plan.model_copy(update={"vertex": None}), tmp_path / "ir.yaml")
    assert "vertex: {project:" in refused.value.remedy


def test_the_models_identity_does_not_depend_on_where_it_is_made(plan: Plan, cloud: GoogleCloud) -> None:
    assert plan.model_digest == plan.model_copy(update={"vertex": None}).model_digest


def test_the_lines_in_the_guide_are_all_that_flights_needs(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    lines = (root / "docs" / "vertex.md").read_text().partition("```yaml\n")[2].partition("```")[0]
    flights = (root / "examples" / "flights" / "plan.yaml").read_text()
    made = compile_for_vertex(parse_plan(flights + lines), tmp_path / "ir.yaml")
    assert made["defaultPipelineRoot"] == "gs://my-bucket/sevenfold"
    images = {executor["container"]["image"] for executor in made["deploymentSpec"]["executors"].values()}
    assert all(image.startswith("europe-west4-docker.pkg.dev/my-models-123/ours/") for image in images)


@pytest.mark.extended
def test_googles_own_loader_takes_the_file(plan: Plan, tmp_path: Path) -> None:
    """Importing all of its client takes eight seconds."""
    document = compile_for_vertex(plan, tmp_path / "ir.yaml")
    code = (
        "import json, sys\n"
        "from google.auth.credentials import AnonymousCredentials\n"
        "from google.cloud import aiplatform\n"
        "given = {'project': 'our-models', 'location': 'europe-west4', 'credentials': AnonymousCredentials()}\n"
        "job = aiplatform.PipelineJob(display_name='demo', template_path=sys.argv[1], "
        "parameter_values={'trials': 3}, **given)\n"
        "made = job._gca_resource  # its property asks the service\n"
        "print(json.dumps(type(made).to_dict(made)))\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "ir.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    job = json.loads(done.stdout.splitlines()[-1])
    assert job["pipeline_spec"]["root"] == document["root"]
    assert job["runtime_config"]["gcs_output_directory"] == "gs://ours/runs"
