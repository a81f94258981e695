from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sevenfold.plan.tuning import Dimension, TuningSection
from sevenfold.runtime.checkpoint import checkpoints_at
from sevenfold.tuning.engines.optuna import search
from sevenfold.tuning.report import build_report
from sevenfold.tuning.study import Objective, OnEpoch

STARTS = [
    {"rate": 0.02, "width": 16, "activation": "gelu", "batch": 7},  # batch is not searched
    {"rate": 0.03, "width": 999, "activation": "gelu"},
    {"rate": 0.05, "activation": "tanh"},
    {"rate": 0.04, "activation": "relu"},  # width is drawn
    {"rate": 0.02, "width": 16, "activation": "gelu"},  # again
    {"batch": 7},
]


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", "random"])
def test_given_settings_come_after_the_plans_own(
    space: dict[str, Dimension], objective: Objective, sampler: str, tmp_path: Path
) -> None:
    section, first = TuningSection(trials=20, sampler=sampler, pruner="none"), {"rate": 0.01, "width": 8}
    study = search(objective, section, space, "minimize", first=first, starts=STARTS)
    assert (study.begun_with, study.passed_over) == (2, 2)
    assert (study.trials[0].settings["rate"], study.trials[0].settings["width"]) == (0.01, 8)
    assert study.trials[1].settings == {"rate": 0.02, "width": 16, "activation": "gelu"}
    assert (study.trials[2].settings["rate"], study.trials[2].settings["activation"]) == (0.04, "relu")
    # What was tried before is measured anew, and an interruption changes nothing.
    kept, calls = checkpoints_at(str(tmp_path), "search"), 0

    def dies(settings: Mapping[str, Any], on_epoch: OnEpoch) -> float:
        nonlocal calls
        calls += 1
        if calls in (2, 12):
            raise KeyboardInterrupt
        return objective(settings, on_epoch)  # type: ignore[return-value]

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            search(dies, section, space, "minimize", first=first, starts=STARTS, checkpoints=kept)
    again = search(dies, section, space, "minimize", first=first, starts=STARTS, checkpoints=kept)
    assert [trial.record() for trial in again.trials] == [trial.record() for trial in study.trials]


def test_the_report_says_what_was_tried_again_and_what_was_passed_over(
    space: dict[str, Dimension], objective: Objective
) -> None:
    def findings(starts: list[dict[str, Any]]) -> list[tuple[str | None, str]]:
        study = search(objective, TuningSection(trials=5), space, "minimize", starts=starts)
        report = build_report(study, "log_loss", {})
        return [(one.level, one.text) for block in report.blocks if block.block == "findings" for one in block.findings]

    first = "sets of settings of tuning.warm_start were tried first, after the plan's own."
    outside = "were passed over: a value"
    ((level, text),) = [each for each in findings(STARTS) if "warm_start" in each[1]]
    assert level == "info" and f"2 {first} 2 {outside}" in text
    ((level, text),) = [each for each in findings(STARTS[1:3]) if "warm_start" in each[1]]
    assert level == "warning" and f"Nothing of tuning.warm_start was tried. 2 {outside}" in text
    assert not [each for each in findings([]) if "warm_start" in each[1]]
