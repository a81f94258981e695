"""The two files of a split release: which stages and secrets each has."""

import json
from pathlib import Path

import yaml
from typer.testing import CliRunner

from sevenfold.cli.main import app
from sevenfold.plan import Plan, SecretsSection


def test_two_files_share_the_stages(plan: Plan, tmp_path: Path) -> None:
    text = "version: 1\nname: demo\ndata: {source: demo.csv, target: y, task: binary, columns: "
    text += "{a: {kind: number}, y: {kind: category, role: target}}}\nsecrets: {storage: keys}\n"
    (tmp_path / "demo.yaml").write_text(text)
    done = CliRunner().invoke(app, ["compile", str(tmp_path / "demo.yaml"), "--split-release"])
    assert done.exit_code == 0, done.output
    build, release_ = (
        list(yaml.safe_load_all((tmp_path / f"demo.{name}pipeline.yaml").read_text())) for name in ("", "release.")
    )
    tasks = {name.removeprefix("exec-") for name in build[0]["deploymentSpec"]["executors"]}
    assert tasks == {
        "explore-data", "prepare-data", "tune-model", "train-model", "test-model", "hand-over"
    }  # fmt: skip
    assert {name for name in release_[0]["deploymentSpec"]["executors"] if "importer" not in name} == {
        "exec-deploy-model", "exec-judge-canary", "exec-monitor-model"
    }  # fmt: skip
    form = release_[0]["root"]["inputDefinitions"]["parameters"]
    assert set(form) == {"dataset", "bundle", "evaluation", "bundle_digest", "evaluation_digest"}
    assert not any(field.get("isOptional") for field in form.values())
    assert all(field["description"] for field in form.values())
    assert "secretAsEnv" not in json.dumps(release_[1])


def test_a_build_has_the_secrets_of_the_whole_and_no_more(plan: Plan, tmp_path: Path) -> None:
    from sevenfold.pipelines.compile import compile_plan

    kept = plan.model_copy(update={"secrets": SecretsSection(storage="keys")})
    executors = {}
    for part in ("whole", "build"):
        package = compile_plan(kept, tmp_path / f"{part}.yaml", part=part)
        platform = list(yaml.safe_load_all(package.read_text()))[1]["platforms"]["kubernetes"]
        executors[part] = platform["deploymentSpec"]["executors"]
    shared = set(executors["build"]) & set(executors["whole"])
    assert "exec-train-model" in shared
    assert all(executors["build"][name] == executors["whole"][name] for name in shared)
    assert "secretAsEnv" not in executors["build"]["exec-hand-over"]
