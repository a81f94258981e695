"""Concept drift: the statistics against scipy and scikit-learn, and how often it alarms, by simulation."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2_contingency
from sklearn.metrics import roc_auc_score

from sevenfold.contracts.reference import Reference
from sevenfold.contracts.schema import Column, Kind, Task
from sevenfold.contracts.signature import Signature
from sevenfold.drift.concept import (
    Labelled,
    ReferenceScore,
    binned_auc,
    binned_ovr_auc,
    concept_verdict,
    sliding_limit,
)
from sevenfold.drift.feedback_counts import FeedbackCounter
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.scoring.request_labels import Truth
from sevenfold.scoring.scorer import Prediction

SECTION = MonitoringSection()
WEEKS, DAYS, HOURS = 1_000, 8, 24


@pytest.mark.parametrize(("right", "rows"), [(800, 1_000), (890, 1_000), (950, 1_000), (199, 200)])
def test_z_is_the_root_of_the_likelihood_ratio(right: int, rows: int) -> None:
    verdict = concept_verdict(Labelled(rows, correct=right), ReferenceScore(0.9, 2_000), SECTION)
    table = [[right, rows - right], [1_800, 200]]
    ratio = chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic
    assert verdict.z**2 == pytest.approx(ratio, rel=1e-6)
    assert (verdict.z > 0) == (right / rows < 0.9)
    assert verdict.loss == pytest.approx(0.9 - right / rows)


def test_z_of_a_regression_is_that_of_a_difference_of_means() -> None:
    errors = np.random.default_rng(1).normal(0, 1.2, 800)
    window = Labelled(800, squared=float((errors**2).sum()), fourth=float((errors**4).sum()))
    verdict = concept_verdict(window, ReferenceScore(1.0, 2_000), SECTION)
    error = np.std(errors**2) * math.sqrt(1 / 800 + 1 / 2_000)
    assert verdict.z == pytest.approx((np.mean(errors**2) - 1) / error, rel=1e-9)
    assert verdict.loss == pytest.approx(np.sqrt(np.mean(errors**2)) - 1, rel=1e-9)
    assert verdict.drifted


@pytest.mark.parametrize(
    ("window", "reference"),
    [
        (Labelled(0, correct=0), ReferenceScore(0.9, 100)),
        (Labelled(199, correct=0), ReferenceScore(0.9, 100)),
        (Labelled(500, correct=0), ReferenceScore(0.9, 0)),
        (Labelled(500, squared=0.0, fourth=0.0), ReferenceScore(0.0, 100)),
        (Labelled(500, squared=500.0, fourth=500.0), ReferenceScore(1.0, 100)),
        (Labelled(500, correct=400), ReferenceScore(math.nan, 100)),
    ],
)
def test_a_window_that_says_nothing_is_neither_drifted_nor_fine(window: Labelled, reference: ReferenceScore) -> None:
    assert concept_verdict(window, reference, SECTION).drifted is None


def test_the_area_from_bins_is_that_of_rows_with_ties() -> None:
    rng = np.random.default_rng(2)
    truth = rng.random(500) < 0.4
    bins = np.clip(rng.normal(4 + 2 * truth, 2), 0, 9).astype(int)
    counts = [np.bincount(bins[truth == outcome], minlength=10).astype(float) for outcome in (True, False)]
    assert binned_auc(*counts) == pytest.approx(roc_auc_score(truth, bins))
    assert math.isnan(binned_auc(counts[0], np.zeros(10)))


def test_the_area_of_several_classes_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    truth = rng.choice(4, 900, p=[0.6, 0.25, 0.1, 0.05])
    sides, exact = _sides(truth, rng.normal(size=(900, 4)) + 1.5 * np.eye(4)[truth])
    assert binned_ovr_auc(*sides) == pytest.approx(exact, abs=0.01)
    assert binned_ovr_auc(sides[0][:2], sides[1][:2]) == pytest.approx(
        np.mean([binned_auc(*counts) for counts in zip(sides[0][:2], sides[1][:2], strict=True)])
    )
    never = [np.vstack([side, np.zeros(side.shape[1])]) for side in sides]
    assert binned_ovr_auc(*never) == pytest.approx(binned_ovr_auc(*sides))
    assert math.isnan(binned_ovr_auc(np.zeros((3, 5)), np.zeros((3, 5))))


@pytest.mark.parametrize("classes", [3, 10])
def test_the_bins_of_classes_are_fine_enough_for_weak_and_strong_models(classes: int) -> None:
    rng = np.random.default_rng(classes)
    truth = rng.integers(0, classes, 4_000)
    for signal in (0.5, 1, 3):
        odds = signal * (rng.normal(size=(4_000, classes)) + signal * np.eye(classes)[truth])
        sides, exact = _sides(truth, odds)
        assert binned_ovr_auc(*sides) == pytest.approx(exact, abs=0.01)


def _sides(truth: NDArray[np.int64], odds: NDArray[np.float64]) -> tuple[list[NDArray[np.float64]], float]:
    """Return what a predictor counts of rows with a model's log odds, positive rows first, and the exact area."""
    given = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
    names = tuple(f"c{number}" for number in range(given.shape[1]))
    signature = Signature(task=Task.MULTICLASS, target="y", classes=names, inputs={"x": Column(kind=Kind.NUMBER)})
    counter = FeedbackCounter(signature, Reference(rows=0, features={}))
    labels = np.array(names, dtype=object)[given.argmax(axis=1)]
    scored = np.ones(len(truth), dtype=np.bool_)
    counter.observe(Prediction(labels=labels, probabilities=given), Truth(scored, truth))
    exact = float(roc_auc_score(truth, given, multi_class="ovr"))
    return [counter.class_bins[1].astype(float), counter.class_bins[0].astype(float)], exact


