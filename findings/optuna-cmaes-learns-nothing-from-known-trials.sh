#!/usr/bin/env bash
# Optuna's CMA-ES learns only from trials that it noted itself. A trial whose parameters were all given, by
# enqueue_trial or add_trial, is complete and counts for best_value, but its generation is never noted, because the
# sampler is not asked where nothing is left to draw. So forty finished trials around the minimum leave CMA-ES at its
# beginning, in generation 0 and in the middle of the space, without a warning; TPE learns from the same trials.
# Seen with optuna 5.0.0 and cmaes 0.13.1 on Python 3.11.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check optuna==5.0.0 cmaes==0.13.1
"$work/venv/bin/python" - <<'PY'
import math
import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)


def bowl(trial):
    x, y = (trial.suggest_float(name, -5, 5) for name in "xy")
    return (x - 4) ** 2 + (y + 4) ** 2


def distance_of_next(sampler, known):
    study = optuna.create_study(sampler=sampler)
    for number in range(known):
        study.enqueue_trial({"x": 4 + math.sin(number) / 10, "y": -4 + math.cos(number) / 10})
    study.optimize(bowl, n_trials=known + 10)
    drawn = [math.sqrt(trial.value) for trial in study.trials[known:]]
    return sum(drawn) / len(drawn), study.trials[-1].system_attrs.get("cma:generation")


cma, generation = distance_of_next(optuna.samplers.CmaEsSampler(seed=1), 40)
fresh, _ = distance_of_next(optuna.samplers.CmaEsSampler(seed=1), 1)
tpe, _ = distance_of_next(optuna.samplers.TPESampler(seed=1), 40)
print(f"mean distance of the next ten trials from the minimum: CMA-ES {cma:.1f}, after one known trial {fresh:.1f}; TPE {tpe:.1f}")
print(f"generation of CMA-ES after fifty trials: {generation}")
assert cma > 3 and generation <= 1, "CMA-ES has learned from the known trials"
assert tpe < 2, "TPE has not learned either"
PY
