"""Every command given a real file or folder of another kind: one error, that says what it is and what is wanted."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.contracts.errors import SevenfoldError

GOLDEN = Path(__file__).parents[1] / "golden/1"
PLAN = "version: 1\nname: demo\ndata:\n  source: t.csv\n  target: y\n  task: binary\n  columns:\n    {columns}\n"
THINGS = {  # what it is, in the words of the error
    "plan.yaml": "is a plan",
    "t.csv": "is a CSV table",
    "bundle": "is a bundle",
    "dataset": "is a dataset",
    "none": "is an empty folder",
    "gone": "is not there",
    "page.html": "is an HTML page",
}
COMMANDS = {  # arguments, with @ for what is given, and the kinds that are taken
    "serve": (["serve", "@"], {"bundle"}),
    "drift": (["drift", "@", "dataset/test.parquet"], {"bundle"}),
    "drift data": (["drift", "bundle", "@"], {"t.csv", "page.html"}),
    "evaluate": (["evaluate", "@", "dataset"], {"bundle"}),
    "evaluate dataset": (["evaluate", "bundle", "@"], {"dataset"}),
    "evaluate plan": (["evaluate", "bundle", "dataset", "--plan", "@"], {"plan.yaml"}),
    "bundle": (["bundle", "@", "--dataset", "dataset", "--out", "made"], set()),
    "bundle dataset": (["bundle", "bundle/model.onnx", "--dataset", "@", "--out", "made"], {"dataset"}),
    "refine": (["refine", "@", "plan.yaml", "--out", "clean.csv"], {"t.csv", "page.html"}),
    "validate": (["validate", "@"], {"plan.yaml"}),
    "run": (["run", "@"], {"plan.yaml"}),
    "run data": (["run", "plan.yaml", "--data", "@"], {"t.csv", "page.html", "gone"}),
    "compile": (["compile", "@"], {"plan.yaml"}),
    "submit": (["submit", "@"], {"plan.yaml"}),
    "doctor": (["doctor", "@"], {"plan.yaml"}),
    "init": (["init", "@", "--target", "y"], {"t.csv", "page.html", "gone"}),
}
CASES = [(name, thing) for name, (_, taken) in COMMANDS.items() for thing in THINGS if thing not in taken]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "plan.yaml").write_text(PLAN.format(columns="{a: {kind: number}, y: {kind: category, role: target}}"))
    (tmp_path / "t.csv").write_text("a,y\n1,yes\n")
    (tmp_path / "page.html").write_text("<!doctype html><html></html>")
    (tmp_path / "none").mkdir()
    for name in ("bundle", "dataset"):
        (tmp_path / name).symlink_to(GOLDEN / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("command", "thing"), CASES)
def test_another_kind_is_one_clear_error(home: Path, command: str, thing: str) -> None:
    arguments = [thing if part == "@" else part for part in COMMANDS[command][0]]
    before = sorted(path.name for path in home.iterdir())
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, SevenfoldError)
    assert result.exception.exit_status == 2
    said = str(result.exception)
    assert f"{thing}' {THINGS[thing]}" in said or f"{thing} must be a plan, a YAML file, but {THINGS[thing]}" in said
    assert "\n" not in said
    assert result.output == ""
    assert sorted(path.name for path in home.iterdir()) == before


@pytest.mark.parametrize(("target", "differs"), [("y", "it predicts 'y'"), ("late", "it has no column 'airport'")])
def test_a_plan_about_another_model_is_refused(home: Path, target: str, differs: str) -> None:
    columns = f"{{a: {{kind: number}}, {target}: {{kind: category, role: target}}}}"
    (home / "plan.yaml").write_text(PLAN.format(columns=columns).replace("target: y", f"target: {target}"))
    result = CliRunner().invoke(app, ["evaluate", "bundle", "dataset", "--plan", "plan.yaml"])
    assert isinstance(result.exception, SevenfoldError)
    assert result.exception.code == "other_plan"
    assert differs in str(result.exception)
    assert result.exception.exit_status == 2
