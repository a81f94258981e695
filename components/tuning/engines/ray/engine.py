"""Run trials with Ray Tune."""

from __future__ import annotations

from collections.abc import Mapping

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.tuning import RaySection
from sevenfold.ray.session import ray_session
from sevenfold.ray.use import TUNING
from sevenfold.runtime.progress import OnMessage
from sevenfold.tuning.study import Direction, Objective, TrialSource

__all__ = ["run_on_ray"]


def run_on_ray(
    source: TrialSource,
    objectives: Mapping[str, Objective],
    section: RaySection,
    direction: Direction,
    *,
    on_message: OnMessage = lambda message: None,
) -> None:
    """Run the trials of a source on Ray, until there are no more.

    The source decides which settings are tried and which trial stops, in this process; Ray Tune gives each trial to a
    worker. With one trial at a time, the study is the one of the same source in this process. A trial whose worker is
    lost is begun again on another, at most twice.

    Args:
        source: of the trials, which also keeps those that have ended.
        objectives: by group of trials; sent to the workers, so they must be picklable.
        section: where Ray runs, and what a trial gets.
        direction: whether a larger or a smaller score is better.
        on_message: gets a sentence where something takes long.

    Raises:
        TrainingError: ``ray_too_small``; as `ray_session`.
    """
    if source.over:
        return
    with ray_session(section, TUNING, on_message) as folder:
        from ray import tune

        from sevenfold.tuning.engines.ray.tune import RETRIES, Pruning, Trials, Worker

        _require_room(section)
        trials = Trials(source)
        resources = {"cpu": section.cpu} | ({"memory": section.memory_bytes} if section.memory_bytes else {})
        worker = tune.with_parameters(Worker, objectives=dict(objectives), direction=direction)
        tune.run(
            tune.with_resources(worker, resources),
            name="study",
            search_alg=trials,
            scheduler=Pruning(trials),
            num_samples=-1,  # until the source is over
            max_concurrent_trials=section.concurrent_trials,
            max_failures=RETRIES,
            raise_on_failed_trial=False,
            reuse_actors=True,
            storage_path=str(folder / "tune"),
            trial_dirname_creator=lambda trial: trial.trial_id,  # settings may hold what a path may not
            verbose=0,
            _remote=False,
        )


def _require_room(section: RaySection) -> None:
    """Raise where no node could ever run a trial."""
    import ray

    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    fits = [
        node for node in nodes if node.get("CPU", 0) >= section.cpu and node.get("memory", 0) >= section.memory_bytes
    ]
    if not fits:
        largest = max((node.get("CPU", 0) for node in nodes), default=0)
        raise TrainingError(
            "ray_too_small",
            f"A trial needs a node with {section.cpu} CPUs and {section.memory or 'any'} memory, but Ray has none: "
            f"the largest of its {len(nodes)} nodes has {largest:g} CPUs.",
            remedy="Lower tuning.ray.cpu or tuning.ray.memory, or give the cluster larger nodes.",
        )
