"""--target: which options go with it, and that nothing of another system is imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines import targets
from sevenfold.pipelines.check import Check
from sevenfold.pipelines.known_runs import find_known_run
from sevenfold.pipelines.result import Result

PLAN = """\
version: 1
name: demo
data:
  source: s3://ours/demo.csv
  target: y
  task: binary
  columns:
    a: {kind: number}
    y: {kind: category, role: target}
"""


class Elsewhere:
    """A target that keeps what it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[Any] = []

    def compile(self, plan: Any, plan_path: Path, out: Path | None) -> tuple[str, ...]:
        return (f"Wrote {plan.name} to {out}.",)

    def submit(self, plan: Any, asked: targets.RunRequest, console: Any) -> Result | None:
        self.asked.append(asked)
        return self.ended() if asked.wait else None

    def follow(self, run: str, *, runs: Path, root: str, console: Any) -> Result:
        self.asked.append(run)
        return self.ended()

    def checks(self, plan: Any) -> list[Check]:
        return [Check("bucket", False, "is not there", "make one")]

    def ended(self) -> Result:
        return Result(folder=self.folder, state="refused", sentence="Because.", exit_status=3)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    """A target named `elsewhere`, with a plan in the working folder."""
    made = Elsewhere(tmp_path)
    module = type(sys)("elsewhere_target")
    module.make_target = lambda: made  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "elsewhere_target", module)
    monkeypatch.setitem(targets.TARGETS, "elsewhere", "elsewhere_target")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.yaml").write_text(PLAN)
    return made


def invoke(*arguments: str, **environment: str) -> Any:
    return CliRunner().invoke(app, list(arguments), env=environment)


def test_a_run_elsewhere_ends_with_its_own_status(elsewhere: Elsewhere) -> None:
    done = invoke("submit", "plan.yaml", "--target", "elsewhere", "--trials", "2", "--root", "gs://b/r")
    assert done.exit_code == 3
    assert "refused  Because." in done.output
    asked = elsewhere.asked[0]
    assert (asked.trials, asked.root, asked.max_epochs, asked.wait) == (2, "gs://b/r", None, True)


def test_who_does_not_wait_gets_no_verdict(elsewhere: Elsewhere) -> None:
    done = invoke("submit", "plan.yaml", "--target", "elsewhere", "--no-wait")
    assert (done.exit_code, "Because." in done.output) == (0, False)


def test_a_run_is_followed_where_it_was_submitted(elsewhere: Elsewhere) -> None:
    folder = elsewhere.folder / "runs" / "demo" / "elsewhere-1"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"run": "demo-77", "target": "elsewhere"}))
    assert invoke("follow", "demo-7").exit_code == 3
    assert elsewhere.asked == ["demo-7"]
    known = find_known_run("demo-7", elsewhere.folder / "runs")
    assert known is not None
    assert (known.run, known.name, known.target) == ("demo-77", "demo", "elsewhere")


def test_doctor_asks_the_target(elsewhere: Elsewhere) -> None:
    done = invoke("doctor", "plan.yaml", "--target", "elsewhere")
    assert done.exit_code == 1
    assert "bucket             is not there" in done.output
    assert "fix it: make one" in done.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("compile", "plan.yaml", "--plain"),
        ("submit", "plan.yaml", "--service-account", "a"),
        ("submit", "plan.yaml", "--cron", "0 2 * * *"),
        ("doctor", "plan.yaml", "--context", "kind"),
    ],
)
def test_an_option_of_kubeflow_is_refused_elsewhere(elsewhere: Elsewhere, arguments: tuple[str, ...]) -> None:
    done = invoke(*arguments, "--target", "elsewhere")
    assert isinstance(done.exception, PolicyError)
    assert done.exception.code == "target_option"
    assert arguments[2] in done.exception.message
    assert elsewhere.asked == []


def test_a_variable_of_kubeflow_does_not_matter_elsewhere(elsewhere: Elsewhere) -> None:
    done = invoke(
        "submit", "plan.yaml", "--target", "elsewhere", "--no-wait", KF_PIPELINES_ENDPOINT="http://127.0.0.1:1"
    )
    assert done.exit_code == 0


def test_an_unknown_target_is_named_with_those_that_are_known() -> None:
    with pytest.raises(PolicyError, match=r"kubeflow.*'nowhere'") as refused:
        targets.find_target("nowhere")
    assert refused.value.code == "target_unknown"


@pytest.mark.parametrize("name", list(targets.TARGETS))
def test_a_target_is_made_without_the_packages_of_any(name: str) -> None:
    packages = ["kfp", "google.cloud.aiplatform", "google.cloud.storage", "boto3", "kubernetes"]
    made = f"from sevenfold.pipelines.targets import find_target; find_target({name!r})"
    code = f"import sys; {made}; print([package for package in {packages} if package in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
