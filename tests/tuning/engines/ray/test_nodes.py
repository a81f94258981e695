"""Two nodes of a Ray cluster, as processes of this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from sevenfold.plan.tuning import Dimension, TuningSection
from sevenfold.runtime.checkpoint import checkpoints_at
from sevenfold.tuning.engines.optuna import Search, search
from sevenfold.tuning.engines.ray.engine import run_on_ray
from sevenfold.tuning.study import Objective, OnEpoch
from sevenfold.tuning.trial import Trial


@pytest.mark.extended
def test_a_killed_node_loses_no_finished_trial_and_the_study_ends_the_same(
    head: str, start_node: Callable[..., Any], space: dict[str, Dimension], objective: Objective, tmp_path: Path
) -> None:
    import psutil

    def slow(settings: Mapping[str, Any], on_epoch: OnEpoch) -> float:
        import os
        import time

        (tmp_path / str(os.getpid())).touch()
        time.sleep(0.5)
        return objective(settings, on_epoch)  # type: ignore[return-value]

    # what such a trial draws depends on its number alone, so two at a time draw what one at a time does
    section = TuningSection(trials=12, sampler="random", pruner="none", ray={"address": head, "concurrent_trials": 4})
    expected = search(objective, section, space, "minimize")
    node = start_node(f"--address={head}", cpus=2)
    kept, ended = checkpoints_at(str(tmp_path), "study"), list[int]()

    def kill_then(trial: Trial, best: Trial | None) -> None:
        ended.append(trial.number)
        if len(ended) == 5:
            own = {process.pid for process in psutil.Process(node.pid).children(recursive=True)}
            assert own & {int(path.name) for path in tmp_path.iterdir() if path.name.isdigit()}, "it ran trials"
            kill(node)

    source = Search(section, space, "minimize", checkpoints=kept, on_trial=kill_then)
    run_on_ray(source, {"": slow}, section.ray, "minimize")
    source.flush()
    study = source.study(section.trials)
    assert [trial.record() for trial in study.trials] == [trial.record() for trial in expected.trials]
    assert study.best is not None and expected.best is not None
    assert study.best.record() == expected.best.record()
    assert sorted(ended) == list(range(12)), "each trial ended once"
    resumed = Search(section, space, "minimize", checkpoints=kept)
    assert resumed.ask() is None
    assert resumed.study(12).resumed == 12


def kill(node: Any) -> None:
    import psutil

    for process in [*psutil.Process(node.pid).children(recursive=True), psutil.Process(node.pid)]:
        process.kill()
    node.wait(60)
