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


@pytest.mark.parametrize("classes", [2, 4])
def test_both_areas_are_those_of_the_rows(simulation: ModuleType, classes: int) -> None:
    [model] = simulation.models(1, classes, np.random.default_rng(0))
    binned, exact = simulation.areas(model, 3_000, np.random.default_rng(1))
    rng = np.random.default_rng(1)  # the same rows again, and for two classes those of the reference
    (truth, probabilities), (_, reference) = (simulation.scored(model, 3_000, rng) for _ in range(2))
    if classes == 2:
        probabilities, reference = probabilities[:, 1:], reference[:, 1]
        tied = np.searchsorted(np.quantile(reference, np.arange(1, 10) / 10), probabilities, side="right")
        outcomes = [truth == 1]
    else:
        tied = np.searchsorted(EDGES, probabilities, side="right")
        outcomes = [truth == at for at in range(classes)]

    def mean(scores: np.ndarray) -> float:
        return float(np.mean([roc_auc_score(right, scores[:, at]) for at, right in enumerate(outcomes)]))

    assert exact == pytest.approx(mean(probabilities), rel=1e-9)
    assert binned == pytest.approx(mean(tied), rel=1e-3 if classes == 2 else 1e-9)


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
        binned, exact = simulation.areas(model, 20_000, rng)
        lost[strength] = exact - binned
    assert lost[0.1] > 0.005
    assert 0 < lost[2.0] < 0.002
