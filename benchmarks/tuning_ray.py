"""What a trial costs on Ray: our search there, and Ray Tune with its own OptunaSearch, one trial at a time."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.pairs import PINNED, compare
from benchmarks.rows import Row

__all__ = ["Meter", "on_ray"]

PEER = """
import sys, tempfile
from ray import init, tune
from ray.tune.search.optuna import OptunaSearch
from benchmarks.tuning_curve import curve
from benchmarks.tuning_ray import Meter
init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
meter = Meter(*map(int, sys.argv[1:]))
class Count(tune.Callback):
    def on_trial_complete(self, iteration, trials, trial, **more):
        meter.count()
def trainable(settings):
    for score in curve(settings):
        tune.report({"score": score})
space = {"rate": tune.loguniform(1e-4, 1e-1), "decay": tune.loguniform(1e-4, 1.0), "dropout": tune.uniform(0, 0.5)}
space |= {"depth": tune.randint(1, 5), "width": tune.choice([64, 128, 256]), "batch": tune.choice([256, 1024])}
searcher = OptunaSearch(metric="score", mode="min", seed=7)
config = tune.TuneConfig(search_alg=searcher, num_samples=meter.last, max_concurrent_trials=1, reuse_actors=True)
with tempfile.TemporaryDirectory() as folder:
    run = tune.RunConfig(callbacks=[Count()], storage_path=folder)
    tune.Tuner(trainable, param_space=space, tune_config=config, run_config=run).fit()
"""

OURS = """
import sys
from benchmarks.tuning import objective
from benchmarks.tuning_curve import SPACE
from benchmarks.tuning_ray import Meter
from sevenfold.plan.tuning import TuningSection
from sevenfold.tuning.engines.optuna import Search
from sevenfold.tuning.engines.ray.engine import run_on_ray
meter = Meter(*map(int, sys.argv[1:]))
section = TuningSection.model_validate({"trials": meter.last, "pruner": "none", "ray": {"cpu": 2}})
search = Search(section, SPACE, "minimize", on_trial=lambda trial, best: meter.count())
run_on_ray(search, {"": objective}, section.ray, "minimize")
assert all(trial.state == "complete" for trial in search.trials)
"""


class Meter:
    """Prints the CPU milliseconds per trial of this process and those below it, of those after the first ones."""

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last, self._ended, self._before = first, last, 0, 0.0

    def count(self) -> None:
        """Count a trial that has ended."""
        self._ended += 1
        if self._ended == self.first:
            self._before = self._spent()
        if self._ended == self.last:
            print("per trial", (self._spent() - self._before) / (self.last - self.first) * 1_000, flush=True)

    def _spent(self) -> float:
        import psutil

        total = 0.0
        for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
            times = process.cpu_times()
            total += times.user + times.system
        return total


def on_ray(ours: Callable[[], float], trials: int, first: int, *, pairs: int, quick: bool) -> Iterator[Row]:
    """Compare with Ray Tune a search in one process, and our search on Ray; not quickly: Ray's start takes too long.

    Args:
        ours: CPU milliseconds per trial of our search in one process.
        trials: of a search.
        first: trials that are not counted.
        pairs: how many to measure.
        quick: whether only that a benchmark runs is to be shown.
    """
    names = ("trial, Ray Tune", "trial on Ray, Ray Tune")
    if quick or not importlib.util.find_spec("ray"):
        missing = "left out of a quick run" if quick else "Ray is not installed (pip install 'sevenfold[ray]')"
        yield from (Row(name, missing=missing) for name in names)
        return
    peer = partial(per_trial, PEER, trials, first)
    yield compare(names[0], ours, peer, pairs=pairs)
    yield compare(names[1], partial(per_trial, OURS, trials, first), peer, pairs=pairs)


def per_trial(script: str, trials: int, first: int) -> float:
    """Run a script and return the CPU milliseconds per trial that it prints."""
    command = [sys.executable, "-c", script, str(first), str(trials)]
    done = subprocess.run(command, env={**os.environ, **PINNED}, capture_output=True, text=True, check=False)
    line = next((line for line in done.stdout.splitlines() if line.startswith("per trial ")), None)
    if done.returncode or line is None:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return float(line.split()[-1])
