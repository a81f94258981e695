from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kfp import dsl

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.canonical import canonical_json, write_json
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.manifest import seal
from sevenfold.plan.training import TrainingSection
from sevenfold.report.page import read_report
from sevenfold.runtime.progress import parse_progress
from sevenfold.training.component import train_model


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    write_json(folder / "best.json", {"settings": {"width": 16}, "score": 0.8})
    seal(folder, expected=["best.json"])
    return folder


def artifacts(tmp_path: Path, mixed: Dataset, study: Path) -> dict[str, Any]:
    return {
        "dataset": dsl.Dataset(uri=str(mixed.folder)),
        "study": dsl.Artifact(uri=str(study)),
        "bundle": dsl.Model(uri=str(tmp_path / "bundle")),
        "report": dsl.HTML(uri=str(tmp_path / "report.html")),
        "summary": dsl.Markdown(uri=str(tmp_path / "summary.md")),
        "metrics": dsl.Metrics(uri=str(tmp_path / "metrics")),
    }


def settings(section: TrainingSection) -> str:
    return canonical_json(
        {"training": section.model_dump(mode="json"), "name": "t", "metric": "roc_auc", "plan_digest": "sha256:p"}
    )


def test_it_trains_with_the_settings_of_tuning(
    tmp_path: Path, mixed: Dataset, study: Path, section: TrainingSection, capsys: pytest.CaptureFixture[str]
) -> None:
    given = artifacts(tmp_path, mixed, study)
    train_model.python_func(settings=settings(section), data_digest="sha256:d", max_epochs=2, seed=11, **given)
    bundle = Bundle.open(tmp_path / "bundle")
    assert bundle.info.settings["width"] == 16
    assert bundle.info.digests == {"data": "sha256:d", "plan": "sha256:p", "dataset": mixed.digest}
    assert given["metrics"].metadata["roc_auc"] == bundle.info.metrics["roc_auc"]
    report = read_report(tmp_path / "report.html")
    assert report.stage == "training" and "roc_auc" in report.headline
    table = next(block for block in report.blocks if getattr(block, "title", "") == "Settings")
    origins = {row[0]: (row[1], row[2]) for row in table.rows}
    assert origins["width"] == (16, "tuning") and origins["seed"] == (11, "plan")
    assert "Training" in (tmp_path / "summary.md").read_text()
    steps = [step for line in capsys.readouterr().out.splitlines() if (step := parse_progress(line))]
    assert [step.done for step in steps if step.message.startswith("epoch")] == [1, 2]
    assert {(step.stage, step.total) for step in steps} == {("training", 2)}


def test_a_failure_is_one_line_and_leaves_nothing_sealed(
    tmp_path: Path, mixed: Dataset, study: Path, section: TrainingSection, capsys: pytest.CaptureFixture[str]
) -> None:
    (study / "best.json").write_text('{"settings": {}}')
    with pytest.raises(SystemExit):
        train_model.python_func(settings=settings(section), **artifacts(tmp_path, mixed, study))
    failure = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (failure["stage"], failure["code"]) == ("training", "digest_mismatch")
    assert not (tmp_path / "bundle" / "manifest.json").exists()


def test_the_signatures_defaults_leave_the_plan_alone() -> None:
    inputs = train_model.component_spec.inputs
    assert {name: inputs[name].default for name in ("data_digest", "max_epochs", "seed")} == {
        "data_digest": "",
        "max_epochs": 0,
        "seed": -1,
    }
