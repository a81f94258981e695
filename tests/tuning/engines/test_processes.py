"""Trials in several processes: nothing is lost with one that is killed."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import trial_curve
from trial_curve import SPACE, Curve

from sevenfold.plan.tuning import TuningSection
from sevenfold.runtime.checkpoint import Checkpoints, checkpoints_at
from sevenfold.tuning.engines.optuna import Search, search
from sevenfold.tuning.engines.processes import run_in_processes


def run(objective: Curve, section: TuningSection, checkpoints: Checkpoints | None = None) -> Search:
    source = Search(section, SPACE, "minimize", checkpoints=checkpoints)
    run_in_processes(source, {"": objective}, section, "minimize")
    source.flush()
    return source


def records(source: Search) -> list[dict[str, Any]]:
    return [trial.record() for trial in source.study(0).trials]


def test_random_trials_are_those_of_one_process_and_run_in_two(tmp_path: Path) -> None:
    section = TuningSection(trials=8, sampler="random", pruner="none", processes=2)
    source = run(Curve(str(tmp_path)), section)
    expected = search(Curve(str(tmp_path)), section.replaced(processes=1), SPACE, "minimize")
    assert records(source) == [trial.record() for trial in expected.trials]
    pids = {path.name.split("-")[0] for path in tmp_path.iterdir()} - {str(os.getpid())}
    assert len(pids) == 2
    assert source.outcome is not None and source.outcome.predicted is not None and source.best is not None
    assert source.outcome.predicted() == source.best.score
    assert not multiprocessing.active_children()


def test_hopeless_trials_are_stopped_and_bad_ones_recorded(tmp_path: Path) -> None:
    section = TuningSection(trials=14, pruner="median", processes=2, seed=3)
    source = run(Curve(str(tmp_path), fails=5, nan=7), section)
    states = {trial.state for trial in source.trials}
    assert states == {"complete", "pruned", "failed"}
    causes = {trial.cause for trial in source.trials if trial.state == "failed"}
    assert causes <= {"RuntimeError: no room", "TrainingError: A score must be a finite number, but got nan."}
    assert all(len(trial.curve) < 3 for trial in source.trials if trial.state == "pruned" and trial.curve[-1])
    assert sorted(trial.number for trial in source.trials) == list(range(14))


def test_a_trial_whose_process_is_killed_begins_again_and_no_other_is_lost(tmp_path: Path) -> None:
    section = TuningSection(trials=8, sampler="random", pruner="none", processes=2)
    expected = search(Curve(str(tmp_path)), section.replaced(processes=1), SPACE, "minimize")
    folder = tmp_path / "killed"
    folder.mkdir()
    source = run(Curve(str(folder), kills=3), section)
    assert records(source) == [trial.record() for trial in expected.trials]
    killed = [trial.settings["width"] for trial in source.trials if trial.settings["width"] % 3 == 0]
    assert killed and all(len(list(folder.glob(f"*-{width}"))) == 2 for width in killed)


def test_a_trial_that_kills_every_process_is_a_failed_one(tmp_path: Path) -> None:
    section = TuningSection(trials=4, sampler="random", pruner="none", processes=2)
    source = run(Curve(str(tmp_path), kills=3, always=True), section)
    lost = {trial.number for trial in source.trials if trial.cause == "its process was lost 3 times"}
    assert lost == {trial.number for trial in source.trials if trial.settings["width"] % 3 == 0}
    assert 0 < len(lost) < 4


def test_when_the_search_is_killed_its_processes_end_and_its_finished_trials_stay(tmp_path: Path) -> None:
    here = Path(trial_curve.__file__).parent
    script = f"""
import sys, time
sys.path.insert(0, {str(here)!r})
from pathlib import Path
from trial_curve import SPACE, Curve
from sevenfold.plan.tuning import TuningSection
from sevenfold.runtime.checkpoint import checkpoints_at
from sevenfold.tuning.engines.optuna import Search
from sevenfold.tuning.engines.processes import run_in_processes
class Slow(Curve):
    def __call__(self, settings, on_epoch):
        time.sleep(0.3)
        return super().__call__(settings, on_epoch)
if __name__ == "__main__":
    section = TuningSection(trials=200, sampler="random", pruner="none", processes=2)
    kept = checkpoints_at({str(tmp_path / "kept")!r}, "search")
    ended = lambda trial, best: (source.flush(), print(trial.number, flush=True))
    source = Search(section, SPACE, "minimize", checkpoints=kept, on_trial=ended)
    run_in_processes(source, {{"": Slow({str(tmp_path)!r})}}, section, "minimize")
"""
    program = tmp_path / "program.py"
    program.write_text(script)
    env = {**os.environ, "TMPDIR": str(tmp_path)}  # what a killed search leaves behind
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        numbers = [int(process.stdout.readline()) for _ in range(3)]
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert len(children) >= 2 and not alive
    kept = checkpoints_at(str(tmp_path / "kept"), "search")
    section = TuningSection(trials=200, sampler="random", pruner="none", processes=2)
    again = Search(section, SPACE, "minimize", checkpoints=kept)
    while again.take_over():
        pass
    assert set(numbers) <= {trial.number for trial in again.trials}
