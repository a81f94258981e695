"""The simulation of the ROC AUC from bins: both areas are what they are called, and models are from weak to strong."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from sevenfold.drift.feedback_counts import EDGES


@pytest.fixture
def simulation(module: Callable[[str], ModuleType]) -> ModuleType:
    return module("drift_areas")


def test_both_areas_are_those_of_the_rows(simulation: ModuleType) -> None:
    rng = np.random.default_rng(0)
    [model] = simulation.models(1, 4, rng)
    truth, probabilities = simulation.scored(model, 3_000, rng)
    binned, exact = simulation.areas(truth, probabilities)
    assert exact == pytest.approx(roc_auc_score(truth, probabilities, multi_class="ovr"), rel=1e-9)
    tied = np.searchsorted(EDGES, probabilities, side="right")
    assert binned == pytest.approx(np.mean([roc_auc_score(truth == at, tied[:, at]) for at in range(4)]), rel=1e-9)


def test_a_calibrated_model_answers_true_odds(simulation: ModuleType) -> None:
    rng = np.random.default_rng(1)
    truth, probabilities = simulation.scored(simulation.Model((0.2, 0.3, 0.5), 1.0, 1.0), 200_000, rng)
    for at in range(3):
        near = np.abs(probabilities[:, at] - 0.4) < 0.02
        assert (truth[near] == at).mean() == pytest.approx(0.4, abs=0.02)


def test_what_hardly_varies_loses_most(simulation: ModuleType) -> None:
    rng = np.random.default_rng(2)
    lost = {}
    for strength in (0.1, 2.0):
        model = simulation.Model((0.3, 0.3, 0.4), strength, 1.0)
        binned, exact = simulation.areas(*simulation.scored(model, 20_000, rng))
        lost[strength] = exact - binned
    assert lost[0.1] > 0.005
    assert 0 < lost[2.0] < 0.002
