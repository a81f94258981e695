"""Files that commands write: nothing else is lost to them, and a pipe or device stays one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.errors import SevenfoldError

GOLDEN = Path(__file__).parents[1] / "golden/1"
PLAN = (
    "version: 1\nname: demo\ndata:\n  source: s3://bucket/t.csv\n  target: y\n  task: binary\n"
    "  columns:\n    {a: {kind: number}, y: {kind: category, role: target}}\n"
)
DRIFT = ["drift", "bundle", "rows.parquet", "--out"]
EVALUATE = ["evaluate", "bundle", "dataset", "--out"]
COMPILE = ["compile", "plan.yaml", "--out"]
REFINE = ["refine", "t.csv", "history.json", "--out", "clean.csv", "--report"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "t.csv").write_text("a,y\n1,yes\n")
    (tmp_path / "rows.txt").write_text("a,y\n1,yes\n")
    (tmp_path / "history.json").write_text('[{"op": "core/column-removal", "columnName": "a"}]')
    (tmp_path / "rows.parquet").write_bytes((GOLDEN / "dataset/test.parquet").read_bytes())
    (tmp_path / "folder.csv").mkdir()
    for name in ("bundle", "dataset"):
        (tmp_path / name).symlink_to(GOLDEN / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "path", "says"),
    [
        (DRIFT, ".", "a folder"),
        (EVALUATE, ".", "a folder"),
        (COMPILE, ".", "a folder"),
        (REFINE, ".", "a folder"),
        (["refine", "t.csv", "history.json", "--out"], "folder.csv", "a folder"),
        (DRIFT, "rows.parquet", "a file that this command reads"),
        (["drift", "bundle", "rows.txt", "--out"], "rows.txt", "a file that this command reads"),
        (EVALUATE, "t.csv", "a CSV table"),
        (EVALUATE, "plan.yaml", "a plan"),
        (COMPILE, "plan.yaml", "a file that this command reads"),
        (REFINE, "history.json", "a file that this command reads"),
        (COMPILE, "pipeline", "must end in .yaml or .yml"),
        (COMPILE, "pipeline.json", "Name it pipeline.yaml."),
        ([*COMPILE[:-1], "--target", "sagemaker", "--out"], "pipeline.yaml", "Name it pipeline.json."),
        (COMPILE, os.devnull, "must end in .yaml or .yml"),
    ],
)
def test_what_would_be_lost_is_refused_before_the_work(home: Path, command: list[str], path: str, says: str) -> None:
    before = {file: file.read_bytes() for file in home.iterdir() if file.is_file()}
    result = CliRunner().invoke(app, [*command, path])
    assert isinstance(result.exception, SevenfoldError), result.output
    assert (result.exception.code, result.exception.exit_status) == ("output", 2)
    assert says in str(result.exception)
    assert {file: file.read_bytes() for file in home.iterdir() if file.is_file()} == before


def test_a_page_and_what_was_compiled_are_written_again(home: Path) -> None:
    for _ in range(2):
        assert CliRunner().invoke(app, [*EVALUATE, "page.html"]).exit_code in (0, 3)
        assert CliRunner().invoke(app, [*COMPILE, "pipeline.yml"]).exit_code == 0
    assert (home / "page.html").read_bytes().startswith(b"<!doctype html>")
    assert "deploymentSpec:" in (home / "pipeline.yml").read_text()


def test_a_namespace_without_the_objects_it_is_for_is_a_wrong_usage(home: Path) -> None:
    result = CliRunner().invoke(app, ["compile", "plan.yaml", "--namespace", "team"])
    assert result.exit_code == 2
    assert "--kubernetes" in result.output
    assert not (home / "plan.pipeline.yaml").exists()


def test_a_pipe_gets_the_page_alone_and_stays_one(home: Path) -> None:
    os.mkfifo("pipe")
    reading = subprocess.Popen(["cat", "pipe"], stdout=subprocess.PIPE)
    result = CliRunner().invoke(app, [*EVALUATE, "pipe"])
    page, _ = reading.communicate(timeout=30)
    assert result.exit_code in (0, 3), result.output
    assert page.startswith(b"<!doctype html>") and page.rstrip().endswith(b"</html>")
    assert result.stdout == ""
    assert result.stderr.splitlines()[1] == "pipe"
    assert (home / "pipe").is_fifo()
    assert not list(home.glob(".*.tmp"))


@pytest.mark.parametrize("redirected", [True, False])
def test_stdout_gets_the_page_alone(home: Path, redirected: bool) -> None:
    """Here in a process of its own, whose stdout is a file or a pipe."""
    command = [sys.executable, "-m", "sevenfold", *EVALUATE, "/dev/stdout"]
    if redirected:
        with (home / "page").open("wb") as file:
            done = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, check=False)
        page = (home / "page").read_bytes()
    else:
        done = subprocess.run(command, capture_output=True, check=False)
        page = done.stdout
    assert done.returncode in (0, 3), done.stderr
    assert page.startswith(b"<!doctype html>") and page.rstrip().endswith(b"</html>")
    assert b"/dev/stdout" in done.stderr
    assert Path("/dev/stdout").is_symlink()
