"""The command line: help that teaches, one clear error, the documented exit statuses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.errors import DataError

COMMANDS = [
    "init",
    "validate",
    "run",
    "refine",
    "compile",
    "serve",
    "drift",
    "evaluate",
    "history",
    "rollback",
    "doctor",
]


def sevenfold(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sevenfold", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200", **environment},
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches_every_command(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 5


def test_version() -> None:
    assert CliRunner().invoke(app, ["--version"]).output.startswith("sevenfold 0.")


def test_the_schema_is_json() -> None:
    import json

    result = CliRunner().invoke(app, ["validate", "--schema"])
    assert json.loads(result.output)["title"] == "Sevenfold plan"


def test_a_missing_plan_is_one_error_with_status_2(tmp_path: Path) -> None:
    done = sevenfold("run", "plan.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "sevenfold init" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_missing_table_is_one_error_with_status_2_and_no_run_folder(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(
        "version: 1\nname: demo\ndata:\n  source: gone.csv\n  target: y\n  task: binary\n  columns:\n"
        "    a: {kind: number}\n    y: {kind: category, role: target}\n"
    )
    done = sevenfold("run", "plan.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "gone.csv" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["plan.yaml"]


def test_history_of_a_plan_never_run_is_one_error(tmp_path: Path) -> None:
    done = sevenfold("history", "demo", cwd=tmp_path)
    assert done.returncode == 2
    assert "sevenfold run" in done.stderr


@pytest.mark.parametrize("command", ["history", "status", "promote", "rollback"])
def test_the_path_of_a_plan_is_no_name_of_one(command: str) -> None:
    result = CliRunner().invoke(app, [command, "plans/plan.yaml", "--namespace", "team"])
    assert isinstance(result.exception, DataError)
    assert "must be the name of a plan" in str(result.exception)


def test_a_paragraph_of_help_is_broken_only_at_the_margin() -> None:
    result = CliRunner().invoke(app, ["submit", "--help"], env={"COLUMNS": "300", "NO_COLOR": "1"})
    (line,) = (line for line in result.output.splitlines() if "AWS_ACCESS_KEY_ID" in line)
    assert "A local table" in line
    assert "KF_PIPELINES_COOKIE" in line


def test_shell_completion_is_offered(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "_SEVENFOLD_COMPLETE": "complete_bash",
        "COMP_WORDS": "sevenfold ro",
        "COMP_CWORD": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "sevenfold"], capture_output=True, text=True, env=environment, check=False, cwd=tmp_path
    )
    assert "rollback" in done.stdout


def test_init_takes_a_table_in_parts_and_in_another_encoding(tmp_path: Path) -> None:
    rows = [f"{(i * 37) % 101 / 8},{'Köln' if i % 3 else 'Łódź'},{(i * 7919) % 10 < 4}\n" for i in range(600)]
    for name, part in (("1.csv", rows[:300]), ("2.csv", rows[300:])):
        (tmp_path / name).write_bytes(("a,b,y\n" + "".join(part)).encode("cp1250"))
    refused = sevenfold("init", "1.csv", "2.csv", "--target", "y", cwd=tmp_path)
    assert refused.returncode == 2
    assert "cp1250" in refused.stderr
    assert "--encoding" in refused.stderr
    done = sevenfold("init", "1.csv", "2.csv", "--target", "y", "--encoding", "cp1250", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    plan = yaml.safe_load((tmp_path / "plan.yaml").read_text())
    assert (plan["data"]["source"], plan["data"]["encoding"]) == (["1.csv", "2.csv"], "cp1250")


def test_a_terminal_that_cannot_write_every_sign_ends_no_command(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("n,€\n" + "".join(f"{i % 89},{'ab'[(i * 7919) % 10 < 4]}\n" for i in range(400)))
    done = sevenfold("init", "t.csv", "--target", "€", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "plan.yaml").is_file()
    assert "\\u20ac: binary" in done.stdout
