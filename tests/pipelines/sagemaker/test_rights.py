"""`sevenfold doctor --target sagemaker` about rights: by the policies that role and user have, and what gives more."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto_rights import forbid_simulation
from sagemaker_plans import ACCOUNT, ROLE, plan_text
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.pipelines.sagemaker.service import SageMaker

WHO = f"arn:aws:iam::{ACCOUNT}:user/ada"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/analyst/ada"


@pytest.fixture(autouse=True)
def account_with_a_user(account: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boto3.client("iam").create_user(UserName="ada")
    asked = SageMaker.asked

    def as_ada(service: SageMaker, name: str, operation: str, **given: Any) -> dict[str, Any]:
        return {"Arn": WHO} if name == "sts" else asked(service, name, operation, **given)

    monkeypatch.setattr(SageMaker, "asked", as_ada)
    (tmp_path / "plan.yaml").write_text(plan_text(serving={}))
    monkeypatch.chdir(tmp_path)


def doctor() -> Any:
    return CliRunner().invoke(app, ["doctor", "plan.yaml", "--target", "sagemaker"], env={"COLUMNS": "600"})


def allow_everything(but: str = "") -> None:
    statements = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    statements += [{"Effect": "Deny", "Action": but, "Resource": "*"}] if but else []
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    client = boto3.client("iam")
    client.put_role_policy(RoleName=ROLE.rpartition("/")[2], PolicyName="all", PolicyDocument=policy)
    client.put_user_policy(UserName="ada", PolicyName="all", PolicyDocument=policy)


def obey(command: str) -> None:
    """Do what a line of `aws iam` says."""
    words = shlex.split(command)
    assert words[:2] == ["aws", "iam"]
    given = {name.title().replace("-", ""): value for name, value in zip(words[3::2], words[4::2], strict=True)}
    getattr(boto3.client("iam"), words[2].replace("-", "_"))(**given)


def test_who_has_all_rights_reads_which() -> None:
    allow_everything()
    done = doctor()
    assert done.exit_code == 0, done.output
    assert f"✓ role's rights      {ROLE} may sagemaker:CreateProcessingJob" in done.output
    assert f"✓ your rights        {WHO} may sagemaker:CreatePipeline" in done.output
    assert "✓ root               s3://bucket/sevenfold may be read, in eu-central-1" in done.output


@pytest.mark.parametrize(
    ("action", "loss"),
    [
        (
            "logs:PutLogEvents",
            "the jobs' logs are lost and the predictors' metrics, so that a canary is rolled back as",
        ),
        ("cloudwatch:GetMetricData", "no canary can be judged"),
        ("s3:PutObject", "no job can read or keep anything"),
        ("iam:PassRole", "no job can run as it"),
    ],
)
def test_a_missing_right_is_one_line_with_what_is_lost(action: str, loss: str) -> None:
    allow_everything(but=action)
    done = doctor()
    assert done.exit_code == 1
    (line, *_) = (line for line in done.output.splitlines() if line.startswith("✗"))
    assert action in line
    assert loss in line


def test_the_commands_that_it_names_give_every_right() -> None:
    done = doctor()
    commands = [line.partition("fix it: ")[2] for line in done.output.splitlines() if "fix it: aws iam" in line]
    assert len(commands) == 11, done.output
    for command in commands:
        obey(command)
    again = doctor()
    assert again.exit_code == 0, again.output


def test_the_rights_of_a_session_are_its_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    allow_everything()
    client = boto3.client("iam")
    client.create_role(RoleName="analyst", Path="/people/", AssumeRolePolicyDocument="{}")
    monkeypatch.setattr(f"{__name__}.WHO", SESSION)
    done = doctor()
    assert "--role-name analyst --policy-name sevenfold-submit" in done.output
    assert done.exit_code == 1


def test_who_may_not_ask_for_a_simulation_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_simulation(monkeypatch)
    done = doctor()
    assert done.exit_code == 0, done.output
    assert f"? role's rights      whether {ROLE} has its rights is not known" in done.output
    assert "iam:SimulatePrincipalPolicy" in done.output


def test_a_bucket_of_another_region_is_named(tmp_path: Path) -> None:
    allow_everything()
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="far")
    (tmp_path / "plan.yaml").write_text(plan_text(serving={}, root="s3://far/sevenfold"))
    done = doctor()
    assert done.exit_code == 1
    assert "✗ root               far lies in us-east-1, but jobs run in eu-central-1" in done.output
