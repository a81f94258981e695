"""Settings that exist only where another has a certain value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sevenfold.plan.tuning import Dimension, TuningSection
from sevenfold.runtime.checkpoint import checkpoints_at
from sevenfold.tuning.engines.optuna import search
from sevenfold.tuning.report import build_report
from sevenfold.tuning.study import OnEpoch, Study, best_settings

SPACE = {
    "floor": Dimension(low=0, high=0.5, step=0.25, when={"schedule": ["cosine"]}),
    "optimizer": Dimension(choices=("sgd", "adam", "lion")),
    "schedule": Dimension(choices=("constant", "cosine"), when={"optimizer": ["sgd", "lion"]}),
    "beta": Dimension(choices=(0.9, 0.99), when={"optimizer": ["adam"], "width": [32]}),
    "width": Dimension(choices=(16, 32)),
}


def names_of(settings: Mapping[str, Any]) -> set[str]:
    """Say by hand which settings go with the values of the others."""
    names = {"optimizer", "width"}
    if settings["optimizer"] in ("sgd", "lion"):
        names.add("schedule")
        if settings["schedule"] == "cosine":
            names.add("floor")
    elif settings["width"] == 32:
        names.add("beta")
    return names


def objective(settings: Mapping[str, Any], on_epoch: OnEpoch) -> float:
    """Lowest for SGD that decays to a quarter."""
    score = {"sgd": 0.0, "adam": 0.4, "lion": 0.7}[settings["optimizer"]]
    score += abs(settings.get("floor", 1.0) - 0.25) + settings.get("beta", 0.0) + settings["width"] / 1_000
    for epoch in range(1, 4):
        if not on_epoch(epoch, score + 1 / epoch):
            break
    return score


def plain(study: Study) -> list[dict[str, Any]]:
    return [trial.record() for trial in study.trials]


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid"])
def test_a_trial_has_the_settings_whose_conditions_hold_and_no_other(sampler: str) -> None:
    section = TuningSection(trials=30, sampler=sampler, pruner="none")
    study = search(objective, section, SPACE, "minimize", first={"optimizer": "adam", "width": 16, "floor": 0.25})
    assert study.trials[0].settings == {"optimizer": "adam", "width": 16}
    for trial in study.trials:
        assert trial.settings.keys() == names_of(trial.settings)
        assert trial.score == objective(trial.settings, lambda epoch, score: True)
    assert {len(trial.settings) for trial in study.trials} == {2, 3, 4}
    again = search(objective, section, SPACE, "minimize", first={"optimizer": "adam", "width": 16})
    assert plain(again) == plain(study)


def test_the_search_learns_within_conditions() -> None:
    study = search(objective, TuningSection(trials=40, pruner="none"), SPACE, "minimize")
    assert study.best is not None
    best = {"optimizer": "sgd", "schedule": "cosine", "floor": 0.25, "width": 16}
    assert study.best.settings == best
    late = [trial.settings["optimizer"] for trial in study.trials[20:]]
    assert late.count("sgd") > len(late) / 2


@pytest.mark.parametrize("sampler", ["tpe", "grid"])
def test_an_interrupted_search_goes_on_to_the_same_study(tmp_path: Path, sampler: str) -> None:
    section = TuningSection(trials=14, sampler=sampler)
    expected = search(objective, section, SPACE, "minimize")
    kept, calls = checkpoints_at(str(tmp_path), "search"), 0

    def dies(settings: Mapping[str, Any], on_epoch: OnEpoch) -> float:
        nonlocal calls
        calls += 1
        if calls == 9:
            raise KeyboardInterrupt
        return objective(settings, on_epoch)

    with pytest.raises(KeyboardInterrupt):
        search(dies, section, SPACE, "minimize", checkpoints=kept)
    study = search(dies, section, SPACE, "minimize", checkpoints=kept)
    assert study.resumed == 8
    assert plain(study) == plain(expected)


def test_a_setting_of_the_plan_that_the_best_trial_lacks_is_not_handed_on() -> None:
    study = search(objective, TuningSection(trials=40, pruner="none"), SPACE, "minimize")
    settings = best_settings(study, {"optimizer": "adam", "beta": 0.99, "batch": 7})
    assert settings == {"batch": 7, "optimizer": "sgd", "schedule": "cosine", "floor": 0.25, "width": 16}


def test_the_report_shows_conditions_and_the_trials_without_the_setting() -> None:
    study = search(objective, TuningSection(trials=24, pruner="none", sampler="random"), SPACE, "minimize")
    report = build_report(study, "log_loss", {"optimizer": "adam"})
    tables = {block.title: block for block in report.blocks if block.block == "table"}
    listed = tables["All trials"]
    for trial, row in zip(study.trials, listed.rows, strict=True):
        shown = dict(zip(listed.columns, row, strict=True))
        assert {name for name in SPACE if shown[name] != "–"} == names_of(trial.settings)
    grid = build_report(search(objective, TuningSection(trials=9, sampler="grid"), SPACE, "minimize"), "log_loss", {})
    findings = [one.text for block in grid.blocks if block.block == "findings" for one in block.findings]
    assert "Of the grid's 19 combinations 9 were tried." in findings
    ranges = {row[0]: row[3] for row in tables["Settings handed to training"].rows}
    assert ranges["floor"] == "0 to 0.5 in steps of 0.25; where schedule is cosine"
    assert ranges["schedule"] == "constant, cosine; where optimizer is sgd or lion"
