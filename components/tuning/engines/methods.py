"""Optuna's samplers and pruners, as a plan names them."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
import warnings
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.tuning import Dimension, Pruner, Sampler, TuningSection
from sevenfold.tuning.study import Direction

if TYPE_CHECKING:
    import optuna

__all__ = ["new_study", "quiet", "sampler_of", "shared_file"]

STARTUP: Final = 10  # random trials before TPE models the space (Bergstra et al. 2011); fewer in a short search
ETA: Final = 3  # of the trials at a rung, one in so many goes on (Li et al. 2018, 2020)
MEDIAN_STARTUP: Final = 2  # complete trials before the median means anything: the plan's own settings and one more


def new_study(section: TuningSection, direction: Direction, shared: str = "") -> optuna.Study:
    """Return an empty study with the plan's pruner; latency is the second objective where it is one.

    It lies in memory, or in a journal file that processes share; where the file has a study already, it is that one.
    """
    import optuna

    pruner: optuna.pruners.BasePruner = optuna.pruners.NopPruner()
    if section.pruner is Pruner.MEDIAN:
        pruner = optuna.pruners.MedianPruner(n_startup_trials=MEDIAN_STARTUP)
    elif section.pruner is Pruner.ASHA:
        pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=ETA)
    elif section.pruner is Pruner.HYPERBAND:
        pruner = optuna.pruners.HyperbandPruner(min_resource=1, max_resource=section.max_epochs, reduction_factor=ETA)
    # Hyperband assigns trials to its brackets by a hash of the study's name.
    directions = [direction, "minimize"] if section.latency.wanted else [direction]
    storage: optuna.storages.BaseStorage | None = None
    if shared:
        from optuna.storages.journal import JournalFileBackend

        storage = optuna.storages.JournalStorage(JournalFileBackend(shared))
    return optuna.create_study(
        study_name="sevenfold", directions=directions, pruner=pruner, storage=storage, load_if_exists=bool(shared)
    )


def shared_file(owner: object) -> str:
    """Return the path of a new file, in a private folder that goes when its owner does."""
    folder = tempfile.mkdtemp(prefix="sevenfold-study-")
    weakref.finalize(owner, shutil.rmtree, folder, ignore_errors=True)
    return str(Path(folder, "study.log"))


def sampler_of(
    section: TuningSection, index: int, space: Mapping[str, Dimension], ranges: Mapping[str, Any]
) -> optuna.samplers.BaseSampler:
    """Return the sampler of the trial with this number; it keeps away from the settings of trials that still run.

    Args:
        section: which sampler, its seed, and how many trials there are.
        index: number of the trial.
        space: the settings.
        ranges: their distributions.

    Raises:
        TrainingError: ``no_scipy``, ``no_cmaes``.
    """
    import optuna

    # A seed per trial, because a resumed search cannot restore the state of a generator.
    seed = (section.seed * 1_000_003 + index) % 2**32
    if section.sampler is Sampler.RANDOM:
        return optuna.samplers.RandomSampler(seed=seed)
    if section.sampler is Sampler.GRID:
        return _grid(seed)
    startup = min(STARTUP, max(3, section.trials // 3))
    if section.sampler is Sampler.GP:
        _require("scipy", "SciPy", "no_scipy", "pip install 'sevenfold[gp]'")
        return optuna.samplers.GPSampler(seed=seed, n_startup_trials=startup)
    free = {name: given for name, given in ranges.items() if not given.single()}
    if section.sampler is Sampler.CMAES:
        return _cmaes(seed, {name: given for name, given in free.items() if space[name].choices is None})
    conditional = any(dimension.when for dimension in space.values())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # of `group`
        given = {"group": True, "multivariate": True} if conditional else {}
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=startup, **given)
    if not conditional and not section.latency.wanted:  # with two objectives TPE takes one setting after the other
        # The space never changes; Optuna would work it out again from all trials, for a fifth of a trial's cost.
        sampler.infer_relative_search_space = lambda study, trial: free
    return sampler


def _grid(seed: int) -> optuna.samplers.BaseSampler:
    """Return what tries every combination once; unlike Optuna's own grid it knows conditions and goes on anywhere."""
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.BruteForceSampler(seed=seed)
    # At the end of the grid it would stop a loop of Optuna's, which there is not: the search counts.
    sampler.after_trial = lambda study, trial, state, values: None
    return sampler


def _cmaes(seed: int, numbers: Mapping[str, Any]) -> optuna.samplers.BaseSampler:
    import optuna

    _require("cmaes", "the package cmaes", "no_cmaes", "pip install 'sevenfold[tune]'")
    choices = optuna.samplers.TPESampler(seed=seed)
    sampler = optuna.samplers.CmaEsSampler(seed=seed, independent_sampler=choices, warn_independent_sampling=False)
    sampler.infer_relative_search_space = lambda study, trial: dict(numbers)
    return sampler


def _require(module: str, name: str, code: str, remedy: str) -> None:
    if importlib.util.find_spec(module) is None:
        sampler = {"scipy": Sampler.GP, "cmaes": Sampler.CMAES}[module].value
        raise TrainingError(code, f"tuning.sampler: {sampler} needs {name}, but it is not installed.", remedy=remedy)


@contextmanager
def quiet() -> Iterator[None]:
    """Hide what Optuna writes to the console for the `with` block."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(verbosity)
