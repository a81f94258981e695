"""What a search costs beyond its trials, and what pruning saves: ``python -m benchmarks.tuning``.

The trials themselves cost nothing here, so what is measured is the machinery: choosing settings, reporting six epochs,
pruning, the journal. Peers are Ray Tune with its OptunaSearch, where ray is installed, and Optuna's own ask and report
with and without a journal file, the cheapest durable study it has. Our own search on Ray is compared with Ray Tune's.
"""

from __future__ import annotations

import math
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from benchmarks.pairs import PINNED, compare, progress
from benchmarks.rows import Row, parser, report
from benchmarks.tuning_curve import KNOWN, SPACE, curve
from benchmarks.tuning_ray import on_ray
from sevenfold.plan.tuning import TuningSection
from sevenfold.runtime.checkpoint import checkpoints_at
from sevenfold.tuning.engines.optuna import search
from sevenfold.tuning.study import OnEpoch, Study

TRIALS, EPOCHS, SEEDS = 100, 6, 10
QUICK_TRIALS, QUICK_SEEDS = 14, 1
FIRST = 10  # trials before the measured ones: the first ones cost imports, and TPE begins after them


def objective(settings: Mapping[str, Any], on_epoch: OnEpoch) -> float:
    """Return the last score of the curve that was reported before a pruner stopped it."""
    score = math.nan
    for epoch, score in enumerate(curve(settings), start=1):
        if not on_epoch(epoch, score):
            break
    return score


def ours(trials: int, *, journal: bool) -> float:
    """Return the CPU milliseconds per trial of our search, of those after the first ten."""
    moments: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        search(
            objective,
            TuningSection.model_validate({"trials": trials, "pruner": "none"}),
            SPACE,
            "minimize",
            checkpoints=checkpoints_at(folder, "benchmark") if journal else None,
            on_trial=lambda trial, best: moments.append(time.process_time()),
        )
        moments[-1] = time.process_time()  # what the journal writes at the end counts too
    return (moments[-1] - moments[FIRST - 1]) / (trials - FIRST) * 1_000


def bare_optuna(trials: int, *, journal: bool) -> float:
    """Return the CPU milliseconds per trial of Optuna itself, of those after the first ten."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    from sevenfold.tuning.space import distributions, settings_of

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    ranges, moments = distributions(SPACE), []
    with tempfile.TemporaryDirectory() as folder:
        storage = JournalStorage(JournalFileBackend(f"{folder}/journal.log")) if journal else None
        study = optuna.create_study(storage=storage, sampler=optuna.samplers.TPESampler(seed=7))
        for _ in range(trials):
            trial = study.ask(ranges)
            for epoch, score in enumerate(curve(settings_of(SPACE, trial.params)), start=1):
                trial.report(score, epoch)
            study.tell(trial, score)
            moments.append(time.process_time())
    return (moments[-1] - moments[FIRST - 1]) / (trials - FIRST) * 1_000


def trial_itself(trials: int) -> float:
    """Return the CPU milliseconds per trial of computing the curve and nothing else."""
    begun = time.process_time()
    for _ in range(trials):
        objective(KNOWN, lambda epoch, score: True)
    return (time.process_time() - begun) / trials * 1_000


def pruning(pruner: str, trials: int, seeds: int, *, quick: bool) -> Iterator[Row]:
    """Compare the epochs and the best loss of the same searches with and without a pruner, a pair per seed."""
    name = f"pruning, {pruner}, {trials} trials"
    progress(f"{name}: {seeds} seeds")
    cut, whole = [], []
    for seed in range(seeds):
        section = TuningSection.model_validate({"trials": trials, "seed": seed, "max_epochs": EPOCHS})
        for studies, kind in ((whole, "none"), (cut, pruner)):
            studies.append(search(objective, section.replaced(pruner=kind), SPACE, "minimize", first=KNOWN))
    yield Row(f"{name}: epochs", [s.epochs for s in cut], [s.epochs for s in whole], quick=quick)
    yield Row(f"{name}: best", [_best(s) for s in cut], [_best(s) for s in whole], quick=quick)


def _best(study: Study) -> float:
    assert study.best is not None and study.best.score is not None
    return study.best.score


def measure(pairs: int, *, quick: bool) -> Iterator[Row]:
    """Measure every pair, then what pruning saves."""
    trials = QUICK_TRIALS if quick else TRIALS
    for name, journal in (("trial, journal", True), ("trial, in memory", False)):
        sides = (partial(side, trials, journal=journal) for side in (ours, bare_optuna))
        yield compare(name, *sides, pairs=pairs, quick=quick)
    mine = partial(ours, trials, journal=True)
    yield compare("trial, cost", mine, partial(trial_itself, trials), pairs=pairs, quick=quick)
    yield from on_ray(mine, trials, FIRST, pairs=pairs, quick=quick)
    for pruner in ("median", "hyperband"):
        for count in (12, 30):
            yield from pruning(pruner, count, QUICK_SEEDS if quick else SEEDS, quick=quick)


if __name__ == "__main__":
    options = parser("tuning", __doc__).parse_args()
    os.environ |= PINNED  # before numpy is imported
    report(measure(options.pairs, quick=options.quick), options.rows)
