"""Score and latency as two objectives: the best score within the limit is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.tuning import Dimension, TuningSection
from sevenfold.runtime.checkpoint import checkpoints_at
from sevenfold.tuning.engines.optuna import search
from sevenfold.tuning.study import OnEpoch, Outcome

SPACE = {
    "width": Dimension(low=1, high=64, integer=True),
    "rate": Dimension(low=1e-3, high=1, log=True),
    "deep": Dimension(choices=(True, False)),
    "layers": Dimension(low=2, high=4, integer=True, when={"deep": [True]}),
}


def objective(settings: Mapping[str, Any], on_epoch: OnEpoch) -> Outcome:
    """The wider, the better and the slower."""
    on_epoch(1, 0.0)
    layers = settings.get("layers", 1)
    return Outcome(settings["width"] + layers - abs(settings["rate"] - 0.1), latency_ms=settings["width"] * layers / 10)


def section(**given: Any) -> TuningSection:
    return TuningSection.model_validate({"trials": 30, "pruner": "none", "latency": {"limit_ms": 3.0}, **given})


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_the_best_score_within_the_limit_is_chosen(sampler: str) -> None:
    study = search(objective, section(sampler=sampler), SPACE, "maximize")
    within = [trial for trial in study.trials if objective(trial.settings, lambda *_: True).latency_ms <= 3.0]  # type: ignore[operator]
    assert study.best is not None and 0 < len(within) < 30
    assert study.best.score == max(trial.score for trial in within if trial.score is not None)
    assert study.best.score < max(trial.score for trial in study.trials if trial.score is not None)
    again = search(objective, section(sampler=sampler), SPACE, "maximize")
    assert [trial.record() for trial in again.trials] == [trial.record() for trial in study.trials]
    assert all("latency_ms" not in trial.record() for trial in study.trials), "no time in a file that is hashed"


def test_a_gaussian_process_takes_two_objectives() -> None:
    space = {name: SPACE[name] for name in ("width", "rate")}
    study = search(objective, section(sampler="gp", trials=6), space, "maximize")
    assert {trial.state for trial in study.trials} == {"complete"}


def test_another_limit_chooses_among_the_same_trials(tmp_path: Path) -> None:
    kept, calls = checkpoints_at(str(tmp_path), "search"), 0

    def counted(settings: Mapping[str, Any], on_epoch: OnEpoch) -> Outcome:
        nonlocal calls
        calls += 1
        return objective(settings, on_epoch)

    with pytest.raises(TrainingError) as caught:
        search(counted, section(latency={"limit_ms": 0.001}), SPACE, "maximize", checkpoints=kept)
    assert caught.value.code == "too_slow"
    assert "limit_ms: 0.001, but the fastest of 30 took 0." in caught.value.message
    study = search(counted, section(), SPACE, "maximize", checkpoints=kept)
    assert (study.resumed, calls) == (30, 30)
    expected = search(objective, section(), SPACE, "maximize")
    assert study.best is not None and expected.best is not None
    assert study.best.record() == expected.best.record()


def test_a_trial_without_a_latency_is_a_failed_one() -> None:
    def forgets(settings: Mapping[str, Any], on_epoch: OnEpoch) -> Outcome | float:
        return objective(settings, on_epoch) if settings["width"] > 20 else 1.0

    study = search(forgets, section(), SPACE, "maximize")
    assert {trial.state: trial.settings["width"] > 20 for trial in study.trials} == {"failed": False, "complete": True}
