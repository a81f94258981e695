from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
import pytest

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.tuning import Dimension, TuningSection
from sevenfold.runtime.checkpoint import checkpoints_at
from sevenfold.tuning.engines.optuna import search
from sevenfold.tuning.study import Objective, OnEpoch, Study

Space = dict[str, Dimension]


def plain(study: Study) -> list[dict[str, Any]]:
    return [trial.record() for trial in study.trials]


def test_finds_the_minimum_and_reports_each_trial(space: Space, objective: Objective) -> None:
    seen: list[tuple[int, float | None]] = []
    study = search(
        objective,
        TuningSection(trials=30, pruner="none"),
        space,
        "minimize",
        on_trial=lambda trial, best: seen.append((trial.number, best.score if best else None)),
    )
    assert study.best is not None
    assert study.best.settings["rate"] == pytest.approx(0.01, rel=0.6)
    assert study.best.settings["activation"] == "gelu"
    assert [number for number, _ in seen] == list(range(30))
    scores = [trial.score for trial in study.trials]
    assert [best for _, best in seen] == [min(scores[: i + 1]) for i in range(30)]  # type: ignore[type-var]
    assert study.epochs == 30 * 6


def test_maximize_takes_the_largest(space: Space) -> None:
    study = search(lambda settings, _: settings["width"], TuningSection(trials=8), space, "maximize")
    assert study.best is not None
    assert study.best.score == max(trial.score or 0 for trial in study.trials)


@pytest.mark.parametrize("sampler", ["tpe", "random"])
@pytest.mark.parametrize("pruner", ["median", "asha", "hyperband", "none"])
def test_the_same_seed_gives_the_same_study(space: Space, objective: Objective, sampler: str, pruner: str) -> None:
    section = TuningSection(trials=14, sampler=sampler, pruner=pruner)
    one, other = search(objective, section, space, "minimize"), search(objective, section, space, "minimize")
    assert plain(one) == plain(other)
    changed = search(objective, section.replaced(seed=8), space, "minimize")
    assert plain(one) != plain(changed)


def test_a_gaussian_process_repeats_and_differs_from_chance_once_it_knows_something(
    space: Space, objective: Objective
) -> None:
    def of(sampler: str) -> list[dict[str, Any]]:
        return plain(search(objective, TuningSection(trials=6, sampler=sampler, pruner="none"), space, "minimize"))

    trials, chance = of("gp"), of("random")
    assert trials == of("gp")
    assert trials[3:] != chance[3:]


