"""The part of tuning's report that shows score and latency: which trials no other beats, and which was chosen."""

from __future__ import annotations

from sevenfold.plan.metrics import higher_is_better
from sevenfold.plan.tuning import LatencyLimit
from sevenfold.report import Block, Table
from sevenfold.report.charts import Limit, scatter
from sevenfold.report.quantity import quantity
from sevenfold.tuning.choice import Choice
from sevenfold.tuning.latency import pareto_set
from sevenfold.tuning.settings_report import shown
from sevenfold.tuning.trial import Trial

__all__ = ["latency_blocks"]

MAX_ROWS = 50
LOG_RATIO = 20.0  # of the slowest trial to the fastest, from which the axis of times is logarithmic


def latency_blocks(choice: Choice, metric: str, limit: LatencyLimit) -> tuple[Block, ...]:
    """Return a chart of all measured trials and a table of the Pareto set; nothing where latency was not measured."""
    named = [
        (contender.kind.name, trial)
        for contender in choice.contenders
        for trial in contender.study.trials
        if trial.latency_ms is not None
    ]
    if not limit.wanted or not named:
        return ()
    kinds = {id(trial): kind for kind, trial in named}
    front = pareto_set([trial for _, trial in named], choice.chosen.study.direction)
    in_front = {id(trial) for trial in front}
    points = [
        {
            "latency": trial.latency_ms,
            "score": trial.score,
            "set": "Pareto set" if id(trial) in in_front else "beaten by another",
        }
        for _, trial in named
    ]
    times = [trial.latency_ms for _, trial in named if trial.latency_ms]
    rows = "one row" if limit.rows == 1 else f"{limit.rows:,} rows"
    chart = scatter(
        "Score and latency",
        points,
        "latency",
        "score",
        "set",
        x_title=f"ms for {rows}",
        y_title=metric,
        x_log=max(times) > LOG_RATIO * min(times),
        limits=[Limit(value=limit.limit_ms, label=f"limit {limit.limit_ms:g} ms", on="x")],
        caption="Median time of a prediction by model.onnx in one thread, on the machine that tried it; others differ. "
        "Nothing beats a trial of the Pareto set in one without being worse in the other.",
        alt=f"In the Pareto set: {len(front)} of {quantity(len(points), 'trial')}.",
    )
    better = "highest" if higher_is_better(metric) else "lowest"
    table = Table(
        title="Pareto set",
        columns=("trial", metric, "ms", "verdict", "settings"),
        rows=tuple(_row(choice, kinds[id(trial)], trial, limit) for trial in front[:MAX_ROWS]),
        levels=tuple("good" if trial is choice.chosen.study.best else None for trial in front[:MAX_ROWS]),
        caption=f"The fastest first. Of each kind of model the {better} {metric} within tuning.latency.limit_ms: "
        f"{limit.limit_ms:g} counts.",
    )
    return chart, table


def _row(choice: Choice, kind: str, trial: Trial, limit: LatencyLimit) -> tuple[str | float | None, ...]:
    several = f" ({kind})" if len(choice.contenders) > 1 else ""
    latency, score = trial.latency_ms or 0.0, trial.score or 0.0
    verdict = "within the limit" if latency <= limit.limit_ms else "too slow"
    if trial is choice.chosen.study.best:
        verdict = "chosen"
    settings = ", ".join(f"{name} {shown(value)}" for name, value in trial.settings.items())
    return f"{trial.number + 1}{several}", float(f"{score:.6g}"), float(f"{latency:.3g}"), verdict, settings
