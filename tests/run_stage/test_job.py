"""What a job makes of its settings and arguments; the stages themselves run in `tests/pipelines/sagemaker`."""

import json
from pathlib import Path
from typing import Any

import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.pipelines.stages import MODULES
from sevenfold.run_stage import __main__ as command
from sevenfold.run_stage.folders import JobFolders
from sevenfold.run_stage.stages import STAGES, Job

DIGEST = f"sha256:{'3' * 64}"


def job(root: Path, settings: dict[str, Any]) -> Job:
    inputs = root / "processing/input"
    (inputs / "settings").mkdir(parents=True)
    (inputs / "settings/settings.json").write_text(json.dumps(settings))
    return Job(folders=JobFolders(root))


def mount(root: Path, name: str, file: str) -> Path:
    path = root / "processing/input" / name / file
    path.parent.mkdir(parents=True)
    path.write_text("x")
    return path


def test_every_stage_of_the_pipeline_is_there() -> None:
    assert {name.replace("-", "_") for name in STAGES} == set(MODULES) - {"hand_over"}


def test_an_address_that_is_mounted_becomes_its_file_and_keeps_its_digest(tmp_path: Path) -> None:
    given = {"refine": {"recipe": f"s3://bucket/history.json#{DIGEST}"}, "design": {"notebook": "s3://bucket/a.ipynb"}}
    made = job(tmp_path, {"explore-data": given})
    recipe, notebook = mount(tmp_path, "recipe", "history.json"), mount(tmp_path, "notebook", "a b.ipynb")
    settings = made.settings("explore-data")
    assert settings["refine"]["recipe"] == f"{recipe.as_uri()}#{DIGEST}"
    assert settings["design"]["notebook"] == notebook.as_uri()


def test_an_address_that_is_not_mounted_stays(tmp_path: Path) -> None:
    given = {"training": {"source": f"https://example.org/ours.zip#{DIGEST}"}}
    assert job(tmp_path, {"train-model": given}).settings("train-model") == given


def test_the_files_of_a_table_keep_the_order_of_the_plan(tmp_path: Path) -> None:
    sources = [f"s3://bucket/{name}.csv" for name in "zax"]
    made = job(tmp_path, {"prepare-data": {"data": {"source": sources}}})
    files = [mount(tmp_path, f"table-{number}", f"{name}.csv") for number, name in enumerate("zax", start=1)]
    assert json.loads(made.table(made.settings("prepare-data"))) == [str(file) for file in files]


@pytest.mark.parametrize("settings", [{}, {"test-model": {}}])
def test_settings_of_another_stage_are_refused(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="'train-model'") as caught:
        job(tmp_path, settings).settings("train-model")
    assert caught.value.code == "settings"


def test_arguments_reach_the_stages_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[tuple[str, Job]] = []
    stand_in = {name: (name, lambda made, stage: called.append((stage, made))) for name in STAGES}
    monkeypatch.setattr(command, "STAGES", stand_in)
    arguments = ["judge-canary", "monitor-model", "--data-digest=", "--trials=-1", "--seed=3", "--run=r1"]
    assert command.main([*arguments, f"--root={tmp_path}"]) == 0
    (first, made), (second, _) = called
    assert (first, second) == ("judge-canary", "monitor-model")
    assert made == Job(folders=JobFolders(tmp_path), seed=3, run="r1")


def test_a_stage_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["bake-model"])
    assert ended.value.code == 2
    assert "bake-model" in capsys.readouterr().err


def test_a_failure_ends_the_job_with_its_cause_in_the_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["train-model", "--training-job", f"--root={tmp_path}"])
    assert ended.value.code == 1
    cause = json.loads((tmp_path / "output/failure").read_text())
    assert (cause["stage"], cause["code"]) == ("training", "missing_input")
    assert json.loads(capsys.readouterr().out)["code"] == "missing_input"
