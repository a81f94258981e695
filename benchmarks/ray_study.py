"""What a search costs on Ray nodes of this machine, and what in one process: ``python -m benchmarks.ray_study``.

Studies of 8 and 32 trials of some CPU seconds each: one after the other in this process, and on a Ray cluster of one
and of two nodes with a CPU each, one trial on each at a time. Starting the cluster does not count; connecting to it
does. All find the same best trial. ``--quick`` runs one small study in one process and on one node.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from benchmarks.ray_nodes import cost, nodes, use_token, watched
from sevenfold.plan.tuning import Dimension, TuningSection
from sevenfold.tuning.engines.optuna import Search, run_trial
from sevenfold.tuning.engines.ray.engine import run_on_ray
from sevenfold.tuning.study import OnEpoch

SPACE = {"rate": Dimension(low=0.0, high=1.0)}


def objective(settings: Mapping[str, Any], on_epoch: OnEpoch, seconds: float) -> float:
    """Use the CPU seconds of a trial."""
    began = time.thread_time()
    while time.thread_time() - began < seconds:
        sum(range(10_000))
    return float(settings["rate"])


def run(trials: int, seconds: float, address: str, at_once: int, cluster: Sequence[psutil.Process]) -> float:
    """Run a study, print a line and return the best trial's score."""
    ray = {"concurrent_trials": at_once, "address": address}
    section = TuningSection.model_validate({"trials": trials, "sampler": "random", "pruner": "none", "ray": ray})
    search, score = Search(section, SPACE, "minimize"), partial(objective, seconds=seconds)
    before, _ = cost(cluster)
    wall, own = time.perf_counter(), time.process_time()
    seen: dict[int, float] = {}
    with watched(cluster, seen):
        if address:
            run_on_ray(search, {"": score}, section.ray, "minimize")
        else:
            while asked := search.ask():
                run_trial(asked, score)
    wall, own = time.perf_counter() - wall, time.process_time() - own
    held = seen.pop(0, 0.0)
    theirs = sum(used - before.get(pid, 0.0) for pid, used in seen.items())
    where = f"{at_once} node{'s' * (at_once > 1)}" if address else "one process"
    print(f"{trials:>6}  {where:<12}{wall:>7.1f}{own:>12.1f}{theirs:>13.1f}{held:>12.2f}", flush=True)
    done = search.study(trials)
    assert [trial.state for trial in done.trials] == ["complete"] * trials
    return min(trial.score for trial in done.trials if trial.score is not None)


def main() -> None:
    """Print a line per study and place, and see that all find the same best trial."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ray_study",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="One small study, in one process and on one node.")
    parser.add_argument("--seconds", type=float, default=4.0, help="CPU seconds of a trial (default: %(default)s).")
    given = parser.parse_args()
    sizes, seconds = ((2,), 0.01) if given.quick else ((8, 32), given.seconds)
    use_token()
    print(f"{'trials':>6}  {'where':<12}{'wall s':>7}{'own CPU s':>12}{'Ray CPU s':>13}{'Ray GB':>12}")
    # a socket's path may have 107 characters
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as name:
        best = {size: {run(size, seconds, "", 1, [])} for size in sizes}
        for count in (1,) if given.quick else (1, 2):
            with nodes(count, Path(name) / str(count)) as (address, cluster):
                for size in sizes:
                    best[size].add(run(size, seconds, address, count, cluster))
    assert all(len(found) == 1 for found in best.values()), "one best trial, wherever it was tried"


if __name__ == "__main__":
    main()
