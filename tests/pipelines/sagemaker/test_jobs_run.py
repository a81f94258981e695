"""The definition carried out with the real stages on a small table: promoted, refused, and stopped by an error."""

import json
from pathlib import Path

import pytest
from demo_run import PLAN, ROWS, table
from rich.console import Console
from sagemaker_jobs import JobRunner
from sagemaker_plans import ROOT

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.registry import LocalRegistry
from sevenfold.pipelines.local.run import LocalRun, run_locally
from sevenfold.pipelines.view import RunView
from sevenfold.plan import load_plan


def bundle_of(made: JobRunner, place: str) -> Bundle:
    return Bundle.open(made.path(f"{ROOT}/demo/{made.execution}/train-model/{place}"))


def test_a_good_model_goes_through_every_job(promoted: JobRunner) -> None:
    *jobs, gate, release, register = promoted.ended
    assert jobs == ["explore-data", "prepare-data", "tune-model", "train-model", "test-model"]
    assert (gate, promoted.ended[gate].message) == ("gate", "True")
    assert (release, register) == ("release-model", "register-model")


def test_the_bundle_is_that_of_a_run_on_this_machine(promoted: JobRunner, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "demo.csv").write_text(table(ROWS))
    asked = LocalRun(plan_path=tmp_path / "plan.yaml", runs=tmp_path / "runs")
    result = run_locally(asked, load_plan(asked.plan_path), RunView(Console(quiet=True)))
    assert result.state == "promoted"
    assert bundle_of(promoted, "bundle").digest == Bundle.open(result.folder / "bundle").digest


def test_a_training_job_makes_the_same_bundle(promoted: JobRunner, refused: JobRunner) -> None:
    assert bundle_of(refused, "job-1/output/model").digest == bundle_of(promoted, "bundle").digest


def test_the_promotion_is_recorded_in_the_bucket(promoted: JobRunner) -> None:
    registry = LocalRegistry(promoted.path(f"{ROOT}/demo/registry"))
    record = registry.current()
    assert record is not None
    assert (record.bundle, record.run) == (bundle_of(promoted, "bundle").digest, promoted.execution)
    assert registry.bundle(record.bundle).digest == record.bundle


def test_the_registry_gets_the_verdict_with_digests_and_score(promoted: JobRunner) -> None:
    bundle, given = bundle_of(promoted, "bundle"), promoted.registered
    (container,) = given["InferenceSpecification"]["Containers"]
    source = container["ModelDataSource"]["S3DataSource"]["S3Uri"]
    assert source.endswith("/")  # SageMaker takes a folder as it is only so
    assert Bundle.open(promoted.path(source)).digest == bundle.digest
    assert given["ModelApprovalStatus"] == "Approved"
    assert given["ModelPackageDescription"].startswith("Promoted on a replay:")
    assert promoted.path(given["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]).is_file()
    kept = given["CustomerMetadataProperties"]
    record = LocalRegistry(promoted.path(f"{ROOT}/demo/registry")).current()
    assert record is not None
    assert (kept["bundle"], kept["data"], kept["plan"]) == (bundle.digest, *map(record.digests.get, ("data", "plan")))
    assert float(kept["score"]) == pytest.approx(record.scores[kept["metric"]], rel=1e-5)


def test_the_service_model_takes_the_registration(promoted: JobRunner) -> None:
    import botocore.session
    from botocore.validate import ParamValidator

    shape = botocore.session.get_session().get_service_model("sagemaker").operation_model("CreateModelPackage")
    assert not ParamValidator().validate(promoted.registered, shape.input_shape).has_errors()


def test_the_predictor_of_the_job_ends_with_it(promoted: JobRunner) -> None:
    from sevenfold.contracts.service import LocalService, read_unsealed_service
    from sevenfold.serving.local.predictor import runs

    home = promoted.path(f"{ROOT}/demo/{promoted.execution}/release-model/service")
    assert not runs(read_unsealed_service(LocalService, home))


def test_a_refused_model_ends_in_a_step_that_says_why(refused: JobRunner) -> None:
    *_, gate, end = refused.ended
    assert (gate, refused.ended[gate].message, end) == ("gate", "False", "refused")
    home = refused.path(f"{ROOT}/demo/{refused.execution}/test-model")
    sentence = json.loads((home / "evaluation/evaluation.json").read_text())["sentence"]
    assert refused.ended["refused"].message == f"The model was refused: {sentence}"
    assert not (refused.path(f"{ROOT}/demo/registry") / "history").exists()


def test_a_failed_stage_leaves_its_cause_where_sagemaker_shows_it(broken: JobRunner) -> None:
    (failed,) = broken.ended.values()
    cause = json.loads(failed.message)
    assert (cause["stage"], cause["exit_status"]) == ("preparation", 2)
    assert "'b'" in cause["message"]
    assert "Traceback" not in failed.printed
