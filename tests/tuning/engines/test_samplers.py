"""Every combination once, and CMA-ES, which must go on after an interruption as if there had been none."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.tuning import Dimension, TuningSection
from sevenfold.runtime.checkpoint import checkpoints_at
from sevenfold.tuning.engines.optuna import Search, run_trial, search
from sevenfold.tuning.study import Objective, OnEpoch, Study

GRID = {
    "rate": Dimension(low=0.1, high=0.3, step=0.1),
    "depth": Dimension(low=2, high=4, integer=True),
    "units": Dimension(low=8, high=24, integer=True, step=8),
    "activation": Dimension(choices=("relu", True, 1)),
}
NUMBERS = {
    "x": Dimension(low=-4, high=4),
    "y": Dimension(low=1e-3, high=1e1, log=True),
    "z": Dimension(low=0, high=20, integer=True),
    "kind": Dimension(choices=("a", "b")),
}


def bowl(settings: Mapping[str, Any], on_epoch: OnEpoch) -> float:
    """Lowest at x 1, y 0.1, z 5, kind b; every seventh trial or so fails, and another goes on to the pruner."""
    if -0.1 < settings["x"] < 0.2:
        raise RuntimeError("no room")
    score = (settings["x"] - 1) ** 2 + (math.log10(settings["y"]) + 1) ** 2 + (settings["z"] - 5) ** 2 / 50
    score += 0.1 * (settings["kind"] == "a")
    for epoch in range(1, 4):
        if not on_epoch(epoch, score + 1 / epoch):
            break
    return float(score)


def plain(study: Study) -> list[dict[str, Any]]:
    return [trial.record() for trial in study.trials]


def combination(settings: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(repr(settings[name]) for name in GRID)


def test_a_grid_tries_every_combination_once_and_ends(tmp_path: Path) -> None:
    kept, section = checkpoints_at(str(tmp_path), "grid"), TuningSection(trials=500, sampler="grid", pruner="none")
    calls = 0

    def dies(settings: Mapping[str, Any], on_epoch: OnEpoch) -> float:
        nonlocal calls
        calls += 1
        if calls == 30:
            raise KeyboardInterrupt
        if settings["depth"] == 3:
            raise RuntimeError("no room")
        return float(settings["rate"])

    first = {"rate": 0.1 + 0.1, "depth": 2, "units": 16, "activation": True}
    with pytest.raises(KeyboardInterrupt):
        search(dies, section, GRID, "minimize", first=first, checkpoints=kept)
    study = search(dies, section, GRID, "minimize", first=first, checkpoints=kept)
    assert study.resumed == 29
    assert study.trials[0].settings == {"rate": 0.2, "depth": 2, "units": 16, "activation": True}
    tried = [combination(trial.settings) for trial in study.trials]
    expected = itertools.product((0.1, 0.2, 0.3), (2, 3, 4), (8, 16, 24), ("relu", True, 1))
    assert sorted(tried) == sorted(tuple(map(repr, values)) for values in expected)
    shuffled = search(lambda settings, _: 1.0, section.replaced(seed=8), GRID, "minimize").trials
    assert [combination(trial.settings) for trial in shuffled] != tried


def test_trials_of_a_grid_that_run_at_the_same_time_differ() -> None:
    space = {"depth": GRID["depth"], "units": GRID["units"]}
    source = Search(TuningSection(trials=500, sampler="grid"), space, "minimize")
    asked = [source.ask() for _ in range(10)]
    assert asked[9] is None, "nine combinations"
    assert len({tuple(one.settings.items()) for one in asked if one}) == 9


def test_known_settings_beside_the_grid_are_not_tried() -> None:
    section = TuningSection(trials=1, sampler="grid")
    (trial,) = search(lambda settings, _: 1.0, section, GRID, "minimize", first={"rate": 0.15, "units": 12}).trials
    assert trial.settings["rate"] in (0.1, 0.2, 0.3)
    assert trial.settings["units"] in (8, 16, 24)


def test_cma_es_finds_the_minimum_and_repeats() -> None:
    section = TuningSection(trials=80, sampler="cmaes", pruner="none")
    study = search(bowl, section, NUMBERS, "minimize")
    chance = search(bowl, section.replaced(sampler="random"), NUMBERS, "minimize")
    assert study.best is not None and chance.best is not None
    assert (study.best.score or 9) < min(0.1, chance.best.score or 9)
    assert {"complete", "failed"} == {trial.state for trial in study.trials}
    assert plain(search(bowl, section, NUMBERS, "minimize")) == plain(study)
    assert plain(search(bowl, section.replaced(seed=8), NUMBERS, "minimize")) != plain(study)


@pytest.mark.parametrize("pruner", ["none", "median"])
@pytest.mark.parametrize("interrupted", [(1,), (13,), (7, 20, 31)])
def test_cma_es_goes_on_as_if_it_had_not_been_interrupted(
    tmp_path: Path, pruner: str, interrupted: tuple[int, ...]
) -> None:
    section = TuningSection(trials=40, sampler="cmaes", pruner=pruner)
    expected = search(bowl, section, NUMBERS, "minimize", first={"x": 2.0})
    kept, calls = checkpoints_at(str(tmp_path), "cmaes"), 0

    def dies(settings: Mapping[str, Any], on_epoch: OnEpoch) -> float:
        nonlocal calls
        calls += 1
        if calls - 1 in interrupted:
            raise KeyboardInterrupt
        return bowl(settings, on_epoch)

    for _ in interrupted:
        with pytest.raises(KeyboardInterrupt):
            search(dies, section, NUMBERS, "minimize", first={"x": 2.0}, checkpoints=kept)
    study = search(dies, section, NUMBERS, "minimize", first={"x": 2.0}, checkpoints=kept)
    assert study.resumed > 0
    assert plain(study) == plain(expected)
    journal = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"optimizer" not in journal, "no pickle is kept"


def test_cma_es_goes_on_after_trials_that_ended_out_of_order(tmp_path: Path) -> None:
    section, kept = TuningSection(trials=40, sampler="cmaes", pruner="none"), checkpoints_at(str(tmp_path), "cmaes")
    source = Search(section, NUMBERS, "minimize", checkpoints=kept)
    for _ in range(5):
        for asked in reversed([asked for asked in (source.ask(), source.ask(), source.ask()) if asked]):
            run_trial(asked, bowl)
    assert source.ask()  # and is lost
    source.flush()
    again = Search(section, NUMBERS, "minimize", checkpoints=kept)
    while asked := again.ask():
        run_trial(asked, bowl)
    assert sorted(trial.number for trial in again.trials) == list(range(40))
    assert plain(source.study(40))[:15] == plain(again.study(40))[:15]


@pytest.mark.parametrize(
    ("sampler", "space", "code"),
    [
        ("grid", {"rate": Dimension(low=0, high=1), "depth": GRID["depth"]}, "grid_without_steps"),
        ("grid", {"rate": Dimension(low=1, high=9, log=True)}, "grid_without_steps"),
        ("cmaes", {"kind": NUMBERS["kind"], "other": NUMBERS["kind"]}, "too_few_numbers"),
        ("cmaes", {"kind": NUMBERS["kind"], "x": NUMBERS["x"]}, "too_few_numbers"),
        ("cmaes", {**NUMBERS, "w": Dimension(low=0, high=1, when={"kind": ["a"]})}, "conditions_not_searchable"),
        ("gp", {**NUMBERS, "w": Dimension(low=0, high=1, when={"kind": ["a"]})}, "conditions_not_searchable"),
    ],
)
def test_a_space_that_a_sampler_cannot_search_is_refused(
    objective: Objective, sampler: str, space: dict[str, Dimension], code: str
) -> None:
    with pytest.raises(TrainingError) as caught:
        search(objective, TuningSection(trials=2, sampler=sampler), space, "minimize")
    assert caught.value.code == code
    assert f"tuning.sampler: {sampler}" in caught.value.message


def test_cma_es_without_its_package_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(TrainingError) as caught:
        search(bowl, TuningSection(trials=2, sampler="cmaes"), NUMBERS, "minimize")
    assert (caught.value.code, caught.value.remedy) == ("no_cmaes", "pip install 'sevenfold[tune]'")
