"""One study whose trials use CPU alone, in this pod or on a Ray cluster made for it; prints what it took as JSON.

Started by `benchmarks.kuberay` as ``python - TRIALS WORKERS SECONDS``: number of trials, workers of the cluster (0
tries one after the other in this process), CPU seconds of a trial.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sevenfold.plan.tuning import Dimension, TuningSection
from sevenfold.tuning.engines.optuna import Asked, Search, run_trial
from sevenfold.tuning.engines.ray.engine import run_on_ray
from sevenfold.tuning.study import OnEpoch

TRIALS, WORKERS, SECONDS = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
SPACE = {"rate": Dimension(low=0.0, high=1.0)}


def objective(settings: Mapping[str, Any], on_epoch: OnEpoch) -> float:
    """Use the CPU seconds of a trial."""
    began = time.thread_time()
    while time.thread_time() - began < SECONDS:
        sum(range(10_000))
    return float(settings["rate"])


def usage() -> tuple[float, float]:
    """Return CPU seconds and GB of memory of this container, without the cache of files."""
    root = Path("/sys/fs/cgroup")
    if (root / "cpu.stat").is_file():  # version 2
        cpu = float((root / "cpu.stat").read_text().split()[1]) / 1e6
        memory, key = root / "memory.stat", "anon"
    else:
        cpu = float((root / "cpuacct" / "cpuacct.usage").read_text()) / 1e9
        memory, key = root / "memory" / "memory.stat", "total_rss"
    return cpu, float(dict(line.split() for line in memory.read_text().splitlines())[key]) / 1e9


class Watched:
    """The trials of a search; after the last one it asks all nodes of Ray what they used, while they are there."""

    def __init__(self, search: Search) -> None:
        self._search, self.began, self.cluster = search, 0.0, (0.0, 0.0)

    def ask(self) -> Asked | None:
        """Return the next trial, or None."""
        asked = self._search.ask()
        self.began = self.began or time.monotonic()
        if asked is None and self._search.over and not any(self.cluster):
            self.cluster = self._used()
        return asked

    @property
    def over(self) -> bool:
        """Whether there will be none any more."""
        return self._search.over

    def _used(self) -> tuple[float, float]:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        asked = ray.remote(num_cpus=0)(usage)
        nodes = [node["NodeID"] for node in ray.nodes() if "sevenfold-driver" not in node["Resources"]]
        on = [NodeAffinitySchedulingStrategy(node, soft=False) for node in nodes]
        used = ray.get([asked.options(scheduling_strategy=each).remote() for each in on])
        return sum(cpu for cpu, _ in used), sum(memory for _, memory in used)


def main() -> None:
    """Run the study."""
    ray = {"concurrent_trials": max(1, WORKERS), "cluster": {"workers": WORKERS, "cpu": "800m", "memory": "2Gi"}}
    section = TuningSection.model_validate({"trials": TRIALS, "sampler": "random", "pruner": "none", "ray": ray})
    search = Search(section, SPACE, "minimize")
    source, before, started = Watched(search), usage()[0], time.monotonic()
    if WORKERS:
        run_on_ray(source, {"": objective}, section.ray, "minimize")
    else:
        source.began = started
        while asked := search.ask():
            run_trial(asked, objective)
    done = search.study(TRIALS)
    assert [trial.state for trial in done.trials] == ["complete"] * TRIALS
    took = {"wall": time.monotonic() - started, "start": source.began - started, "driver_cpu": usage()[0] - before}
    print(json.dumps({**took, "cluster_cpu": source.cluster[0], "cluster_gb": source.cluster[1]}))


if __name__ == "__main__":
    main()
