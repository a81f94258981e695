"""Recording rules of concept drift: the formula of `drift.concept` in PromQL, and the scores over time as queries.

They are there for every model, and give nothing where no labels are fed back.
"""

from __future__ import annotations

from typing import Final

from sevenfold.drift import telemetry
from sevenfold.drift.concept import FALSE_ALARMS, SMALLEST, sliding_limit
from sevenfold.drift.promql import window_increase
from sevenfold.drift.telemetry import Metric
from sevenfold.plan.monitoring import MonitoringSection

__all__ = ["BY", "concept_rules", "labelled_rows", "recorded_name", "window_minutes"]

BY: Final = "namespace, model, bundle"
_PAIR: Final = "predicted, true"


def recorded_name(what: str) -> str:
    """Return the name of a recorded series."""
    return f"sevenfold:feedback_{what}"


def labelled_rows(selector: str) -> str:
    """Return the counters of scored rows."""
    return f'{telemetry.FEEDBACK_ROWS}{selector[:-1]}, label="scored"}}'


def window_minutes(section: MonitoringSection) -> int:
    """Return the length of a window of labels."""
    return section.feedback_hours * 60


def concept_rules(selector: str, section: MonitoringSection) -> list[dict[str, str]]:
    """Return the rules in the order in which they build on each other.

    `sevenfold:feedback_accuracy`, `…_balanced_accuracy`, `…_roc_auc`, `…_log_loss`, `…_brier`, `…_rmse` and `…_mae` are
    the scores of the last `feedback_hours`, `…_recall` is that of each class, in the label `true`, `…_class_roc_auc`
    its area against all others, in the label `class`. `…_loss` and `…_z` compare them with the validation rows.
    `…_drifted` is 1 where the concept drifted and 0 where not; it is absent where that is not known.
    """
    rules = [*_counts(selector, section), *_scores(selector), *_compared(selector)]
    loss, z, rows = (f"{recorded_name(what)}{selector}" for what in ("loss", "z", "rows"))
    limit = sliding_limit(FALSE_ALARMS, section.feedback_hours)
    drifted = (
        f"(({z} > bool {limit!r}) * ({loss} >= bool {section.feedback_loss!r})) "
        f"and {z} == {z} and {loss} == {loss} and {rows} >= {section.min_rows}"  # what is NaN equals nothing
    )
    return [*rules, _rule("drifted", drifted)]


def _counts(selector: str, section: MonitoringSection) -> list[dict[str, str]]:
    def summed(what: str, series: str, by: str = BY) -> dict[str, str]:
        return _rule(what, f"sum by ({by}) ({window_increase(series, window_minutes(section))})")

    def of(metric: Metric) -> str:
        return f"{metric}{selector}"

    def reference(metric: str) -> str:
        return f'max by ({BY}) ({telemetry.REFERENCE_SCORE}{selector[:-1]}, metric="{metric}"}})'

    return [
        summed("rows", labelled_rows(selector)),
        summed("correct", of(telemetry.FEEDBACK_CORRECT)),
        summed("confusion", of(telemetry.FEEDBACK_CONFUSION), f"{BY}, {_PAIR}"),
        summed("log_loss_sum", of(telemetry.FEEDBACK_LOG_LOSS)),
        summed("brier_sum", of(telemetry.FEEDBACK_BRIER)),
        summed("absolute_error", of(telemetry.FEEDBACK_ABSOLUTE)),
        summed("squared_error", of(telemetry.FEEDBACK_SQUARED)),
        summed("fourth_power_error", of(telemetry.FEEDBACK_FOURTH)),
        summed("positives", of(telemetry.FEEDBACK_POSITIVES), f"{BY}, bin"),
        summed("negatives", of(telemetry.FEEDBACK_NEGATIVES)),
        summed("negatives_below", of(telemetry.FEEDBACK_BELOW), f"{BY}, bin"),
        summed("class_positives", of(telemetry.FEEDBACK_CLASS_POSITIVES), f"{BY}, bin, class"),
        summed("class_negatives_below", of(telemetry.FEEDBACK_CLASS_BELOW), f"{BY}, bin, class"),
        _rule("class_rows", f"sum by ({BY}, class) ({recorded_name('class_positives')}{selector})"),
        _rule("reference_rows", f"max by ({BY}) ({of(telemetry.REFERENCE_SCORE_ROWS)}) > 0"),
        _rule("reference_accuracy", reference("accuracy")),
        _rule("reference_rmse", reference("rmse")),
    ]


