"""The recorded drift is that of the Python formula on the same counts, and is there whenever there are counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from promtool import Promtool, Series, promtools, restarted, rising, series, with_gap
from rule_cases import BINS, EVEN, MOVED, REFERENCE, features, predictions, referenced

from sevenfold.contracts.reference import FeatureBins, Reference
from sevenfold.drift.chi_squared import chi_squared_quantile
from sevenfold.drift.verdict import window_drift
from sevenfold.monitoring.rules import rule_groups, to_yaml
from sevenfold.plan.deployment import ServiceLevel
from sevenfold.plan.monitoring import MonitoringSection

SECTION = MonitoringSection(window_minutes=10, feedback_hours=1)
RULES = rule_groups("flights", SECTION, ServiceLevel())
OF_SHARES = ("_share", "_psi", "_drifted", "_accuracy", "_recall", "_roc_auc", "_log_loss", "_brier", "_rmse", "_mae")
OF_ERRORS = ("_error", "_rmse", "_mae")
RECORDED = [rule["record"] for group in RULES["groups"] for rule in group["rules"] if "record" in rule]

pytestmark = pytest.mark.skipif(not promtools(), reason="promtool is not installed")


@pytest.fixture(params=promtools() or [""])
def promtool(request: pytest.FixtureRequest) -> Promtool:
    """Every version at hand."""
    return Promtool(request.param, to_yaml(RULES))


def moved(record: str) -> tuple[Series, ...]:
    if record.startswith("sevenfold:feedback"):
        return labelled(regression=record.endswith(OF_ERRORS))
    return features(MOVED) if record.startswith("sevenfold:feature") else predictions(MOVED)


@pytest.mark.parametrize("record", RECORDED)
def test_a_recorded_series_outlives_a_gap_and_a_restart_and_is_not_made_up(promtool: Promtool, record: str) -> None:
    rows = moved(record)
    known = values(promtool, rows, record)
    assert known
    for befallen in (with_gap(rows), restarted(rows)):
        again = values(promtool, befallen, record)
        assert again.keys() == known.keys()
        if record.endswith(OF_SHARES):  # rows are fewer, or of a longer window, and spread alike
            assert list(again.values()) == pytest.approx([known[labels] for labels in again], rel=0.05, abs=0.002)
    counters_gone = [row for row in rows if not row.counts]
    if "reference" not in record and "limit" not in record and "degrees" not in record:
        assert values(promtool, counters_gone, record) == {}
    assert values(promtool, (), record) == {}


def values(promtool: Promtool, rows: Sequence[Series], record: str) -> dict[str, float]:
    """Return what is recorded under a name; all names are asked for at once."""
    every = promtool.values(rows, '{__name__=~"sevenfold:.+"}')
    return {labels: value for labels, value in every.items() if f'__name__="{record}"' in labels}


@pytest.mark.parametrize("case", ["steady", "two replicas", "restarted", "young", "gone"])
def test_it_is_that_of_the_python_formula(promtool: Promtool, case: str) -> None:
    rng = np.random.default_rng(3)
    pods = [rng.integers(5, 60, len(BINS)) for _ in range(2 if case == "two replicas" else 1)]
    window = SECTION.window_minutes
    counts = sum(pods) * {"young": 4, "gone": 5}.get(case, window)
    rows = referenced()
    for pod, rates in enumerate(pods):
        for bin_name, rate in zip(BINS, rates.tolist(), strict=True):
            values: list[float | None] = list(rising(rate))
            if case == "restarted":  # at a scrape, so that nothing is lost; increase() then is exact but for its edges
                values = [*values[:55], *values[:6]]
            if case == "young":
                values = [*[None] * 56, *values[:5]]
            if case == "gone":
                values[56:] = [None] * 5
            labels = {"bin": bin_name, "feature": "wind", "pod": f"p{pod}"}
            rows.append(series("sevenfold_feature_bin_total", values, **labels))
    expected = window_drift("w", {"wind": counts}, reference(), SECTION).features[0]
    psi = recorded(promtool, rows, 'sevenfold:feature_psi{feature="wind"}')
    assert psi == pytest.approx(expected.psi, rel=0.02 if case == "restarted" else 1e-6)
    flag = recorded(promtool, rows, 'sevenfold:feature_drifted{feature="wind"}')
    assert bool(flag) == expected.drifted


def test_the_approximate_limit_of_the_predictions_is_near_the_exact_one(promtool: Promtool) -> None:
    limit = recorded(promtool, predictions(EVEN), "sevenfold:prediction_chi_squared_limit")
    assert limit == pytest.approx(chi_squared_quantile(1 - SECTION.significance, len(BINS) - 1), rel=0.03)
    psi = recorded(promtool, predictions(MOVED), "sevenfold:prediction_psi")
    counts = np.array(MOVED) * SECTION.window_minutes
    (feature,) = window_drift("w", {"prediction": counts}, reference(), SECTION).features
    assert psi == pytest.approx(feature.psi, rel=1e-6)


def labelled(*, regression: bool) -> tuple[Series, ...]:
    """Rows whose labels came back, ten a minute, of a model that has become worse."""
    if regression:
        names, metric, score = {"absolute_error": 9, "squared_error": 14, "fourth_power_error": 60}, "rmse", 1.0
    else:
        names, metric, score = {"correct": 7, "log_loss": 5, "brier": 2}, "accuracy", 0.9
    counts = {"positives": (1, 4), "negatives": (3, 2), "negatives_below": (1.5, 4)}  # per bin of the probability
    classes: dict[str, dict[str, tuple[float, ...]]] = {  # per class and bin of its probability
        "class_positives": {"late": (1, 4), "early": (3, 2)},
        "class_negatives_below": {"late": (1.5, 4), "early": (0.5, 3)},
    }
    cells = {("late", "late"): 4, ("late", "early"): 2, ("early", "late"): 1, ("early", "early"): 3}
    return (
        *(
            series("sevenfold_feedback_confusion_total", rising(step), true=true, predicted=predicted)
            for (true, predicted), step in cells.items()
        ),
        series("sevenfold_reference_score", [score] * 61, metric=metric),
        series("sevenfold_reference_score_rows", [2_000] * 61),
        series("sevenfold_feedback_rows_total", rising(10), label="scored"),
        *(series(f"sevenfold_feedback_{name}_total", rising(step)) for name, step in names.items()),
        *(
            series(f"sevenfold_feedback_{name}_total", rising(step), bin=f"b{number}")
            for name, steps in counts.items()
            for number, step in enumerate(steps)
        ),
        *(
            series(f"sevenfold_feedback_{name}_total", rising(step), bin=f"b{number}", **{"class": label})
            for name, by_class in classes.items()
            for label, steps in by_class.items()
            for number, step in enumerate(steps)
        ),
    )


def reference() -> Reference:
    bins = FeatureBins(kind="number", edges=(1, 2), names=BINS, counts=REFERENCE)
    return Reference(rows=sum(REFERENCE), features={"wind": bins}, prediction=bins)


def recorded(promtool: Promtool, rows: tuple[Series, ...] | list[Series], expression: str) -> float:
    [value] = promtool.values(rows, expression).values()
    return value