def judged(rng: np.random.Generator, rows: int, share: float, section: MonitoringSection, weeks: int = WEEKS) -> float:
    """The share of weeks with an alarm: a window of a day that slides by an hour, validation rows drawn for each."""
    validation = rng.binomial(2_000, 0.1, weeks) / 2_000
    wrong = rng.binomial(max(rows // HOURS, 1), share, (weeks, DAYS * HOURS)).cumsum(axis=1)
    windows = np.concatenate([wrong[:, HOURS - 1 : HOURS], wrong[:, HOURS:] - wrong[:, :-HOURS]], axis=1)
    seen = rows // HOURS * HOURS
    alarms = 0
    for week, before in zip(windows.tolist(), validation.tolist(), strict=True):
        # z grows with the wrong rows, so the worst window decides
        verdict = concept_verdict(Labelled(seen, correct=seen - max(week)), ReferenceScore(1 - before, 2_000), section)
        alarms += verdict.drifted is True
    return alarms / weeks


@pytest.mark.parametrize("rows", [240, 2_400, 24_000])
def test_at_most_one_week_in_a_hundred_has_a_false_alarm(rows: int) -> None:
    significance_alone = SECTION.model_copy(update={"feedback_loss": 0.0})
    assert judged(np.random.default_rng(rows), rows, 0.1, significance_alone) <= 0.01


ERRORS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "laplace": lambda rng, shape: rng.laplace(size=shape),
    "lognormal": lambda rng, shape: rng.lognormal(size=shape),
}


def errors_judged(name: str, grown: float, weeks: int) -> float:
    """The share of weeks with an alarm about a regression with such errors, 2 400 rows a day, grown by a share."""
    rng, section, alarms = np.random.default_rng(6), SECTION.model_copy(update={"feedback_loss": 0.0}), 0
    for _ in range(weeks):
        before = math.sqrt((ERRORS[name](rng, (2_000,)) ** 2).mean())
        errors = (1 + grown) * ERRORS[name](rng, (DAYS * HOURS, 100))
        sums = [np.concatenate([[0], (errors**power).sum(axis=1).cumsum()]) for power in (2, 4)]
        windows = zip(*((total[HOURS:] - total[:-HOURS]).tolist() for total in sums), strict=True)
        verdicts = (
            concept_verdict(Labelled(2_400, squared=squared, fourth=fourth), ReferenceScore(before, 2_000), section)
            for squared, fourth in windows
        )
        alarms += any(verdict.drifted for verdict in verdicts)
    return alarms / weeks


@pytest.mark.parametrize("name", ERRORS)
def test_errors_of_any_tail_raise_no_more_false_alarms(name: str) -> None:
    assert errors_judged(name, 0.0, 200) <= 0.01


def test_errors_that_grew_are_seen() -> None:
    assert errors_judged("normal", 0.2, 40) >= 0.95


def test_a_real_loss_is_seen_and_a_trivial_one_is_not() -> None:
    rng = np.random.default_rng(5)
    assert judged(rng, 2_000, 0.2, SECTION) >= 0.95
    assert judged(rng, 1_000_000, 0.11, SECTION, weeks=100) == 0


@pytest.mark.parametrize("hours", [1, 24, 168])
def test_the_limit_of_a_sliding_window_holds_for_a_week(hours: int) -> None:
    """Sums of white noise over a window that slides in 48 steps: the process whose maximum the limit is about."""
    rng, steps, weeks = np.random.default_rng(hours), 48, 2_000
    count = steps * 168 // hours
    over = 0
    for _ in range(weeks):
        total = np.concatenate([[0], rng.normal(size=count + steps).cumsum()])
        over += (total[steps:] - total[:-steps]).max() / math.sqrt(steps) > sliding_limit(0.05, hours)
    assert 0.02 <= over / weeks <= 0.06  # steps miss some peaks between them
