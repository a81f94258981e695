"""The wrapper, with a real fit on a real, small dataset."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kfp import dsl

from sevenfold.contracts.manifest import verify
from sevenfold.contracts.schema import Column, Kind, Role, Task
from sevenfold.contracts.study import Best
from sevenfold.plan import DataSection, PreparationSection, TrainingSection, TuningSection
from sevenfold.preparation.prepare import prepare
from sevenfold.report.page import read_report
from sevenfold.runtime.progress import parse_progress
from sevenfold.training.settings import all_settings
from sevenfold.training.train import train
from sevenfold.tuning.component import tune_model


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("table")
    rng = np.random.default_rng(0)
    x, kind = rng.normal(size=300), rng.choice(["a", "b"], 300)
    late = np.where(x + (kind == "a") + rng.normal(size=300) > 0.5, "yes", "no")
    lines = [f"{a:.4f},{b},{c}" for a, b, c in zip(x, kind, late, strict=True)]
    (home / "t.csv").write_text("x,kind,late\n" + "\n".join(lines) + "\n")
    columns = {
        "x": Column(kind=Kind.NUMBER),
        "kind": Column(kind=Kind.CATEGORY),
        "late": Column(kind=Kind.CATEGORY, role=Role.TARGET),
    }
    section = DataSection(source="t.csv", target="late", task=Task.BINARY, columns=columns)
    prepare(home / "t.csv", section, PreparationSection(), home / "dataset", max_features=50)
    return home / "dataset"


NETWORK = {"model": "network", "threads": 1, "batch_size": 64}


def call(dataset: Path, home: Path, tuning: dict[str, Any], training: dict[str, Any] | None = None, **more: Any) -> Any:
    home.mkdir()
    given = {
        "tuning": TuningSection(**tuning).model_dump(mode="json"),
        "training": TrainingSection(**{**NETWORK, **(training or {})}).model_dump(mode="json"),
        "metric": "roc_auc",
    }
    metrics = dsl.Metrics(uri=str(home / "metrics"))
    tune_model.python_func(
        dataset=dsl.Dataset(uri=str(dataset)),
        settings=json.dumps(given),
        study=dsl.Artifact(uri=str(home / "study")),
        report=dsl.HTML(uri=str(home / "report.html")),
        summary=dsl.Markdown(uri=str(home / "report.md")),
        metrics=metrics,
        **more,
    )
    return metrics.metadata


def test_tunes_with_real_fits_and_repeats(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tuning = {"trials": 3, "max_epochs": 2}
    metadata = call(dataset, tmp_path / "one", tuning)
    steps = [parse_progress(line) for line in capsys.readouterr().out.splitlines()]
    call(dataset, tmp_path / "two", tuning)
    assert verify(tmp_path / "one/study").digest == verify(tmp_path / "two/study").digest
    best = json.loads((tmp_path / "one/study/best.json").read_text())
    assert metadata["best_roc_auc"] == best["score"]
    assert 0.6 < best["score"] < 1
    assert {"learning_rate", "dropout", "width"} <= best["settings"].keys()
    trials = json.loads((tmp_path / "one/study/trials.json").read_text())
    # The first trial takes the defaults, so tuning never ends worse than no tuning.
    defaults = all_settings({})
    assert trials[0]["settings"] == {name: defaults[name] for name in trials[0]["settings"]}
    messages = [step.message for step in steps if step]
    assert messages[-1] == f"trial 3 of 3, best {best['score']:.4g}"
    assert read_report(tmp_path / "one/report.html").stage == "tuning"


@pytest.mark.slow  # each process imports what the model needs
def test_two_processes_give_the_study_of_one_where_nothing_depends_on_which_ends_first(
    dataset: Path, tmp_path: Path
) -> None:
    tuning = {"trials": 4, "max_epochs": 1, "sampler": "random", "pruner": "none"}
    call(dataset, tmp_path / "one", tuning, {"model": "linear"})
    call(dataset, tmp_path / "two", {**tuning, "processes": 2}, {"model": "linear"})
    assert verify(tmp_path / "one/study").digest == verify(tmp_path / "two/study").digest


def test_auto_tries_every_kind_and_says_which_won(dataset: Path, tmp_path: Path) -> None:
    metadata = call(dataset, tmp_path / "auto", {"trials": 6, "max_epochs": 2}, {"model": "auto"})
    best = json.loads((tmp_path / "auto/study/best.json").read_text())
    trials = json.loads((tmp_path / "auto/study/trials.json").read_text())
    assert {trial["model"] for trial in trials} == {"linear", "trees", "network"}
    assert len(trials) == metadata["trials"] == 6
    assert best["score"] == max(trial["score"] for trial in trials if trial["model"] == best["model"])
    report = read_report(tmp_path / "auto/report.html")
    assert f"Chosen: {best['model']}," in report.headline


def test_a_setting_whose_condition_does_not_hold_is_unset_in_trials_and_in_training(
    dataset: Path, tmp_path: Path
) -> None:
    space = {"width": {"choices": [8, 16]}, "dropout": {"choices": [0.6], "when": {"width": [16]}}}
    tuning = {"trials": 9, "max_epochs": 1, "sampler": "grid", "pruner": "none", "space": space}
    call(dataset, tmp_path / "set", tuning, {"settings": {"dropout": 0.55}})
    call(dataset, tmp_path / "unset", tuning)
    trials = json.loads((tmp_path / "set/study/trials.json").read_text())
    assert sorted(trial["settings"].items() for trial in trials) == [
        {"width": 8}.items(),
        {"dropout": 0.6, "width": 16}.items(),
    ]
    assert json.loads((tmp_path / "unset/study/trials.json").read_text()) == trials
    Best(settings={"width": 8}, model="network", score=0.5).save(tmp_path / "narrow", [])
    section = TrainingSection.model_validate({**NETWORK, "max_epochs": 1, "settings": {"dropout": 0.55}})
    trained = train(dataset, tmp_path / "narrow", section, "roc_auc", tmp_path / "bundle", name="t", digests={})
    assert trained.fitted.settings["dropout"] == all_settings({})["dropout"] != 0.55


def test_the_best_model_within_the_limit_of_latency_is_chosen_and_the_pareto_set_shown(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuning = {"trials": 4, "max_epochs": 1, "pruner": "none", "sampler": "random", "latency": {"limit_ms": 5000.0}}
    linear = {"model": "linear"}
    call(dataset, tmp_path / "real", tuning, linear)
    report = read_report(tmp_path / "real/report.html")
    listed = next(block for block in report.blocks if block.block == "table" and block.title == "All trials")
    measured = [row[listed.columns.index("ms")] for row in listed.rows]
    assert all(isinstance(time, float) and 0 < time < 5000 for time in measured)
    trials = json.loads((tmp_path / "real/study/trials.json").read_text())
    # Now the best model is too slow.
    order = sorted(trials, key=lambda trial: -trial["score"])
    times = {trial["score"]: 9_000.0 - 1_000 * place for place, trial in enumerate(order)}
    monkeypatch.setattr("sevenfold.tuning.task.latency_ms", lambda fitted, data, rows: times[fitted.score])
    call(dataset, tmp_path / "slow", {**tuning, "latency": {"limit_ms": 8_000.0}}, linear)
    best = json.loads((tmp_path / "slow/study/best.json").read_text())
    assert best["score"] == next(score for score, time in times.items() if time <= 8_000)
    assert best["score"] < order[0]["score"]
    report = read_report(tmp_path / "slow/report.html")
    front = next(block for block in report.blocks if block.block == "table" and block.title == "Pareto set")
    assert [row[2] for row in front.rows] == sorted(times[trial["score"]] for trial in trials), "the better, the slower"
    verdicts = {row[1]: row[3] for row in reversed(front.rows)}  # of equal trials the first was chosen
    assert verdicts[float(f"{best['score']:.6g}")] == "chosen"
    assert verdicts[float(f"{order[0]['score']:.6g}")] == "too slow"


def test_parameters_of_the_run_go_before_the_plan(dataset: Path, tmp_path: Path) -> None:
    call(dataset, tmp_path / "skip", {"trials": 5}, {"settings": {"width": 32}}, trials=0)
    assert json.loads((tmp_path / "skip/study/best.json").read_text()) == {
        "model": "network",
        "score": None,
        "settings": {"width": 32},
    }
    call(dataset, tmp_path / "a", {"trials": 1, "max_epochs": 1}, seed=3)
    call(dataset, tmp_path / "b", {"trials": 1, "max_epochs": 1, "seed": 3}, {"seed": 3})
    assert verify(tmp_path / "a/study").digest == verify(tmp_path / "b/study").digest


def test_a_search_whose_trials_all_fail_ends_with_one_line(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = {"width": {"choices": [-1, -2]}}
    with pytest.raises(SystemExit):
        call(dataset, tmp_path / "bad", {"trials": 2, "space": space})
    failure = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert failure["code"] == "all_trials_failed"
    assert "training.settings.width" in failure["message"]
    assert not (tmp_path / "bad/study").exists()


def test_defaults_of_the_form_mean_the_plan() -> None:
    inputs = tune_model.component_spec.inputs
    assert (inputs["trials"].default, inputs["seed"].default, inputs["data_digest"].default) == (-1, -1, "")
