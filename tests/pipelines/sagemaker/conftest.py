from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from demo_run import ROWS, table
from moto_endpoints import Changes, mend_moto
from moto_rights import simulate_policies
from sagemaker_jobs import JobRunner
from sagemaker_plans import ROLE, ROOT, sagemaker_plan
from sagemaker_releases import JOBS, Releaser
from tested_run import predictor

from sevenfold.pipelines.sagemaker.definition import build_definition
from sevenfold.pipelines.sagemaker.jobs import settings_address, settings_files
from sevenfold.pipelines.sagemaker.service import SageMaker
from sevenfold.plan import Plan


def runner(plan: Plan, folder: Path, rows: str) -> JobRunner:
    """A runner whose bucket holds what submit sends."""
    digest = f"sha256:{sha256(rows.encode()).hexdigest()}"
    made = JobRunner(build_definition(plan), folder / "jobs", folder / "bucket", given={"data_digest": digest})
    sent = {settings_address(ROOT, content): content for _, content in settings_files(plan)}
    sent |= {"s3://bucket/demo.csv": rows.encode(), f"{ROOT}/demo/registry/README": b"empty"}
    for address, content in sent.items():
        made.path(address).parent.mkdir(parents=True, exist_ok=True)
        made.path(address).write_bytes(content)
    return made


@pytest.fixture(scope="session", name="promoted")
def promoted_run(tmp_path_factory: pytest.TempPathFactory) -> JobRunner:
    made = runner(sagemaker_plan(), tmp_path_factory.mktemp("promoted"), table(ROWS))
    assert made.run() == "Succeeded", made.ended
    return made


@pytest.fixture(scope="session", name="refused")
def refused_run(tmp_path_factory: pytest.TempPathFactory) -> JobRunner:
    """Its training is a training job, its gate asks for more than can be had, and nobody explores its data."""
    sections = {"testing": {"gates": [{"metric": "log_loss", "at_most": 1e-6}]}}
    plan = sagemaker_plan(sections, training_job=True)
    made = runner(plan, tmp_path_factory.mktemp("refused"), table(ROWS))
    made.definition["Steps"] = made.definition["Steps"][1:]
    assert made.run() == "Failed", made.ended
    return made


@pytest.fixture(scope="session", name="broken")
def broken_run(tmp_path_factory: pytest.TempPathFactory) -> JobRunner:
    """Its table lacks a column; preparation is its first job."""
    made = runner(sagemaker_plan(), tmp_path_factory.mktemp("broken"), table(ROWS, header="a,c,y"))
    made.definition["Steps"] = made.definition["Steps"][1:]
    assert made.run() == "Failed", made.ended
    return made


@pytest.fixture(scope="session")
def aws_address() -> Iterator[str]:
    """The address of a stand-in for AWS on this machine."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(aws_address: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The environment of somebody who may do everything there."""
    nothing = tmp_path_factory.mktemp("aws")
    for name, value in {
        "AWS_ENDPOINT_URL": aws_address,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(nothing / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(nothing / "credentials"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return aws_address


@pytest.fixture
def account(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account with a bucket and a role, and nothing else."""
    simulate_policies(monkeypatch)
    from urllib.request import Request, urlopen

    import boto3

    urlopen(Request(f"{aws}/moto-api/reset", method="POST")).close()  # noqa: S310
    boto3.client("s3").create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    trust = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",%s}]}'
    boto3.client("iam").create_role(
        RoleName=ROLE.rpartition("/")[2],
        AssumeRolePolicyDocument=trust % '"Principal":{"Service":"sagemaker.amazonaws.com"}',
    )


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The predictor of the bundle, as its container on SageMaker would answer."""
    with predictor(tmp_path_factory.mktemp("predictor")) as url:
        yield f"{url}/invocations"


@pytest.fixture
def changes(account: None, address: str, monkeypatch: pytest.MonkeyPatch) -> Changes:
    made = mend_moto(monkeypatch)
    made.predictor = address
    return made


@pytest.fixture
def releaser(changes: Changes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Releaser:
    made = Releaser(tmp_path)
    job = {"StepName": "train-model", "StepStatus": "Succeeded"}
    job["Metadata"] = {"ProcessingJob": {"Arn": f"{JOBS}:processing-job/job-1"}}  # type: ignore[assignment]
    register = {"StepName": "register-model", "StepStatus": "Succeeded"}
    register["Metadata"] = {"RegisterModel": {"Arn": made.package}}  # type: ignore[assignment]
    monkeypatch.setattr(SageMaker, "_steps", lambda service, arn: iter([job, register]))  # moto lists none
    return made
