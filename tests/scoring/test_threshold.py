from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, make_scorer
from sklearn.model_selection import TunedThresholdClassifierCV

from sevenfold.plan.costs import Costs
from sevenfold.plan.metrics import DECIDED
from sevenfold.plan.threshold import ThresholdRule
from sevenfold.scoring import threshold as module
from sevenfold.scoring.formulas import OF_COUNTS
from sevenfold.scoring.threshold import choose_threshold

COSTS = Costs(false_positive=1, false_negative=10, true_positive=-2)


def cost(truth: np.ndarray, said: np.ndarray) -> float:
    """What decisions gain per row, counted from the definition."""
    false, missed, hit = (truth == 0) & said, (truth == 1) & ~said, (truth == 1) & said
    return -float((1.0 * false + 10.0 * missed - 2.0 * hit).mean())


MEASURES = {
    "f1": lambda truth, said: f1_score(truth, said),
    "accuracy": accuracy_score,
    "balanced_accuracy": balanced_accuracy_score,
    "costs": cost,
}


def rule(by: str) -> ThresholdRule:
    return ThresholdRule(by=by, costs=COSTS if by == "costs" else None)


def draw(rows: int, seed: int, *, decimals: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Rows of which about 6 % are positive, with the probability that is true of each."""
    random = np.random.default_rng(seed)
    chance = 1 / (1 + np.exp(-random.normal(-3.5, 1.5, rows)))
    return (random.random(rows) < chance).astype(np.int64), chance.round(decimals).astype(np.float32)


def best_of_all(by: str, truth: np.ndarray, given: np.ndarray) -> float:
    """The best value over every threshold that neither takes all rows nor none."""
    return max(MEASURES[by](truth, given >= value) for value in np.unique(given)[1:])


@pytest.mark.parametrize("by", MEASURES)
@pytest.mark.parametrize("decimals", [7, 1])  # all different, and many ties
def test_with_the_rows_alone_no_threshold_is_better(by: str, decimals: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PRIOR", 0)
    truth, given = draw(400, 1, decimals=decimals)
    chosen = choose_threshold(truth, given, rule(by))
    reached = MEASURES[by](truth, given >= chosen.value)
    assert reached == pytest.approx(best_of_all(by, truth, given), abs=1e-12)
    assert chosen.choice.score == pytest.approx(-reached if by == "costs" else reached, abs=1e-12)
    assert (chosen.choice.rows, chosen.choice.positives) == (400, int(truth.sum()))


@pytest.mark.parametrize("by", ["f1", "balanced_accuracy", "costs"])
def test_with_many_rows_it_is_as_good_as_scikit_learn_finds(by: str) -> None:
    random = np.random.default_rng(2)
    x = random.normal(size=(4_000, 1))
    truth = (random.random(4_000) < 1 / (1 + np.exp(3.5 - 1.5 * x[:, 0]))).astype(np.int64)
    fitted = LogisticRegression().fit(x, truth)
    tuned = TunedThresholdClassifierCV(
        fitted, scoring=make_scorer(MEASURES[by]), cv="prefit", refit=False, thresholds=200
    ).fit(x, truth)
    given = fitted.predict_proba(x)[:, 1].astype(np.float32)
    chosen = choose_threshold(truth, given, rule(by))
    assert MEASURES[by](truth, given >= chosen.value) >= tuned.best_score_ - 0.01
    assert chosen.value < 0.4  # where scikit-learn's default of 0.5 misses most of the positives


def test_with_a_handful_of_positives_the_probabilities_have_a_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """On many other rows the chosen thresholds reach more than the best ones of the few rows."""
    truth, given = draw(40_000, 3)
    reached = {}
    for prior in (0, module.PRIOR):
        monkeypatch.setattr(module, "PRIOR", prior)
        values = [choose_threshold(*draw(100, seed), rule("f1")).value for seed in range(100, 160)]
        said = given[None, :] >= np.array(values, dtype=np.float32)[:, None]
        hits = (said & (truth == 1)).sum(axis=1)
        reached[prior] = float((2 * hits / (said.sum(axis=1) + truth.sum())).mean())
    assert reached[module.PRIOR] > reached[0] + 0.01


def test_the_middle_of_a_gap_is_taken() -> None:
    given = np.repeat(np.array([0.1, 0.3, 0.9], dtype=np.float32), 50)
    chosen = choose_threshold((given > 0.5).astype(np.int64), given, rule("f1"))
    assert chosen.value == pytest.approx(0.6, abs=1e-6)
    shuffled = np.random.default_rng(0).permutation(150)
    assert choose_threshold((given > 0.5).astype(np.int64)[shuffled], given[shuffled], rule("f1")) is not chosen
    assert choose_threshold((given > 0.5).astype(np.int64)[shuffled], given[shuffled], rule("f1")).value == chosen.value


def test_neighbouring_probabilities_are_told_apart() -> None:
    low = np.float32(0.3)
    given = np.array([low, np.nextafter(low, np.float32(1))] * 30, dtype=np.float32)
    truth = np.array([0, 1] * 30)
    chosen = choose_threshold(truth, given, rule("accuracy"))
    assert ((given >= chosen.value) == (truth == 1)).all()
    assert chosen.value == float(np.float32(chosen.value))


@pytest.mark.parametrize(
    ("truth", "given", "word"), [([0, 1, 0], [0.2, 0.2, 0.2], "probability"), ([1, 1, 1], [0.1, 0.2, 0.3], "class")]
)
def test_rows_that_allow_no_choice_say_so(truth: list[int], given: list[float], word: str) -> None:
    rows = np.array(truth), np.array(given, dtype=np.float32)
    chosen = choose_threshold(*rows, rule("f1"))
    assert (chosen.value, chosen.choice.score) == (0.5, None)
    assert f"allow no choice: all have the same {word}" in chosen.choice.sentence
    by_costs = choose_threshold(*rows, rule("costs"))
    assert by_costs.value == pytest.approx(1 / 13, abs=1e-7)  # 1 / (1 + 10 + 2)


def test_a_number_of_the_plan_is_taken_as_it_is() -> None:
    chosen = choose_threshold(*draw(100, 1), ThresholdRule(value=0.3))
    assert (chosen.value, chosen.choice.by) == (float(np.float32(0.3)), "plan")


def test_rows_without_a_class_have_no_say() -> None:
    truth, given = draw(300, 5)
    more = np.append(truth, [-1] * 40), np.append(given, np.full(40, 0.99, dtype=np.float32))
    assert choose_threshold(*more, rule("f1")).value == choose_threshold(truth, given, rule("f1")).value


def test_the_share_of_positives_chooses_the_metric() -> None:
    truth, given = draw(500, 6)
    assert choose_threshold(truth, given, ThresholdRule()).choice.by == "f1"
    assert choose_threshold(1 - truth, 1 - given, ThresholdRule()).choice.by == "balanced_accuracy"


def test_limits_of_gates_are_kept_where_they_can_be() -> None:
    truth, given = draw(3_000, 7)
    free = choose_threshold(truth, given, ThresholdRule(by="f1"))
    limited = choose_threshold(truth, given, ThresholdRule(by="f1", least={"recall": 0.8}))
    assert float((given >= free.value)[truth == 1].mean()) < 0.7
    assert float((given >= limited.value)[truth == 1].mean()) == pytest.approx(0.8, abs=0.03)
    impossible = choose_threshold(truth, given, ThresholdRule(by="f1", least={"recall": 0.9, "precision": 0.9}))
    assert impossible.value == free.value
    assert "none has recall ≥ 0.9 and precision ≥ 0.9" in impossible.choice.sentence


def test_the_calibrated_threshold_stands_beside_the_chosen_one() -> None:
    truth, given = draw(2_000, 8)
    by_costs = choose_threshold(truth, given, rule("costs")).choice
    assert by_costs.calibrated == pytest.approx(1 / 13)
    balanced = choose_threshold(truth, given, rule("balanced_accuracy")).choice
    assert balanced.calibrated == pytest.approx(float(given.mean()), abs=1e-6)
    assert choose_threshold(truth, given, rule("accuracy")).choice.calibrated == 0.5
    # for f1 it is half of the best f1 that can be expected (Lipton et al. 2014)
    exact = given.astype(np.float64)
    order = np.sort(exact)[::-1]
    expected = (2 * np.cumsum(order) / (np.arange(1, len(order) + 1) + order.sum())).max()
    f1 = choose_threshold(truth, given, rule("f1")).choice
    assert f1.calibrated == pytest.approx(expected / 2, abs=0.005)


def test_the_metrics_that_a_threshold_decides_are_those_of_counts() -> None:
    assert set(OF_COUNTS) == DECIDED
