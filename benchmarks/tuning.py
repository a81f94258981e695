"""What a search costs beyond its trials, and what pruning saves: ``python -m benchmarks.tuning``.

The trials themselves cost nothing here, so what is measured is the machinery: choosing settings, reporting six epochs,
pruning, the journal. Peers are Ray Tune with its OptunaSearch, where ray is installed, and Optuna's own `optimize`
with a journal file, as the cheapest durable study it has.
"""

from __future__ import annotations

import importlib.util
import math
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.pairs import PINNED, children_cpu, compare
from sevenfold.plan.tuning import Dimension, TuningSection
from sevenfold.tuning.engines.optuna import search
from sevenfold.tuning.study import Study

TRIALS, EPOCHS = 100, 6
SPACE = {
    "rate": Dimension(low=1e-4, high=1e-1, log=True),
    "decay": Dimension(low=1e-4, high=1.0, log=True),
    "dropout": Dimension(low=0.0, high=0.5),
    "depth": Dimension(low=1, high=4, integer=True),
    "width": Dimension(choices=(64, 128, 256)),
    "batch": Dimension(choices=(256, 1024)),
}
KNOWN = {"rate": 2e-3, "decay": 0.03, "dropout": 0.2, "depth": 2, "width": 128, "batch": 1024}
CURVE = """
def curve(settings):
    import math
    final = 0.05 * (math.log10(settings["rate"]) + 2.5) ** 2 + 0.02 * (math.log10(settings["decay"]) + 1) ** 2
    final += 0.3 * (settings["dropout"] - 0.2) ** 2 + 0.01 * abs(settings["depth"] - 2)
    final += {64: 0.02, 128: 0.0, 256: 0.01}[settings["width"]]
    return [0.5 + final + 0.2 / epoch for epoch in range(1, 7)]
"""
OURS = (
    CURVE
    + """
import sys, pathlib
from benchmarks.tuning import SPACE
from sevenfold.plan.tuning import TuningSection
from sevenfold.tuning.engines.optuna import search
def objective(settings, on_epoch):
    for epoch, score in enumerate(curve(settings), start=1):
        if not on_epoch(epoch, score):
            break
    return score
journal = pathlib.Path(sys.argv[2]) / "trials.jsonl" if sys.argv[2] else None
search(objective, TuningSection(trials=int(sys.argv[1]), pruner="none"), SPACE, "minimize", journal=journal)
"""
)
OPTUNA = (
    CURVE
    + """
import sys, optuna
from benchmarks.tuning import SPACE
from sevenfold.tuning.space import distributions, settings_of
optuna.logging.set_verbosity(optuna.logging.ERROR)
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
ranges = distributions(SPACE)
storage = JournalStorage(JournalFileBackend(sys.argv[2] + "/journal.log")) if sys.argv[2] else None
study = optuna.create_study(storage=storage, sampler=optuna.samplers.TPESampler(seed=7))
for _ in range(int(sys.argv[1])):
    trial = study.ask(ranges)
    for epoch, score in enumerate(curve(settings_of(SPACE, trial.params)), start=1):
        trial.report(score, epoch)
    study.tell(trial, score)
"""
)
RAY = (
    CURVE
    + """
import sys
from ray import init, tune
from ray.tune.search.optuna import OptunaSearch
init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
def trainable(settings):
    for score in curve(settings):
        tune.report({"score": score})
space = {"rate": tune.loguniform(1e-4, 1e-1), "decay": tune.loguniform(1e-4, 1.0), "dropout": tune.uniform(0, 0.5)}
space |= {"depth": tune.randint(1, 5), "width": tune.choice([64, 128, 256]), "batch": tune.choice([256, 1024])}
searcher = OptunaSearch(metric="score", mode="min", seed=7)
config = tune.TuneConfig(search_alg=searcher, num_samples=int(sys.argv[1]), max_concurrent_trials=1, reuse_actors=True)
tune.Tuner(trainable, param_space=space, tune_config=config).fit()
"""
)


def per_trial(script: str, *, journal: bool) -> float:
    """Return the CPU seconds that one more trial costs: the slope between a short and a long search."""

    def cost(trials: int) -> float:
        with tempfile.TemporaryDirectory() as folder:
            return children_cpu([sys.executable, "-c", script, str(trials), folder if journal else ""], **PINNED)

    return (cost(TRIALS) - cost(10)) / (TRIALS - 10)


def pruning() -> None:
    """Print the epochs and the best score of the same searches with and without a pruner, over ten seeds."""
    names: dict[str, Any] = {}
    exec(CURVE, names)  # noqa: S102 - our own text above, shared with the child processes
    curve: Callable[[Mapping[str, Any]], list[float]] = names["curve"]

    def objective(settings: Mapping[str, Any], on_epoch: Callable[[int, float], bool]) -> float:
        score = math.nan
        for epoch, score in enumerate(curve(settings), start=1):
            if not on_epoch(epoch, score):
                break
        return score

    def best(study: Study) -> float:
        assert study.best is not None and study.best.score is not None
        return study.best.score

    for trials in (12, 30):
        for pruner in ("median", "hyperband"):
            epochs, gaps = [], []
            for seed in range(10):
                section = TuningSection(trials=trials, seed=seed, max_epochs=EPOCHS)
                whole = search(objective, section.replaced(pruner="none"), SPACE, "minimize", first=KNOWN)
                cut = search(objective, section.replaced(pruner=pruner), SPACE, "minimize", first=KNOWN)
                epochs.append(cut.epochs / whole.epochs)
                gaps.append(best(cut) / best(whole) - 1)
            print(
                f"pruning, {pruner}, {trials} trials: {statistics.median(epochs):.2f} of the epochs "
                f"({min(epochs):.2f}–{max(epochs):.2f}), best score {statistics.median(gaps):+.2%} "
                f"({min(gaps):+.2%} to {max(gaps):+.2%})"
            )


def main() -> None:
    """Print every pair, then what pruning saves."""
    compare(
        "CPU per trial, journal kept, against Optuna's journal",
        lambda: 1_000 * per_trial(OURS, journal=True),
        lambda: 1_000 * per_trial(OPTUNA, journal=True),
        unit="ms",
    )
    compare(
        "CPU per trial, in memory, against bare Optuna",
        lambda: 1_000 * per_trial(OURS, journal=False),
        lambda: 1_000 * per_trial(OPTUNA, journal=False),
        unit="ms",
    )
    if importlib.util.find_spec("ray"):
        compare(
            "CPU per trial, against Ray Tune with OptunaSearch",
            lambda: 1_000 * per_trial(OURS, journal=True),
            lambda: 1_000 * per_trial(RAY, journal=False),
            unit="ms",
        )
    else:
        print("Ray Tune: not installed (pip install 'sevenfold[ray]')")
    pruning()


if __name__ == "__main__":
    main()