def test_a_gaussian_process_without_scipy_names_the_command(
    space: Space, objective: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(TrainingError) as caught:
        search(objective, TuningSection(trials=2, sampler="gp"), space, "minimize")
    assert (caught.value.code, caught.value.remedy) == ("no_scipy", "pip install 'sevenfold[gp]'")


@pytest.mark.parametrize("pruner", ["median", "asha", "hyperband"])
def test_pruning_stops_hopeless_trials_early_and_keeps_the_best(
    space: Space, objective: Objective, pruner: str
) -> None:
    whole = search(objective, TuningSection(trials=30, pruner="none", sampler="random"), space, "minimize")
    study = search(objective, TuningSection(trials=30, pruner=pruner, sampler="random"), space, "minimize")
    assert study.best is not None and whole.best is not None
    assert study.best.settings == whole.best.settings
    assert study.epochs < whole.epochs * 0.6
    pruned = [trial for trial in study.trials if trial.state == "pruned"]
    assert pruned and all(len(trial.curve) < 6 and trial.score == trial.curve[-1] for trial in pruned)


def test_the_first_trial_takes_known_settings_that_lie_in_the_space(space: Space, objective: Objective) -> None:
    first = {"rate": 0.02, "width": 500, "activation": "relu", "unknown": 1}
    settings = search(objective, TuningSection(trials=2), space, "minimize", first=first).trials[0].settings
    assert (settings["rate"], settings["activation"]) == (0.02, "relu")
    assert 8 <= settings["width"] <= 64


def test_failing_and_nan_trials_are_marked_and_the_search_goes_on(space: Space, objective: Objective) -> None:
    calls = 0

    def fragile(settings: Mapping[str, Any], on_epoch: OnEpoch) -> float:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise RuntimeError("no room")
        if calls == 2:
            return float("nan")
        if calls == 3:
            on_epoch(1, float("inf"))
        return objective(settings, on_epoch)

    study = search(fragile, TuningSection(trials=6), space, "minimize")
    assert [trial.state for trial in study.trials[:3]] == ["failed"] * 3
    assert study.trials[0].cause == "RuntimeError: no room"
    assert "finite number, but got nan" in study.trials[1].cause
    assert "got inf in epoch 1" in study.trials[2].cause
    assert study.best is not None and study.best.number >= 3


def test_all_trials_failing_raises_the_first_cause(space: Space) -> None:
    def broken(settings: Mapping[str, Any], on_epoch: OnEpoch) -> float:
        raise ZeroDivisionError("first")

    with pytest.raises(TrainingError, match="all failed; the first with: ZeroDivisionError: first") as caught:
        search(broken, TuningSection(trials=3), space, "minimize")
    assert caught.value.code == "all_trials_failed"
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_interrupting_is_not_a_failed_trial(space: Space) -> None:
    def interrupted(settings: Mapping[str, Any], on_epoch: OnEpoch) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(interrupted, TuningSection(trials=3), space, "minimize")


def test_no_trials_search_nothing(objective: Objective) -> None:
    study = search(objective, TuningSection(trials=0), {}, "minimize")
    assert (study.trials, study.best) == ((), None)


def test_a_search_without_dimensions_is_refused(objective: Objective) -> None:
    with pytest.raises(TrainingError, match="at least one dimension"):
        search(objective, TuningSection(trials=2), {}, "minimize")


def test_no_trial_starts_after_the_time_is_up(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 4))
    monkeypatch.setattr("sevenfold.tuning.engines.optuna.time.monotonic", lambda: float(next(clock)))
    study = search(lambda settings, _: 1.0, TuningSection(trials=50, timeout_seconds=30), space, "minimize")
    assert 1 <= len(study.trials) < 5
    assert study.planned == 50


@pytest.mark.parametrize("killed_after", [1, 5, 9])
def test_a_killed_search_resumes_to_the_same_study(
    space: Space, objective: Objective, tmp_path: Path, killed_after: int
) -> None:
    section = TuningSection(trials=14)
    expected = search(objective, section, space, "minimize", first={"rate": 0.03})
    kept, calls = checkpoints_at(str(tmp_path), "search"), 0

    def dies(settings: Mapping[str, Any], on_epoch: OnEpoch) -> float:
        nonlocal calls
        calls += 1
        if calls > killed_after:
            raise KeyboardInterrupt
        return objective(settings, on_epoch)

    with pytest.raises(KeyboardInterrupt):
        search(dies, section, space, "minimize", first={"rate": 0.03}, checkpoints=kept)
    calls = -100
    study = search(dies, section, space, "minimize", first={"rate": 0.03}, checkpoints=kept)
    assert study.resumed == killed_after
    assert calls == -100 + 14 - killed_after
    assert plain(study) == plain(expected)
    again = search(dies, section, space, "minimize", first={"rate": 0.03}, checkpoints=kept)
    assert (again.resumed, plain(again)) == (14, plain(expected))


def test_a_journal_of_another_search_is_not_used(space: Space, objective: Objective, tmp_path: Path) -> None:
    kept = checkpoints_at(str(tmp_path), "search")
    search(objective, TuningSection(trials=3), space, "minimize", checkpoints=kept)
    study = search(objective, TuningSection(trials=3, seed=8), space, "minimize", checkpoints=kept)
    assert study.resumed == 0


def test_optuna_is_left_as_verbose_as_it_was(
    space: Space, objective: Objective, capfd: pytest.CaptureFixture[str]
) -> None:
    before = optuna.logging.get_verbosity()
    search(objective, TuningSection(trials=2), space, "minimize")
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr().err == ""


def test_a_search_imports_nothing_heavy() -> None:
    script = """
import sys
from sevenfold.plan.tuning import Dimension, TuningSection
from sevenfold.tuning.importance import importances
from sevenfold.tuning.engines.optuna import search
assert "optuna" not in sys.modules
space = {"rate": Dimension(low=0.0, high=1.0)}
study = search(lambda settings, _: settings["rate"], TuningSection(trials=12), space, "minimize")
assert importances(study.trials, space)
heavy = {"sklearn", "scipy", "pandas", "torch", "sqlalchemy", "matplotlib"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
