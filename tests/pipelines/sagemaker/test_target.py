"""The command line with `--target sagemaker`, against a stand-in for AWS."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import boto3
import pytest
from demo_run import ROWS, table
from sagemaker_plans import ACCOUNT, ROLE, ROOT, plan_text
from typer.testing import CliRunner, Result

from sevenfold.cli.main import app
from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.sagemaker.definition import build_definition
from sevenfold.pipelines.sagemaker.jobs import settings_files
from sevenfold.pipelines.sagemaker.requirements import missing_settings
from sevenfold.plan import load_plan, parse_plan


@pytest.fixture(name="home")
def plan_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "plan.yaml").write_text(plan_text(tags={"team": "flights"}))
    (tmp_path / "demo.csv").write_text(table(ROWS))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sevenfold(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments], catch_exceptions=True)


def keys() -> set[str]:
    listed = boto3.client("s3").list_objects_v2(Bucket="bucket").get("Contents", [])
    return {f"s3://bucket/{one['Key']}" for one in listed if not one["Key"].endswith("/")}


def addresses(part: Any) -> set[str]:
    """Every address of the bucket that a definition names as it is."""
    if isinstance(part, dict):
        return set().union(*map(addresses, part.values()))
    if isinstance(part, list):
        return set().union(*map(addresses, part))
    return {part} if isinstance(part, str) and part.startswith(f"{ROOT}/sevenfold-inputs/") else set()


def test_compile_writes_the_definition_and_what_the_bucket_must_have(home: Path) -> None:
    done = sevenfold("compile", "plan.yaml", "--target", "sagemaker")
    assert done.exit_code == 0, done.output
    plan = load_plan(home / "plan.yaml")
    definition = json.loads((home / "plan.sagemaker.json").read_text())
    assert definition == build_definition(plan)
    inputs = home / "plan.sagemaker.inputs"
    written = {f"{ROOT}/{path.relative_to(inputs)}": path.read_bytes() for path in inputs.rglob("*.json")}
    assert set(written) == addresses(definition)
    assert sorted(written.values()) == sorted(content for _, content in settings_files(plan))
    sync, create = (shlex.split(line) for line in done.output.splitlines()[1:3])
    assert sync == ["aws", "s3", "sync", "plan.sagemaker.inputs", ROOT]
    given = dict(zip(create[3::2], create[4::2], strict=True))
    wanted = boto3.client("sagemaker", region_name="eu-central-1").meta.service_model.operation_model("CreatePipeline")
    required = {*wanted.input_shape.required_members} - {"ClientRequestToken"}  # which the command line makes itself
    assert {"--" + re.sub(r"(?<=.)(?=[A-Z])", "-", member).lower() for member in required} <= set(given)
    assert (given["--role-arn"], given["--pipeline-name"]) == (ROLE, plan.name)
    assert given["--pipeline-definition"] == "file://plan.sagemaker.json"


@pytest.mark.usefixtures("account")
def test_compile_and_submit_name_the_same_files(home: Path) -> None:
    (home / "look.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    (home / "history.json").write_text('[{"op": "core/column-move", "columnName": "a", "index": 0}]')
    sections = {"design": {"notebook": "look.ipynb"}, "refine": {"recipe": "history.json"}}
    (home / "plan.yaml").write_text(plan_text(sections))
    assert sevenfold("compile", "plan.yaml", "--target", "sagemaker").exit_code == 0
    done = sevenfold("submit", "plan.yaml", "--target", "sagemaker", "--no-wait")
    assert done.exit_code == 0, done.output
    inputs = home / "plan.sagemaker.inputs"
    written = {f"{ROOT}/{path.relative_to(inputs)}" for path in inputs.rglob("*") if path.is_file()}
    named = {address for address in written if address.endswith(("/look.ipynb", "/history.json"))}
    assert len(named) == 2
    assert named < keys()


@pytest.mark.usefixtures("account")
def test_submit_sends_what_the_jobs_read_and_starts_a_run(home: Path) -> None:
    done = sevenfold("submit", "plan.yaml", "--target", "sagemaker", "--no-wait", "--trials", "0", "--seed", "3")
    assert done.exit_code == 0, done.output
    (record,) = home.glob("runs/demo/sagemaker-*/run.json")
    values = json.loads(record.read_text())
    assert (values["target"], values["root"], values["region"]) == ("sagemaker", ROOT, "eu-central-1")
    assert f"sevenfold follow {values['run']}" in done.output
    client = boto3.client("sagemaker")
    pipeline = json.loads(client.describe_pipeline(PipelineName="demo")["PipelineDefinition"])
    given = client.list_pipeline_parameters_for_execution(PipelineExecutionArn=values["arn"])["PipelineParameters"]
    parameters = {one["Name"]: one["Value"] for one in given}
    assert (parameters["trials"], parameters["seed"]) == ("0", "3")
    assert parameters["data_digest"].startswith("sha256:")
    (source,) = (one["DefaultValue"] for one in pipeline["Parameters"] if one["Name"] == "data")
    assert keys() == addresses(pipeline) | {source, f"{ROOT}/demo/registry/README"}
    assert json.loads((record.parent / "pipeline.json").read_text()) == pipeline


@pytest.mark.usefixtures("account")
def test_another_table_is_a_parameter_of_its_run_alone(home: Path) -> None:
    (home / "other.csv").write_text(table(ROWS[:-1]))
    before = sevenfold("submit", "plan.yaml", "--target", "sagemaker", "--no-wait")
    client = boto3.client("sagemaker")
    pipeline = client.describe_pipeline(PipelineName="demo")["PipelineDefinition"]
    done = sevenfold("submit", "plan.yaml", "--target", "sagemaker", "--no-wait", "--data", "other.csv")
    assert (before.exit_code, done.exit_code) == (0, 0), done.output
    assert client.describe_pipeline(PipelineName="demo")["PipelineDefinition"] == pipeline
    records = [json.loads(path.read_text()) for path in home.glob("runs/demo/sagemaker-*/run.json")]
    (data,) = (one["arguments"]["data"] for one in records if "data" in one["arguments"])
    assert data.endswith("/other.csv")


@pytest.mark.parametrize(
    ("section", "code"), [({"role": ""}, "sagemaker_role"), ({"region": "eu-nowhere-9"}, "aws_region")]
)
@pytest.mark.usefixtures("account")
def test_what_is_missing_is_one_line_and_nothing_is_sent(home: Path, section: dict[str, str], code: str) -> None:
    (home / "plan.yaml").write_text(plan_text(**section))
    done = sevenfold("submit", "plan.yaml", "--target", "sagemaker", "--no-wait")
    assert isinstance(done.exception, PolicyError)
    assert (done.exception.code, done.exception.exit_status) == (code, 2)
    assert not keys()


@pytest.mark.parametrize("source", [[f"{number}.csv" for number in range(8)], "?.csv"])
@pytest.mark.usefixtures("account")
def test_eight_files_are_too_many_before_the_first_is_sent(home: Path, source: list[str] | str) -> None:
    for number in range(8):
        (home / f"{number}.csv").write_text(table(ROWS[number * 20 : number * 20 + 20]))
    text = plan_text().replace("source: demo.csv", f"source: {json.dumps(source)}")
    (home / "plan.yaml").write_text(text)
    done = sevenfold("submit", "plan.yaml", "--target", "sagemaker", "--no-wait")
    assert isinstance(done.exception, PolicyError), done.output
    assert (done.exception.code, keys()) == ("sagemaker_table", set())


@pytest.mark.parametrize("data", ["?.csv", '["1.csv", "2.csv"]'])
@pytest.mark.usefixtures("account")
def test_two_tables_in_the_place_of_one_are_refused_before_any_is_sent(home: Path, data: str) -> None:
    for name in ("1.csv", "2.csv"):
        (home / name).write_text(table(ROWS))
    done = sevenfold("submit", "plan.yaml", "--target", "sagemaker", "--no-wait", "--data", data)
    assert isinstance(done.exception, PolicyError), done.output
    assert (done.exception.code, keys()) == ("sagemaker_table", set())


@pytest.mark.parametrize(
    ("machines", "code"),
    [
        ({}, "sagemaker_gpu"),
        ({"training": "ml.g5.xlarge"}, "sagemaker_gpu"),
        ({"training": "ml.g5.xlarge", "tuning": "ml.p3.2xlarge"}, ""),
    ],
)
def test_cuda_needs_a_machine_with_a_gpu(machines: dict[str, str], code: str) -> None:
    plan = parse_plan(plan_text({"training": {"device": "cuda"}}, machines=machines))
    assert [fault.code for fault in missing_settings(plan)][:1] == ([code] if code else [])


@pytest.mark.parametrize(("stage", "trials"), [("preparation", {}), ("tuning", {}), ("tuning", {"trials": 0})])
def test_a_cluster_of_kuberay_is_refused(stage: str, trials: dict[str, int]) -> None:
    plan = parse_plan(plan_text({stage: {"engine": "ray", "ray": {"cluster": {"workers": 2}}, **trials}}))
    [fault] = missing_settings(plan)
    assert fault.code == "sagemaker_ray"
    assert fault.remedy.startswith(f"Remove {stage}.ray.cluster: ")


def test_pods_of_kubeflow_trainer_are_refused() -> None:
    plan = parse_plan(plan_text({"training": {"trainjob": {"nodes": 2}}}))
    assert [fault.code for fault in missing_settings(plan)] == ["sagemaker_trainjob"]


@pytest.mark.usefixtures("account")
def test_doctor_asks_the_account(home: Path) -> None:
    done = sevenfold("doctor", "plan.yaml", "--target", "sagemaker")
    lines = {line[2:20].strip(): line[:1] for line in done.output.splitlines() if line[:1] in "✓✗?"}
    assert [lines[name] for name in ("AWS", "SageMaker", "role", "root")] == ["✓"] * 4, done.output


@pytest.mark.usefixtures("account")
def test_doctor_names_a_role_that_sagemaker_may_not_take_on(home: Path) -> None:
    trust = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":%s}]}'
    boto3.client("iam").update_assume_role_policy(
        RoleName=ROLE.rpartition("/")[2], PolicyDocument=trust % '{"Service":"ec2.amazonaws.com"}'
    )
    done = sevenfold("doctor", "plan.yaml", "--target", "sagemaker")
    assert done.exit_code == 1
    assert "✗ role" in done.output
    assert "fix it: Add sagemaker.amazonaws.com to the Principal of its trust policy." in done.output


@pytest.mark.usefixtures("account")
def test_doctor_names_a_role_and_a_bucket_that_are_not_there(home: Path) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/nobody"
    (home / "plan.yaml").write_text(plan_text(role=role, root="s3://nowhere/x"))
    done = sevenfold("doctor", "plan.yaml", "--target", "sagemaker")
    assert done.exit_code == 1
    assert "✗ role" in done.output
    assert "nobody" in done.output


def test_a_run_that_nobody_here_knows_needs_its_arn_and_root(home: Path) -> None:
    done = sevenfold("follow", "abcdefghijkl", "--target", "sagemaker")
    assert isinstance(done.exception, PolicyError)
    assert done.exception.code == "run_unknown"


@pytest.mark.parametrize("run", ["vertex-1", "arn:pipeline/../../x/execution/1"])
def test_a_run_of_another_target_or_a_broken_arn_is_no_run_there(home: Path, run: str) -> None:
    record = home / "runs/demo/vertex-1/run.json"
    record.parent.mkdir(parents=True)
    record.write_text('{"run": "vertex-1", "target": "vertex", "vertex": {}, "root": "gs://ours/runs"}')
    done = sevenfold("follow", run, "--target", "sagemaker", "--root", ROOT)
    assert isinstance(done.exception, PolicyError)
    assert done.exception.code == "run_unknown"
    assert [path.name for path in home.glob("runs/*/*")] == ["vertex-1"]


def test_nothing_of_aws_is_imported_for_who_compiles(home: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from sevenfold.cli.main import app; "
        "app(['compile', 'plan.yaml', '--target', 'sagemaker'], standalone_mode=False); "
        "print({'boto3', 'botocore', 'kfp', 'torch', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=home, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()", done.stdout
