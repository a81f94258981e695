"""The rules of concept drift, run by Prometheus itself (promtool): they are the Python formula, and alert rightly."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from promtool import answers, promtools
from sklearn.metrics import accuracy_score, recall_score

from sevenfold.drift.concept import Labelled, ReferenceScore, binned_auc, binned_ovr_auc, concept_verdict
from sevenfold.monitoring.concept_alerts import CONCEPT_DRIFT
from sevenfold.monitoring.rules import rule_groups, to_yaml
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection

SECTION = MonitoringSection(feedback_hours=1)
NAME = "flights"
WINDOW, END = 60, 150  # minutes
RATE = 10  # rows a minute
pytestmark = pytest.mark.skipif(not promtools(), reason="promtool is not installed")

UNKNOWN = f"{CONCEPT_DRIFT}Unknown"

Series = dict[str, str]


@pytest.fixture(params=promtools())
def promtool(request: pytest.FixtureRequest) -> str:
    """Every version at hand."""
    return str(request.param)


def series(name: str, values: str, pod: str = "p", **labels: str) -> Series:
    pairs = {"model": NAME, "bundle": "b1", "namespace": "n", "pod": pod, **labels}
    text = ", ".join(f'{key}="{value}"' for key, value in pairs.items())
    return {"series": f"sevenfold_{name}{{{text}}}", "values": values}


def reference(score: float, rows: int, metric: str = "accuracy") -> list[Series]:
    return [
        series("reference_score", f"{score!r}x{END}", metric=metric),
        series("reference_score_rows", f"{rows}x{END}"),
    ]


def classified(right: float, *, rate: float = RATE, pod: str = "p", shape: str = "0+{step}x150") -> list[Series]:
    """Counters of a classifier, which is right in so many of `rate` rows a minute; `shape` says when they rise."""

    def rising(step: float) -> str:
        return shape.format(step=step, later=step * 110, back=step * 117, held=step * 60)

    return [
        series("feedback_rows_total", rising(rate), pod=pod, label="scored"),
        series("feedback_rows_total", rising(0), pod=pod, label="missing"),
        series("feedback_correct_total", rising(right), pod=pod),
    ]


def regressed(squared: float, fourth: float, rate: float = RATE) -> list[Series]:
    return [
        series("feedback_rows_total", f"0+{rate}x{END}", label="scored"),
        series("feedback_absolute_error_total", f"0+{rate / 2}x{END}"),
        series("feedback_squared_error_total", f"0+{squared!r}x{END}"),
        series("feedback_fourth_power_error_total", f"0+{fourth!r}x{END}"),
    ]


def evaluated(promtool: str, given: list[Series], *expressions: str, at: int = END) -> list[float | None]:
    """Return the value of each expression at a minute; None where it has none."""
    groups = rule_groups(NAME, SECTION, ServiceLevel())["groups"]
    rules = to_yaml({"groups": [group for group in groups if "feedback" in group["name"]]})
    told = answers(promtool, rules, given, expressions, at)
    found = re.findall(r'expr: (".*"), time.*\n\s+exp: nil\n\s+got: \{[^}]*\} (\S+)\n', told)
    values = {json.loads(expression): float(value) for expression, value in found}
    return [values.get(expression) for expression in expressions]


def firing(promtool: str, given: list[Series], at: int = END) -> set[str]:
    names = (CONCEPT_DRIFT, UNKNOWN)
    asked = [f'count(ALERTS{{alertname="{name}", alertstate="firing"}})' for name in names]
    return {name for name, count in zip(names, evaluated(promtool, given, *asked, at=at), strict=True) if count}


# name of the case: how the counters rise, and for how many minutes of the window they do
SHAPES = {
    "steady": ("0+{step}x150", 60),
    "young": ("_x110 0+{step}x40", 40),
    "gone": ("0+{step}x110 _x40", 20),
    "gap": ("0+{step}x100 _x9 {later}+{step}x40", 60),
    "outage": ("0+{step}x100 _x16 {back}+{step}x33", 60),
}


@pytest.mark.parametrize("case", [*SHAPES, "two replicas"])
def test_the_scores_of_a_classifier_are_those_of_the_python_formula(case: str, promtool: str) -> None:
    shape, minutes = SHAPES.get(case, SHAPES["steady"])
    given = reference(0.9, 2_000) + classified(7, shape=shape)
    rows, right = RATE * minutes, 7 * minutes
    if case == "two replicas":
        given += classified(17, rate=20, pod="q")
        rows, right = rows + 20 * minutes, right + 17 * minutes
    verdict = concept_verdict(Labelled(rows, correct=right), ReferenceScore(0.9, 2_000), SECTION)
    asked = [f"sevenfold:feedback_{what}" for what in ("accuracy", "loss", "z", "drifted")]
    expected = [verdict.score, verdict.loss, verdict.z, float(verdict.drifted)]
    assert evaluated(promtool, given, *asked) == pytest.approx(expected, rel=1e-6)
    assert verdict.drifted


@pytest.mark.parametrize("wrong", [0, 1, 5])
def test_few_wrong_rows_are_judged_alike(wrong: int, promtool: str) -> None:
    right = RATE - wrong / 60
    verdict = concept_verdict(Labelled(600, correct=600 - wrong), ReferenceScore(1.0, 500), SECTION)
    asked = evaluated(promtool, reference(1.0, 500) + classified(right), "sevenfold:feedback_z")
    assert asked == pytest.approx([verdict.z], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(("squared", "fourth"), [(14.5, 60.0), (10.2, 31.0), (8.0, 25.0)])
def test_the_scores_of_a_regression_are_those_of_the_python_formula(
    squared: float, fourth: float, promtool: str
) -> None:
    window = Labelled(600, squared=60 * squared, fourth=60 * fourth)
    verdict = concept_verdict(window, ReferenceScore(1.0, 3_000), SECTION)
    asked = [f"sevenfold:feedback_{what}" for what in ("rmse", "loss", "z", "drifted", "mae")]
    given = reference(1.0, 3_000, "rmse") + regressed(squared, fourth)
    expected = [verdict.score, verdict.loss, verdict.z, float(verdict.drifted), 0.5]
    assert evaluated(promtool, given, *asked) == pytest.approx(expected, rel=1e-6)


def test_the_area_under_the_curve_is_that_of_the_python_formula(promtool: str) -> None:
    positives, negatives = np.array([1.0, 2, 4, 3]), np.array([5.0, 3, 2, 1])
    below = np.cumsum(negatives) - negatives / 2
    counted = {"positives": positives, "negatives": negatives, "negatives_below": below}
    given = classified(7)
    for what, values in counted.items():
        for number, step in enumerate(values.tolist()):
            given.append(series(f"feedback_{what}_total", f"0+{step}x{END}", bin=f"b{number}"))
    expected = binned_auc(positives, negatives)
    assert evaluated(promtool, given, "sevenfold:feedback_roc_auc") == pytest.approx([expected], rel=1e-6)


def test_the_area_of_several_classes_is_that_of_the_python_formula(promtool: str) -> None:
    rng = np.random.default_rng(4)
    positives, negatives = (rng.integers(0, 9, (4, 5)).astype(float) for _ in range(2))
    positives[3] = 0  # a class that never came back
    # a row is positive for one class and negative for the others
    for number in range(4):
        negatives[number] *= (positives.sum() - positives[number].sum()) / negatives[number].sum()
    given = classified(7)
    below = np.cumsum(negatives, axis=1) - negatives / 2
    for what, table in {"positives": positives, "negatives_below": below}.items():
        for number, row in enumerate(table.tolist()):
            for at, step in enumerate(row):
                labels = {"class": f"c{number}", "bin": f"b{at}"}
                given.append(series(f"feedback_class_{what}_total", f"0+{step!r}x{END}", **labels))
    one, never = (f'sevenfold:feedback_class_roc_auc{{class="{name}"}}' for name in ("c1", "c3"))
    expected = [binned_ovr_auc(positives, negatives), binned_auc(positives[1], negatives[1])]
    *found, unknown = evaluated(promtool, given, "sevenfold:feedback_roc_auc", one, never)
    assert found == pytest.approx(expected, rel=1e-6)
    assert unknown is None


def test_scores_of_several_classes_are_those_of_scikit_learn(promtool: str) -> None:
    classes, table = ("a", "b", "never"), np.array([[5, 1, 2], [2, 7, 0], [0, 0, 0]])  # rows a minute; true, predicted
    given = classified(int(np.trace(table)), rate=int(table.sum()))
    for true, row in zip(classes, table.tolist(), strict=True):
        for predicted, step in zip(classes, row, strict=True):
            labels = {"true": true, "predicted": predicted}
            given.append(series("feedback_confusion_total", f"0+{step}x{END}", **labels))
    given += [
        series(f"feedback_{name}_total", f"0+{step}x{END}") for name, step in {"log_loss": 8.5, "brier": 3.4}.items()
    ]
    truth, predicted = (np.repeat(index.ravel(), table.ravel()) for index in np.indices(table.shape))
    *recalls, never = [f'sevenfold:feedback_recall{{true="{name}"}}' for name in classes]
    scores = [f"sevenfold:feedback_{name}" for name in ("accuracy", "balanced_accuracy", "log_loss", "brier")]
    expected = [
        *recall_score(truth, predicted, average=None, labels=[0, 1]),
        accuracy_score(truth, predicted),
        recall_score(truth, predicted, average="macro", labels=[0, 1]),  # of the classes that came back
        8.5 / table.sum(),
        3.4 / table.sum(),
    ]
    assert evaluated(promtool, given, *recalls, *scores) == pytest.approx(expected, rel=1e-6)
    assert evaluated(promtool, given, never) == [None]


GOOD, BAD = classified(8.9), classified(8)
FALLEN = "0+{step}x120 0+{step}x29"  # the process restarted half an hour ago


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (BAD, {CONCEPT_DRIFT}),
        (GOOD, set()),
        (classified(8, shape=FALLEN), {CONCEPT_DRIFT}),
        (classified(8.9, shape=FALLEN), set()),
        (classified(8, shape=SHAPES["gap"][0]), {CONCEPT_DRIFT}),
        (classified(8.9, shape=SHAPES["gap"][0]), set()),
        (classified(8, shape=SHAPES["outage"][0]), {CONCEPT_DRIFT}),
        (classified(8.9, shape=SHAPES["outage"][0]), set()),
        (classified(8.5, rate=9), set()),  # better than before
        (classified(8, shape="0+{step}x60 {held}x90"), {UNKNOWN}),  # labels stopped coming
        (classified(1.6, rate=2), {UNKNOWN}),  # too few
        (classified(8.9, shape="_x120 0+{step}x30"), set()),  # a bundle too young to be judged
        (classified(0.5, rate=1, shape="_x120 0+{step}x30"), set()),
    ],
)
def test_the_alert_and_its_twin(given: list[Series], expected: set[str], promtool: str) -> None:
    assert firing(promtool, reference(0.9, 2_000) + given) == expected


def test_a_bundle_that_does_not_say_how_good_it_was_is_unknown(promtool: str) -> None:
    assert firing(promtool, BAD) == {UNKNOWN}
    assert firing(promtool, [*BAD, *reference(0.9, 0)]) == {UNKNOWN}


@pytest.mark.parametrize("sums", [(0.0, 0.0), (10.0, 10.0)])
def test_what_is_not_a_number_is_unknown_and_never_fine(sums: tuple[float, float], promtool: str) -> None:
    # errors that are all alike have no spread: equal to the reference, nothing follows from them
    score = 0.0 if sums[0] == 0 else 1.0
    assert firing(promtool, reference(score, 2_000, "rmse") + regressed(*sums)) == {UNKNOWN}


def test_errors_that_are_all_alike_and_large_are_drift(promtool: str) -> None:
    assert firing(promtool, reference(1.0, 2_000, "rmse") + regressed(40.0, 160.0)) == {CONCEPT_DRIFT}


def test_a_predictor_that_takes_no_labels_raises_nothing(promtool: str) -> None:
    assert firing(promtool, [series("ready", f"1x{END}")]) == set()