def _scores(selector: str) -> list[dict[str, str]]:
    def of(what: str) -> str:
        return f"{recorded_name(what)}{selector}"

    pairs = f"sum by ({BY}) ({of('positives')}) * {of('negatives')}"
    return [
        _rule("accuracy", f"{of('correct')} / ({of('rows')} > 0)"),
        _rule("recall", _recall(of("confusion"))),
        _rule("balanced_accuracy", f"avg by ({BY}) ({of('recall')})"),
        _rule("log_loss", f"{of('log_loss_sum')} / ({of('rows')} > 0)"),
        _rule("brier", f"{of('brier_sum')} / ({of('rows')} > 0)"),
        _rule("class_roc_auc", _class_area(of("class_positives"), of("class_negatives_below"), of("class_rows"))),
        _rule(
            "roc_auc",
            f"(sum by ({BY}) ({of('positives')} * {of('negatives_below')}) / ({pairs} > 0)) "
            f"or avg by ({BY}) ({of('class_roc_auc')})",
        ),
        _rule("rmse", f"sqrt({of('squared_error')} / ({of('rows')} > 0))"),
        _rule("mae", f"{of('absolute_error')} / ({of('rows')} > 0)"),
    ]


def _recall(confusion: str) -> str:
    """Return the share of a class's rows that were predicted as it; a class without rows has none.

    PromQL compares no labels with each other, so the rows of a class that are right are found by a series whose label
    `true` was made from its `predicted`.
    """
    alike = f'label_replace(sum by ({BY}, predicted) ({confusion}), "true", "$1", "predicted", "(.*)")'
    right = f"sum by ({BY}, true) ({confusion} and on ({BY}, {_PAIR}) {alike})"
    return f"{right} / (sum by ({BY}, true) ({confusion}) > 0)"


def _class_area(positives: str, below: str, rows: str) -> str:
    """Return the area under the ROC curve of each class against all others; a class without rows has none."""
    won = f"sum by ({BY}, class) ({positives} * {below})"
    others = f"(sum by ({BY}) ({rows}) - on ({BY}) group_right () {rows})"
    return f"{won} / ({rows} * {others} > 0)"


def _compared(selector: str) -> list[dict[str, str]]:
    def of(what: str) -> str:
        return f"{recorded_name(what)}{selector}"

    rows, before = of("rows"), of("reference_rows")
    lost = f"{of('reference_accuracy')} - {of('accuracy')}"
    grown = f"{of('rmse')} / ({of('reference_rmse')} > 0) - 1"
    wrong, wrong_before = f"({rows} - {of('correct')})", f"((1 - {of('reference_accuracy')}) * {before})"
    share = f"(({wrong} + {wrong_before}) / ({rows} + {before}))"
    terms = (
        _term(wrong, f"{rows} * {share}"),
        _term(of("correct"), f"{rows} * (1 - {share})"),
        _term(wrong_before, f"{before} * {share}"),
        _term(f"({before} - {wrong_before})", f"{before} * (1 - {share})"),
    )
    shares = f"sgn({lost}) * sqrt(2 * clamp_min({' + '.join(terms)}, 0))"
    mean = f"({of('squared_error')} / ({rows} > 0))"
    variance = f"clamp_min({of('fourth_power_error')} / {rows} - {mean} ^ 2, 0) * (1 / {rows} + 1 / {before})"
    squares = f"({mean} - {of('reference_rmse')} ^ 2) / sqrt({variance})"
    return [_rule("loss", f"({lost}) or ({grown})"), _rule("z", f"({shares}) or ({squares})")]


def _term(seen: str, expected: str) -> str:
    least = f"clamp_min({seen}, {SMALLEST!r})"
    return f"{least} * ln({least} / clamp_min({expected}, {SMALLEST!r}))"


def _rule(what: str, expression: str) -> dict[str, str]:
    return {"record": recorded_name(what), "expr": expression}
