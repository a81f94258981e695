"""The report of a search: its trials, their scores, and which settings mattered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sevenfold.plan.tuning import Dimension
from sevenfold.report import Block, Chart, Fact, Facts, Finding, Findings, Level, Report, Table
from sevenfold.report.charts import Limit, lines, scatter
from sevenfold.report.format_value import format_score, shortened
from sevenfold.report.quantity import quantity
from sevenfold.tuning.settings_report import STATES, condition_of, end_of, setting_charts, shown
from sevenfold.tuning.study import Study, best_settings
from sevenfold.tuning.trial import Trial

__all__ = ["build_report"]

LEVELS: Final[dict[str, Level | None]] = {"complete": None, "pruned": None, "failed": "bad"}
MAX_LINES: Final = 12  # trials with a learning curve of their own
MAX_ROWS: Final = 200


def build_report(
    study: Study,
    metric: str,
    settings: Mapping[str, Any],
    *,
    cpu_seconds: float = 0.0,
    kinds: tuple[Block, ...] = (),
    latency: tuple[Block, ...] = (),
    choice: str = "",
    out_of_time: bool = False,
    most_trials: int | None = None,
) -> Report:
    """Return the report of a search.

    Args:
        study: of the kind of model that won.
        metric: its name.
        settings: the plan's, for this kind.
        cpu_seconds: what the stage used in all.
        kinds: blocks that show several kinds side by side.
        latency: blocks that show score and latency together.
        choice: a sentence that says which of them won.
        out_of_time: whether the time was up before all planned trials had run.
        most_trials: beyond which a search of this kind alone brings nothing; None where there is no end.
    """
    if not study.trials:
        why = "tuning.space names no setting" if study.planned else "the plan asks for 0 trials"
        text = f"No search: {why}, so the plan's own settings are taken."
        return Report(stage="tuning", title="Tuning", headline=text, blocks=(_settings(study, settings),))
    blocks: list[Block] = [_facts(study, metric, cpu_seconds, several=bool(kinds))]
    findings = tuple(_findings(study, out_of_time=out_of_time, most_trials=None if kinds else most_trials))
    blocks += [Findings(findings=findings)] if findings else []
    blocks += kinds or (_history(study, metric),)
    blocks += latency
    blocks += [_curves(study, metric)] if any(len(trial.curve) > 1 for trial in study.trials) else []
    blocks += setting_charts(study, metric)
    blocks += [_settings(study, settings), _trials(study, metric)]
    failed = any(trial.state == "failed" for trial in study.trials)
    best = f"Best {metric} {_number(study.best.score if study.best else None)}."
    return Report(
        stage="tuning",
        title="Tuning",
        headline=f"{best} {choice}" if choice else _headline(study, metric),
        level="warning" if failed else "good",
        blocks=tuple(blocks),
    )


def _headline(study: Study, metric: str) -> str:
    if study.best is None:
        return "No trial succeeded."
    gain = _gain(study)
    start = f", {_number(gain)} better than the settings it started from" if gain > 0 else ""
    return f"Best {metric} {_number(study.best.score)} in trial {study.best.number + 1} of {len(study.trials)}{start}."


def _facts(study: Study, metric: str, cpu_seconds: float, *, several: bool) -> Facts:
    counts = {state: sum(trial.state == state for trial in study.trials) for state in STATES}
    best = study.best.score if study.best else None
    facts = [
        Fact(label=f"Best {metric}", value=shortened(best, 12), level="good", hint="on the validation rows"),
        Fact(
            label="Trials",
            value=len(study.trials),
            hint="of the kind that won" if several else f"of {study.planned} planned",
        ),
        Fact(label="Stopped early", value=counts["pruned"], hint="worse than others at the same epoch"),
        Fact(label="Failed", value=counts["failed"], level="bad" if counts["failed"] else None),
        Fact(label="Epochs", value=study.epochs, hint="of all trials together"),
        Fact(label="Time", value=round(study.seconds, 1), unit="s", hint="of all trials together"),
    ]
    if cpu_seconds:
        facts.append(Fact(label="CPU time", value=round(cpu_seconds, 1), unit="s"))
    return Facts(facts=tuple(facts))


def _findings(study: Study, *, out_of_time: bool, most_trials: int | None) -> Iterator[Finding]:
    failed = [trial for trial in study.trials if trial.state == "failed"]
    if failed:
        text = f"{len(failed)} of {quantity(len(study.trials), 'trial')} failed, the first with: {failed[0].cause}"
        yield Finding(level="warning", text=text)
    if out_of_time:
        text = "The time was up before all planned trials had run; a rerun may end elsewhere."
        yield Finding(level="warning", text=text)
    if most_trials is not None and len(study.trials) == most_trials < study.planned:
        text = f"The search ended after {quantity(most_trials, 'trial')}: more bring nothing to this kind of model."
        yield Finding(level="info", text=text)
    if study.grid is not None:
        tried = len(study.trials)
        part = "all were tried" if tried == study.grid else f"{tried} were tried"
        yield Finding(level="info", text=f"Of the grid's {study.grid} combinations {part}.")
    if study.begun_with or study.passed_over:
        begun = quantity(
            study.begun_with, "set of settings of tuning.warm_start was", "sets of settings of tuning.warm_start were"
        )
        text = (
            f"{begun} tried first, after the plan's own."
            if study.begun_with
            else "Nothing of tuning.warm_start was tried."
        )
        if study.passed_over:
            passed = quantity(study.passed_over, "was", "were")
            text += f" {passed} passed over: a value lies outside the space of this search."
        yield Finding(level="info" if study.begun_with else "warning", text=text)
    if study.resumed:
        yield Finding(
            level="info",
            text=f"{quantity(study.resumed, 'trial was', 'trials were')} taken over from an interrupted search.",
        )
    if study.best is None:
        return
    for name, dimension in study.space.items():
        end = end_of(dimension, study.best.settings.get(name))
        if end:
            text = f"The best {name} lies at the {end} end of its range: a wider range may find better."
            yield Finding(level="info", text=text)


def _history(study: Study, metric: str) -> Chart:
    points = [
        {"trial": trial.number + 1, "score": trial.score, "state": STATES[trial.state]}
        for trial in study.trials
        if trial.score is not None
    ]
    best = study.best.score if study.best else None
    return scatter(
        "Trials",
        points,
        "trial",
        "score",
        "state",
        x_title="trial",
        y_title=metric,
        limits=[Limit(value=best, label="best", level="info")] if best is not None else [],
        caption="A trial that was stopped early is drawn with its last score; failed trials are not drawn.",
        alt=f"{metric} of {quantity(len(points), 'trial')}; the best is {_number(best)}.",
    )


def _curves(study: Study, metric: str) -> Chart:
    ranked = sorted(study.trials, key=lambda trial: (trial is not study.best, trial.number))[:MAX_LINES]
    points = [
        {"epoch": epoch, "score": score, "trial": _name(study, trial)}
        for trial in ranked
        for epoch, score in enumerate(trial.curve, start=1)
    ]
    return lines(
        "Learning curves",
        points,
        "epoch",
        "score",
        "trial",
        x_title="epoch",
        y_title=metric,
        marked=True,
        caption="The best trial and the first others; a short line is a trial stopped early.",
    )


def _settings(study: Study, settings: Mapping[str, Any]) -> Table:
    rows = []
    for name, value in best_settings(study, settings).items():
        searched = study.best is not None and name in study.best.settings
        rows.append((name, shown(value), "searched" if searched else "from the plan", _range(study.space.get(name))))
    return Table(
        title="Settings handed to training", columns=("setting", "value", "where from", "range"), rows=tuple(rows)
    )


def _trials(study: Study, metric: str) -> Table:
    names = list(study.space)
    listed = study.trials[:MAX_ROWS]
    timed = any(trial.latency_ms is not None for trial in study.trials)
    return Table(
        title="All trials",
        columns=("trial", "state", metric, "epochs", "seconds", *(["ms"] if timed else []), *names),
        rows=tuple(
            (
                _name(study, trial),
                STATES[trial.state] + (f": {trial.cause}" if trial.cause else ""),
                shortened(trial.score, 12),
                len(trial.curve),
                round(trial.seconds, 2),
                *([trial.latency_ms and float(f"{trial.latency_ms:.3g}")] if timed else []),
                *(shown(trial.settings[name]) if name in trial.settings else "–" for name in names),
            )
            for trial in listed
        ),
        levels=tuple("good" if trial is study.best else LEVELS[trial.state] for trial in listed),
        caption=f"The first {MAX_ROWS} of {len(study.trials)}." if len(listed) < len(study.trials) else "",
    )


def _gain(study: Study) -> float:
    first = study.trials[0]
    if study.best is None or study.best.score is None or first.state != "complete" or first.score is None:
        return 0.0
    gain = study.best.score - first.score
    return gain if study.direction == "maximize" else -gain


def _name(study: Study, trial: Trial) -> str:
    return f"{trial.number + 1} (best)" if trial is study.best else str(trial.number + 1)


def _range(dimension: Dimension | None) -> str:
    if dimension is None:
        return ""
    if dimension.choices is not None:
        values = ", ".join(shown(choice) for choice in dimension.choices)
    else:
        step = f" in steps of {dimension.step:g}" if dimension.step else ""
        values = f"{dimension.low:g} to {dimension.high:g}{step}{', logarithmic' if dimension.log else ''}"
    condition = condition_of(dimension)
    return f"{values}; {condition}" if condition else values


def _number(value: float | None) -> str:
    return "–" if value is None else format_score(value)
