#!/usr/bin/env bash
# A study that is stopped and goes on draws its random trials again. A sampler's seed starts the generator anew in each
# process, and the study keeps no generator: with the seed that makes one run repeatable, the second process proposes
# the very points that the first has tried, and tries them, without a warning. RandomSampler wastes every trial up to
# where it was stopped; TPE the rest of its n_startup_trials. Another seed for each start, or none, avoids it.
# Seen with optuna 5.0.0 on Python 3.11: of 24 trials by RandomSampler(seed=1) in two runs of 12, 12 are different; of
# 10 by TPESampler(seed=1) in two runs of 5, 5.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check optuna==5.0.0
"$work/venv/bin/python" - "$work/journal" <<'PY'
import sys

import optuna
from optuna.samplers import RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

optuna.logging.set_verbosity(optuna.logging.ERROR)


def run(sampler: type, trials: int) -> list[float]:
    storage = JournalStorage(JournalFileBackend(sys.argv[1]))
    study = optuna.create_study(
        study_name=sampler.__name__, storage=storage, load_if_exists=True, sampler=sampler(seed=1)
    )
    study.optimize(lambda trial: (trial.suggest_float("x", 0, 1) - 0.3) ** 2, n_trials=trials)
    return [trial.params["x"] for trial in study.trials]


for sampler, trials in ((RandomSampler, 12), (TPESampler, 5)):
    run(sampler, trials)
    drawn = run(sampler, trials)
    print(f"{sampler.__name__}: {len(drawn)} trials in two runs, {len(set(drawn))} different points")
    assert len(drawn) == 2 * trials
    assert drawn[:trials] == drawn[trials:], "a study that goes on draws other points now"
PY
